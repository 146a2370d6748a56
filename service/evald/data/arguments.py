"""Makes a table of the arguments of `evaluate` and `compare`, which are the same with and without a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from evald.data.columns import Column, Field, column, listed, references
from evald.data.naming import check_unique, input_texts, sample_number, table_of, with_baselines, with_models
from evald.data.sources import Source
from evald.data.table import Baseline, Model, Table
from evald.errors import InvalidRequestError


class RowColumns(TypedDict, total=False):
    """Columns beside references that some metrics need; every entry belongs to a row.

    labels: gold labels beside references that are texts; one a row, or a list or set of them (multilabel).
    values: gold numbers, where references are something else.
    wrong_references: texts known to be wrong; a list a row.
    reference_tokens: references as lists of tokens; one list a row, or several.
    choices: answer choices; a list a row of {"text": ..., "correct": ...} or of pairs of the two.
    messages: chats for models in place of inputs; a list a row of {"role": ..., "content": ...}.
    human_labels: what human annotators said; a list of labels a row.
    weights: how much a row counts, above 0.
    tasks: the task of each row.
    splits: the split of each row, for example "test".
    slice_values: values to slice by: key -> one value a row.
    samples: tells several answers for one id apart: 0, 1, ...
    """

    labels: Any
    values: Any
    wrong_references: Any
    reference_tokens: Any
    choices: Any
    messages: Any
    human_labels: Any
    weights: Any
    tasks: Any
    splits: Any
    slice_values: Mapping[str, Any] | None
    samples: Any


# Columns that have a place of their own in a table, and names of fields where they are not those of the columns.
_OWN = ("labels", "samples")
_FIELDS = {"values": "value", "weights": "weight", "tasks": "task", "splits": "split", "slice_values": "slices"}


@dataclass(frozen=True)
class Arguments:
    """What a caller gives beside the systems: columns, or rows that hold everything."""

    references: Any = None
    ids: Any = None
    clusters: Any = None
    inputs: Any = None
    rows: Any = None
    columns: Mapping[str, str] | None = None
    given: RowColumns = field(default_factory=RowColumns)

    def table(self, systems: Mapping[str, Any] | None, name: str = "system") -> Table:
        """The table of systems (name -> predictions, Model or Baseline) and these columns, or of the rows."""
        if self.rows is not None:
            return self._of_rows(systems, name)
        if not systems:
            raise InvalidRequestError.of_field("MISSING_FIELD", "predictions", "are required; or give rows")
        several = len(systems) > 1
        # Rows to learn from have no prediction.
        missing = any(isinstance(source, Baseline) for source in systems.values())
        found = {
            key: _system(source, f"{key}" if several else "predictions", missing) for key, source in systems.items()
        }
        inputs = None if self.inputs is None else input_texts(self.inputs, lambda row: f"inputs[{row}]")
        has_model = any(isinstance(source, Model) for source in found.values())
        if inputs is None and self.given.get("messages") is None and has_model:
            raise InvalidRequestError.of_field("MISSING_FIELD", "inputs", "are required by systems that are models")
        ids = None if self.ids is None else _names(self.ids, "ids")
        samples = _samples(self.given.get("samples"))
        result = Table(
            systems=found,
            references=None if self.references is None else references(self.references),
            labels=None if self.given.get("labels") is None else references(self.given["labels"], "labels"),
            ids=ids,
            clusters=None if self.clusters is None else _names(self.clusters, "clusters"),
            samples=samples,
            inputs=inputs,
            fields={_FIELDS.get(key, key): _field(key, values) for key, values in self._given() if key not in _OWN},
        )
        check_unique(ids, samples, Source("ids", {}, result.rows, lambda row: f"ids[{row}]", is_file=False))
        return result

    def _of_rows(self, systems: Mapping[str, Any] | None, name: str) -> Table:
        columns = {name: getattr(self, name) for name in ("references", "ids", "clusters", "inputs")}
        for key, values in (*columns.items(), *self._given()):
            if values is not None:
                raise InvalidRequestError.of_field("CONFLICT", key, "cannot be given beside rows, which hold them")
        served = {key: source for key, source in (systems or {}).items() if isinstance(source, Model | Baseline)}
        if systems and len(served) != len(systems):
            raise InvalidRequestError.of_field(
                "CONFLICT", "predictions", "cannot be given beside rows, which hold them"
            )
        is_answered = any(isinstance(source, Model) for source in served.values())
        if isinstance(self.rows, Table):
            own = {} if is_answered else self.rows.systems
            return replace(self.rows, systems={**served, **own}) if served else self.rows
        if is_answered:
            return with_models(self.rows, served, self.columns)
        if served:
            return with_baselines(self.rows, served, self.columns, name)
        return table_of(self.rows, self.columns, name)

    def _given(self) -> list[tuple[str, Any]]:
        return [(key, values) for key, values in self.given.items() if values is not None]


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
    if candidates is not None and not isinstance(candidates, Mapping):
        raise InvalidRequestError.of_field("BAD_TYPE", "candidates", "must map names to predictions")
    others = {"candidate": candidate} if candidates is None else dict(candidates)
    if not others:
        raise InvalidRequestError.of_field("MISSING_FIELD", "candidates", "must hold at least one system")
    if "baseline" in others:
        raise InvalidRequestError.of_field("CONFLICT", "candidates", 'cannot hold the name "baseline"')
    return {"baseline": baseline, **others}, "baseline"


def _system(source: Any, path: str, missing: bool) -> Column | Model | Baseline:
    return source if isinstance(source, Model | Baseline) else column(source, path, missing=missing)


def _samples(values: Any) -> list[int] | None:
    if values is None:
        return None
    return [
        sample_number(value, lambda row: f"samples[{row}]", row) for row, value in enumerate(listed(values, "samples"))
    ]


def _field(name: str, values: Any) -> Field:
    if name == "slice_values":
        return Field(_by_row(values), lambda row: f"{name}[{row}]")
    return Field(listed(values, name), lambda row: f"{name}[{row}]")


def _by_row(values: Any) -> list[dict[str, Any]]:
    """Columns by key as a dict a row."""
    if not isinstance(values, Mapping) or not values:
        raise InvalidRequestError.of_field("BAD_TYPE", "slice_values", "must map keys to one value a row")
    columns = {key: listed(column, f"slice_values[{key!r}]") for key, column in values.items()}
    rows = len(next(iter(columns.values())))
    for key, found in columns.items():
        if len(found) != rows:
            problem = f"has {len(found):,} rows but others have {rows:,}"
            raise InvalidRequestError.of_field("LENGTH_MISMATCH", f"slice_values[{key!r}]", problem)
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _names(values: Any, path: str) -> list[str]:
    found = column(listed(values, path), path)
    for kind, row in found.kinds.items():
        if kind not in ("text", "int", "bool"):
            raise InvalidRequestError.of_field("BAD_TYPE", found.where(row), "must be a str or an int")
    return [str(value) for value in found.values]
