"""Names the caller's own places in errors: the file and line or the list index instead of the path in the request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from evald.data.columns import Column, References, inside
from evald.data.table import Table
from evald.errors import InvalidRequestError, Violation

_PATH = re.compile(r"instances\[(\d+)\]\.?(.*)")
_PREDICTION = re.compile(r"predictions\[(\d+)\]\.?(.*)")
# A field, and what of it.
_FIELD = re.compile(r"(\w+)(.*)")


def located(error: InvalidRequestError, table: Table, first_row: int = 0) -> InvalidRequestError:
    """The same error about the caller's rows; `first_row` is the row that the request begins with."""
    message = error.message
    violations = []
    for violation in error.violations:
        field = _place(violation.field, table, first_row)
        message = message.replace(violation.field, field)
        violations.append(Violation(field, violation.description))
    return InvalidRequestError(message, reason=error.reason, violations=violations, metadata=error.metadata)


def _place(path: str, table: Table, first_row: int) -> str:
    match = _PATH.fullmatch(path)
    if match is None:
        return path
    row, rest = first_row + int(match[1]), match[2]
    if row >= table.rows:
        return path
    if prediction := _PREDICTION.fullmatch(rest):
        return _prediction(int(prediction[1]), prediction[2], row, table) or path
    if rest == "id":
        return f"ids[{row}]"
    name, part = field.groups() if (field := _FIELD.fullmatch(rest)) else ("", "")
    if name in table.fields:
        return inside(table.fields[name].where(row), part)
    gold = table.labels if name == "labels" and table.labels is not None else table.references
    if name in ("references", "labels", "value") and gold is not None:
        return _gold(gold, row, part)
    return f"instances[{row}].{rest}".rstrip(".")


def _gold(gold: References, row: int, part: str) -> str:
    cell = gold.values[row]
    is_list = isinstance(cell, Sequence) and not isinstance(cell, str)
    return inside(gold.where(row), part if is_list else "")


def _prediction(system: int, rest: str, row: int, table: Table) -> str | None:
    sources = list(table.systems.values())
    column = sources[system] if system < len(sources) else None
    if not isinstance(column, Column):
        return None
    name, part = field.groups() if (field := _FIELD.fullmatch(rest)) else ("", "")
    if name == "usage" and part[1:] in column.fields:
        name, part = part[1:], ""
    if name in column.fields:
        return inside(column.fields[name].where(row), part)
    cell = column.values[row]
    if isinstance(cell, Mapping):
        return inside(column.where(row), f".{rest}".rstrip("."))
    return inside(column.where(row), part if isinstance(cell, list) else "")
