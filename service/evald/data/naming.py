"""Finds which column plays which role, by the caller's mapping or by the names that people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evald.data import fields
from evald.data.columns import (
    ABSENT,
    PREDICTION_FIELDS,
    Column,
    Field,
    References,
    Where,
    column,
    listed,
    references,
)
from evald.data.sources import Source, source_of
from evald.data.table import TRAINING_SPLIT, Baseline, Model, Table
from evald.errors import InvalidRequestError

# Fields of a prediction that a column of their own may hold, parts of `usage` among them; the others go by the names of
# the prediction itself, and "value" beside gold answers is the gold number.
_ANSWER_FIELDS = (*(name for name in PREDICTION_FIELDS if name not in ("text", "labels", "value")), *fields.USAGE)
# Fields of the row type that the service does not use yet; to ignore one would change what a score means.
_RESERVED = ("messages",)
# The first name of a role is its own: it wins when other names of the role are there as well.
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "instance_id", "example_id"),
    "prediction": (
        "prediction", "predictions", "output", "answer", "response", "completion", "generated", "hypothesis", "pred",
    ),
    "reference": ("reference", "references", "target", "targets", "gold", "expected"),
    "label": ("label", "labels", "gold_label"),
    "input": ("input", "inputs", "text", "question", "prompt"),
    "cluster": ("cluster",),
    "sample": ("sample",),
    # Fields of the row type have one name only. Those of predictions belong to the system of the file or rows.
    **{name: (name,) for name in (*fields.ROW, *_ANSWER_FIELDS)},
}  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """The columns of one source by role."""

    source: Source
    mapping: Mapping[str, str] = field(default_factory=dict)
    # In a file of predictions beside a file of gold labels, "label" and "value" are the predicted ones.
    predictions_only: bool = False
    # Whether baselines learn from the rows whose split is "train": these need no prediction then.
    has_training: bool = False

    def find(self, role: str) -> str | None:
        """Name of the role's column, None if there is none; AMBIGUOUS_COLUMN if several could be meant."""
        columns = self.source.columns
        if role in self.mapping:
            return self.mapping[role] if self.mapping[role] in columns else None
        taken = set(self.mapping.values())
        names = [name for name in NAMES[role] if name in columns and name not in taken]
        if role == "prediction" and self.predictions_only and not names:
            names = [name for name in NAMES["label"] if name in columns]
        if len(names) > 1 and names[0] != role:
            raise InvalidRequestError.of_field(
                "AMBIGUOUS_COLUMN",
                self.source.name,
                f"columns {' and '.join(names)} could each be the {role}; "
                f"say which: {_hint(self.source, role, names[0])}",
            )
        return names[0] if names else None

    def values(self, role: str) -> Sequence[Any] | None:
        """The cells of a role, None if no column plays it."""
        name = self.find(role)
        if name is None:
            return None
        cells = self.source.columns[name]
        return self._without_training(name, cells) if role == "prediction" and self.has_training else cells

    def _without_training(self, name: str, cells: Sequence[Any]) -> Sequence[Any]:
        """Predictions with none for the rows to learn from, whatever the source says."""
        splits = self.values("split") or [None] * len(cells)
        nothing: Any = {} if _by_system(cells, name) else None
        return [nothing if split == TRAINING_SPLIT else cell for cell, split in zip(cells, splits, strict=True)]

    def where(self, role: str) -> Where:
        """Place of a cell, for errors: "gold.jsonl:17 (label)" or "rows[16].label"."""
        name, at = self.find(role) or role, self.source.where
        return (lambda row: f"{at(row)} ({name})") if self.source.is_file else (lambda row: f"{at(row)}.{name}")

    def predictions(self) -> Column | None:
        """The predictions of a source of one system; null is a missing prediction."""
        values, own = self.values("prediction"), self.answer_fields()
        if values is None:
            # The scores of choices need no other prediction, and agreement between people needs none at all.
            if not own and self.values("human_labels") is None:
                return None
            return Column([None] * self.source.length, {}, self.source.where, fields=own)
        return replace(column(values, "predictions", missing=True, where=self.where("prediction")), fields=own)

    def answer_fields(self) -> dict[str, Field]:
        """Fields of predictions in columns of their own."""
        names = (*_ANSWER_FIELDS, "value") if self.predictions_only else _ANSWER_FIELDS
        return self._fields(names)

    def row_fields(self) -> dict[str, Field]:
        """Fields of the row that few data sets have."""
        return {} if self.predictions_only else self._fields(tuple(fields.ROW))

    def _fields(self, names: Sequence[str]) -> dict[str, Field]:
        found = {name: Field(values, self.where(name)) for name in names if (values := self.values(name)) is not None}
        if not self.source.is_file:
            return found
        return {name: _unquoted(name, one) for name, one in found.items()}

    def references(self) -> References | None:
        """Gold texts, or gold labels if there are only labels."""
        role = "reference" if self.find("reference") else "label"
        if self.predictions_only and role == "label" and self.find("prediction") == self.find("label"):
            return None
        values = self.values(role)
        return None if values is None else references(values, where=self.where(role))

    def labels(self) -> References | None:
        """Gold labels beside gold texts."""
        if self.predictions_only or not self.find("reference"):
            return None
        values = self.values("label")
        return None if values is None else references(values, "labels", where=self.where("label"))

    def ids(self) -> list[str] | None:
        """Ids as strings; on every row or on none."""
        values = self.values("id")
        if values is None or all(value is ABSENT for value in values):
            return None
        found = column(values, "ids", where=self.where("id"))
        return [_not_empty(str(value), found.where, row) for row, value in enumerate(found.values)]

    def clusters(self) -> list[str] | None:
        """Clusters as strings; null or empty means the row is its own."""
        values = self.values("cluster")
        if values is None:
            return None
        plain = ["" if value is None or value is ABSENT else value for value in values]
        return [str(value) for value in column(plain, "clusters", where=self.where("cluster")).values]

    def samples(self) -> list[int] | None:
        """Sample numbers, 0 or more."""
        values = self.values("sample")
        return None if values is None else [sample_number(v, self.where("sample"), row) for row, v in enumerate(values)]

    def inputs(self) -> list[dict[str, str]] | None:
        """Named input texts: a column of texts is named "text", a column of dicts has its own names."""
        values = self.values("input")
        return None if values is None else input_texts(values, self.where("input"))

    def others(self) -> dict[str, Callable[[], Field]]:
        """Every column by name, for slices; "input" is the column of inputs."""
        at, source = self.source.where, self.source

        def opened(name: str) -> Callable[[], Field]:
            return lambda: Field(source.columns[name], lambda row: f"{at(row)}.{name}")

        found = {name: opened(name) for name in source.columns}
        inputs = [name for name in NAMES["input"] if name in source.columns]
        chosen = self.mapping.get("input") or (inputs[0] if inputs[:1] == ["input"] or len(inputs) == 1 else None)
        return found if chosen is None or chosen not in found else {**found, "input": found[chosen]}

    def missing(self, role: str) -> InvalidRequestError:
        """The error for a role that no column plays."""
        names = ", ".join(list(self.source.columns)[:20]) or "none"
        mapped = self.mapping.get(role)
        problem = f"has no column {mapped!r}" if mapped else f"has no {role} column"
        return InvalidRequestError.of_field(
            "MISSING_FIELD",
            self.source.name,
            f"{problem}; its columns are {names}; say which one: {_hint(self.source, role, 'COLUMN')}",
        )


