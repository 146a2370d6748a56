"""Writes what slices and baselines read of the rows of a table, beside what metrics need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from evald.data import fields
from evald.data.columns import ABSENT, Column, Field
from evald.data.naming import input_texts
from evald.data.table import TRAINING_SPLIT, Table
from evald.errors import InvalidRequestError
from evald.v1 import instance_pb2 as instance

Write = Callable[[int, instance.Instance], None]

# Fields of the row type that are slice keys.
KEYS = ("task", "split")
_MOST_NAMED = 20
_LONGEST_SHOWN = 64


def slice_writer(table: Table, forms: Sequence[str], needs: Collection[str]) -> Write:
    """A function that writes what the slices of these text forms may read: too much does no harm."""
    for form in forms:
        _check_keys(table, form)
    words = " ".join(forms)
    keys = [name for name in KEYS if name in words and name in table.fields]
    columns = {name: column() for name, column in table.others.items() if name in words and name not in table.fields}
    given = table.fields.get("slices")
    writers = [write for word, write in _texts(table, needs).items() if word in words]

    def write(row: int, message: instance.Instance) -> None:
        for name in keys:
            if (found := fields.of(table.fields[name], row)) is not None:
                setattr(message, name, fields.slice_value(*found))
        for name, field in columns.items():
            if name != "input" and (found := fields.of(field, row)) is not None:
                message.slices[name] = fields.slice_value(*found)
        if (found := fields.of(given, row)) is not None:
            message.slices.update(fields.slice_values(*found))
        for one in writers:
            one(row, message)

    return write


def _check_keys(table: Table, form: str) -> None:
    """Refuses a key that no row has, which would put all rows into one slice: it is misspelt."""
    for key in form.split(" x "):
        # What else there is has brackets or quotes.
        if key in ("label", *KEYS) or not key or set(key) & set('()"') or key in table.others:
            continue
        given = table.fields.get("slices")
        cells = [] if given is None else [cell for cell in given.values if isinstance(cell, Mapping)]
        if not any(key in cell for cell in cells):
            names = dict.fromkeys([*table.others, *(name for cell in cells for name in cell)])
            known = ", ".join(map(str, list(names)[:_MOST_NAMED])) or "none"
            shown = key if key.isprintable() and len(key) <= _LONGEST_SHOWN else "?"
            raise InvalidRequestError.of_field(
                "UNKNOWN_SLICE_KEY", "slices", f"no row has the slice key {shown!r}; keys and columns are {known}"
            )


def scored_rows(table: Table) -> Sequence[int]:
    """The rows that a call scores: all, unless baselines learn from some."""
    if not table.trains:
        return range(table.rows)
    split = table.fields.get("split")
    found = (fields.of(split, row) for row in range(table.rows))
    return [row for row, cell in enumerate(found) if cell is None or fields.slice_value(*cell) != TRAINING_SPLIT]


def training_writer(table: Table) -> Write:
    """A function that writes what baselines read of a row beside its gold label: its split and its input."""
    split = table.fields.get("split")
    inputs = _inputs(table.others["input"]) if table.inputs is None and "input" in table.others else None

    def write(row: int, message: instance.Instance) -> None:
        if (found := fields.of(split, row)) is not None:
            message.split = fields.slice_value(*found)
        if inputs is not None:
            inputs(row, message)

    return write


def reads_predictions(column: Column, forms: Sequence[str]) -> bool:
    """Whether slices read the texts of a column of predictions that has texts."""
    return "prediction" in " ".join(forms) and not column.kinds.keys() - {"text", "missing", "fields"}


def _texts(table: Table, needs: Collection[str]) -> dict[str, Write]:
    """Writers of texts and labels that no metric needs, by a word of the forms that read them."""
    found: dict[str, Write] = {}
    if table.references is not None and "references" not in needs and not table.references.kinds.keys() - {"text"}:
        found["reference"] = _extending("references", table.references.values)
    gold = table.labels or table.references
    if gold is not None and not {"labels", "label_set"} & set(needs) and "number" not in gold.kinds:
        found["label"] = _extending("labels", gold.values)
    if table.inputs is None and "input" in table.others:
        found["input"] = _inputs(table.others["input"])
    return found


def _extending(name: str, values: Sequence[Any]) -> Write:
    def write(row: int, message: instance.Instance) -> None:
        cell = values[row]
        getattr(message, name).extend([cell] if isinstance(cell, str) else cell)

    return write


def _inputs(column: Callable[[], Field]) -> Write:
    opened: list[Field] = []

    def write(row: int, message: instance.Instance) -> None:
        if not opened:
            opened.append(column())
        cell = opened[0].values[row]
        if cell is not None and cell is not ABSENT:
            message.inputs.update(input_texts([cell], lambda _: opened[0].where(row))[0])

    return write
