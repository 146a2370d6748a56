"""Names the caller's own places in errors: the file and line or the list index instead of the path in the request."""

from __future__ import annotations

import re

from evald.data.columns import Column
from evald.data.table import Table
from evald.errors import InvalidRequestError, Violation

_PATH = re.compile(r"instances\[(\d+)\]\.?(.*)")
_PREDICTION = re.compile(r"predictions\[(\d+)\]")


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
    if prediction := _PREDICTION.match(rest):
        return _prediction(int(prediction[1]), row, table) or path
    gold = table.labels if rest.startswith("labels") and table.labels is not None else table.references
    if rest.startswith(("references", "labels")) and gold is not None:
        return gold.where(row)
    if rest == "id":
        return f"ids[{row}]"
    return f"instances[{row}].{rest}".rstrip(".")


def _prediction(system: int, row: int, table: Table) -> str | None:
    sources = list(table.systems.values())
    source = sources[system] if system < len(sources) else None
    return source.where(row) if isinstance(source, Column) else None