def table_of(data: Any, mapping: Mapping[str, str] | None = None, system: str = "system") -> Table:
    """The table of rows that hold predictions and references: a Source, a list of dicts, a DataFrame, a Dataset.

    `mapping` gives columns by role, for example ``{"prediction": "output"}``; roles without an entry are found by
    the names that people use. A column "predictions" of dicts holds several systems by name.

    >>> table_of([{"answer": "a", "target": "b"}]).systems["system"].values
    ['a']

    Raises InvalidRequestError: UNKNOWN_ROLE, MISSING_FIELD, AMBIGUOUS_COLUMN, DUPLICATE_ID, RESERVED_FIELD and those
    of the columns.
    """
    source = source_of(data)
    check_mapping(mapping or {}, [source])
    roles = Roles(source, mapping or {})
    if not source.is_file:
        _refuse_reserved(source)
    return _table(roles, lambda: _systems(roles, system), None)


def with_baselines(
    data: Any,
    baselines: Mapping[str, Model | Baseline],
    mapping: Mapping[str, str] | None = None,
    system: str = "system",
) -> Table:
    """The table of rows that hold predictions, if they hold any, with baselines as systems before those."""
    source = source_of(data)
    check_mapping(mapping or {}, [source])
    roles = Roles(source, mapping or {}, has_training=True)
    has_none = roles.values("prediction") is None and roles.predictions() is None
    own = {} if has_none else _systems(roles, system)
    for name in own.keys() & baselines.keys():
        raise InvalidRequestError.of_field("CONFLICT", f"systems[{name!r}]", "is also the name of predictions in rows")
    return _table(roles, lambda: {**baselines, **own}, None)


