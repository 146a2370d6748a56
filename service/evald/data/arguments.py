"""Makes a table of the arguments of `evaluate` and `compare`, which are the same with and without a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from evald.data.columns import Column, column, listed, references
from evald.data.naming import check_unique, input_texts, table_of, with_models
from evald.data.sources import Source
from evald.data.table import Model, Table
from evald.errors import InvalidRequestError


@dataclass(frozen=True)
class Arguments:
    """What a caller gives beside the systems: columns, or rows that hold everything."""

    references: Any = None
    ids: Any = None
    clusters: Any = None
    inputs: Any = None
    rows: Any = None
    columns: Mapping[str, str] | None = None

    def table(self, systems: Mapping[str, Any] | None, name: str = "system") -> Table:
        """The table of systems (name -> predictions or Model) and these columns, or of the rows."""
        if self.rows is not None:
            return self._of_rows(systems, name)
        if not systems:
            raise InvalidRequestError.of_field("MISSING_FIELD", "predictions", "are required; or give rows")
        several = len(systems) > 1
        found = {key: _system(source, f"{key}" if several else "predictions") for key, source in systems.items()}
        inputs = None if self.inputs is None else input_texts(self.inputs, lambda row: f"inputs[{row}]")
        if inputs is None and any(isinstance(source, Model) for source in found.values()):
            raise InvalidRequestError.of_field("MISSING_FIELD", "inputs", "are required by systems that are models")
        ids = None if self.ids is None else _names(self.ids, "ids")
        result = Table(
            systems=found,
            references=None if self.references is None else references(self.references),
            ids=ids,
            clusters=None if self.clusters is None else _names(self.clusters, "clusters"),
            inputs=inputs,
        )
        check_unique(ids, None, Source("ids", {}, result.rows, lambda row: f"ids[{row}]", is_file=False))
        return result

    def _of_rows(self, systems: Mapping[str, Any] | None, name: str) -> Table:
        for field in ("references", "ids", "clusters", "inputs"):
            if getattr(self, field) is not None:
                raise InvalidRequestError.of_field("CONFLICT", field, "cannot be given beside rows, which hold them")
        models = {key: source for key, source in (systems or {}).items() if isinstance(source, Model)}
        if systems and len(models) != len(systems):
            raise InvalidRequestError.of_field(
                "CONFLICT", "predictions", "cannot be given beside rows, which hold them"
            )
        if isinstance(self.rows, Table):
            return replace(self.rows, systems=models) if models else self.rows
        return with_models(self.rows, models, self.columns) if models else table_of(self.rows, self.columns, name)


def evaluated(predictions: Any, systems: Mapping[str, Any] | None, name: str) -> Mapping[str, Any] | None:
    """The systems of an evaluation by name: `systems`, or the one of `predictions`; None if rows hold them."""
    if predictions is None:
        return systems
    if systems is not None:
        raise InvalidRequestError.of_field("CONFLICT", "systems", "cannot be given beside predictions")
    return {name: predictions}


def compared(
    baseline: Any, candidate: Any, candidates: Mapping[str, Any] | None, systems: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, str | None]:
    """The systems of a comparison by name and the name of the baseline, None for the first.

    Either `systems` (or rows) with `baseline` as a name, or `baseline` as predictions or a Model beside `candidate` or
    `candidates`; the baseline is then called "baseline" and a single candidate "candidate".
    """
    if isinstance(baseline, str) or baseline is None:
        if candidate is not None or candidates is not None:
            raise InvalidRequestError.of_field("MISSING_FIELD", "baseline", "must hold predictions beside candidates")
        return (None if systems is None else dict(systems)), baseline
    if systems is not None:
        raise InvalidRequestError.of_field("CONFLICT", "baseline", "must be a name of systems when systems are given")
    if (candidate is None) == (candidates is None):
        raise InvalidRequestError.of_field("MISSING_FIELD", "candidates", "give either candidate or candidates")
    others = {"candidate": candidate} if candidates is None else dict(candidates)
    if not others:
        raise InvalidRequestError.of_field("MISSING_FIELD", "candidates", "must hold at least one system")
    if "baseline" in others:
        raise InvalidRequestError.of_field("CONFLICT", "candidates", 'cannot hold the name "baseline"')
    return {"baseline": baseline, **others}, "baseline"


def _system(source: Any, path: str) -> Column | Model:
    return source if isinstance(source, Model) else column(source, path)


def _names(values: Any, path: str) -> list[str]:
    found = column(listed(values, path), path)
    if "scores" in found.kinds:
        raise InvalidRequestError.of_field("BAD_TYPE", found.where(found.kinds["scores"]), "must be a str or an int")
    return [str(value) for value in found.values]