def with_models(data: Any, models: Mapping[str, Model | Baseline], mapping: Mapping[str, str] | None = None) -> Table:
    """The table of rows on which the server runs models; the rows hold inputs and references."""
    source = source_of(data)
    check_mapping(mapping or {}, [source])
    roles = Roles(source, mapping or {})
    inputs = roles.inputs()
    if inputs is None and roles.values("messages") is None:
        raise roles.missing("input")
    return _table(roles, lambda: models, inputs)


def _table(
    roles: Roles,
    systems: Callable[[], Mapping[str, Column | Model | Baseline]],
    inputs: Sequence[Mapping[str, str]] | None,
) -> Table:
    """The table of these columns; what is wrong with gold answers is told before what is wrong with systems."""
    gold = roles.references()
    ids, samples = roles.ids(), roles.samples()
    check_unique(ids, samples, roles.source)
    return Table(
        systems=systems(), references=gold, labels=roles.labels(), ids=ids, clusters=roles.clusters(),
        samples=samples, inputs=inputs, fields=roles.row_fields(), lenient=roles.source.is_file, others=roles.others(),
    )  # fmt: skip


def check_mapping(mapping: Mapping[str, str], sources: Sequence[Source]) -> None:
    """Refuses roles that do not exist and columns that no source has."""
    for role, name in mapping.items():
        if role not in NAMES:
            raise InvalidRequestError.of_field("UNKNOWN_ROLE", "map", f"has no {role!r}; roles are {', '.join(NAMES)}")
        if not any(name in source.columns for source in sources):
            raise Roles(sources[0], mapping).missing(role)


def check_unique(ids: Sequence[str] | None, samples: Sequence[int] | None, source: Source) -> None:
    """Refuses the second row of the same id and sample."""
    if ids is None:
        return
    seen: dict[tuple[str, int], int] = {}
    for row, key in enumerate(zip(ids, samples or [0] * len(ids), strict=True)):
        first = seen.setdefault(key, row)
        if first != row:
            raise InvalidRequestError.of_field(
                "DUPLICATE_ID", source.where(row), f"has the same id as {source.where(first)}"
            )


def input_texts(values: Any, where: Where) -> list[dict[str, str]]:
    """Named input texts of every row."""
    return [_input(cell, where, row) for row, cell in enumerate(listed(values, "inputs"))]


def _input(cell: Any, where: Where, row: int) -> dict[str, str]:
    named = cell if isinstance(cell, Mapping) else {"text": cell}
    texts = column(list(named.values()), "inputs", where=lambda _: where(row))
    if texts.kinds.keys() - {"text"}:
        raise InvalidRequestError.of_field("BAD_TYPE", where(row), "must hold texts")
    return {str(name): str(text) for name, text in zip(named, texts.values, strict=True)}


def _systems(roles: Roles, system: str) -> dict[str, Column]:
    values, where = roles.values("prediction"), roles.where("prediction")
    if values is None or not _by_system(values, roles.find("prediction")):
        found = roles.predictions()
        if found is None:
            raise roles.missing("prediction")
        return {system: found}
    for row, cell in enumerate(values):
        if not isinstance(cell, Mapping):
            raise InvalidRequestError.of_field("BAD_TYPE", where(row), "must be a dict of predictions by system")
    names = dict.fromkeys(str(name) for cell in values for name in cell)
    return {name: replace(_column_of(name, values, where), fields=_taken_by(name, roles)) for name in names}


def _by_system(values: Sequence[Any], name: str | None) -> bool:
    """Whether dicts hold predictions by system, and not the fields of one prediction.

    A column "predictions" always does; others do if a dict has a name that no field has.
    """
    dicts = [cell for cell in values if isinstance(cell, Mapping)]
    return bool(dicts) and (
        name == "predictions" or any(key not in PREDICTION_FIELDS for cell in dicts for key in cell)
    )


def _column_of(name: str, values: Sequence[Mapping[str, Any]], where: Where) -> Column:
    cells = [cell.get(name) for cell in values]
    return column(cells, name, missing=True, where=lambda row: f"{where(row)}[{name!r}]")


def _taken_by(system: str, roles: Roles) -> dict[str, Field]:
    """What the answers of one of several systems took, from columns that hold it by system, as predictions are held."""
    found = {}
    for name in fields.USAGE:
        values = roles.values(name) or ()
        cells = [cell or {} if cell is not ABSENT else {} for cell in values]
        if cells and all(isinstance(cell, Mapping) for cell in cells):
            found[name] = _of_system([cell.get(system) for cell in cells], roles.where(name), system)
    return found


def _of_system(values: Sequence[Any], where: Where, system: str) -> Field:
    return Field(values, lambda row: f"{where(row)}[{system!r}]")


def _unquoted(name: str, found: Field) -> Field:
    """The field with the numbers that a file writes as text, as CSV must; an empty cell is none."""
    check = fields.ROW.get(name) or fields.PREDICTION.get(name) or fields.USAGE.get(name)
    if check not in fields.NUMBERS:
        return found
    return replace(found, values=[number_of(cell) if isinstance(cell, str) else cell for cell in found.values])


def number_of(text: str) -> Any:
    """The number of a text of a file, None if it is empty, and the text itself if it is no number."""
    if not text.strip():
        return None
    try:
        # Python reads 1_000 as a number; no file means that.
        return text if "_" in text else float(text)
    except ValueError:
        return text


def _refuse_reserved(source: Source) -> None:
    for name in _RESERVED:
        if name in source.columns:
            raise InvalidRequestError.of_field(
                "RESERVED_FIELD", f"{source.name}.{name}", "is kept for a later release and not used yet; leave it out"
            )


def sample_number(value: Any, where: Where, row: int) -> int:
    """The number of a sample, 0 or more."""
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**32:
        raise InvalidRequestError.of_field("BAD_TYPE", where(row), "must be a whole number from 0 on")
    return number


def _not_empty(value: str, where: Where, row: int) -> str:
    if not value:
        raise InvalidRequestError.of_field("MISSING_VALUE", where(row), "is empty; give every row an id, or none")
    return value


def _hint(source: Source, role: str, name: str) -> str:
    return f"--map {role}={name}" if source.is_file else f'columns={{"{role}": "{name}"}}'
