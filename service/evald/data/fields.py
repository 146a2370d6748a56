"""Fields of rows and predictions that few data sets have: what a cell of each may be.

Cells are checked when a metric needs them, so that a column that happens to have the name of a field does no harm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evald.data import columns
from evald.data.columns import ABSENT, Field, inside
from evald.errors import InvalidRequestError

Check = Callable[[Any, str], Any]


def of(field: Field | None, row: int) -> tuple[Any, str] | None:
    """Cell and place of a row that has the field."""
    if field is None:
        return None
    cell = field.values[row]
    return None if cell is None or cell is ABSENT else (cell, field.where(row))


def text(cell: Any, path: str) -> str:
    """One text."""
    if not isinstance(cell, str):
        raise _not("a str", cell, path)
    return columns.texts([cell], path)[0]


def texts(cell: Any, path: str) -> list[str]:
    """A list of texts; a single one counts as a list of one."""
    return [text(cell, path)] if isinstance(cell, str) else columns.texts(_listed(cell, "a list of str", path), path)


def labels(cell: Any, path: str) -> list[str]:
    """A list or set of labels; a single one counts as a list of one."""
    return columns.labels(cell, path)


def numbers(cell: Any, path: str) -> list[float]:
    """A list of numbers."""
    return columns.numbers(_listed(cell, "a list of numbers", path), path)


def token_lists(cell: Any, path: str) -> list[list[str]]:
    """The tokens of several references; those of a single one count as a list of one."""
    lists = _listed(cell, "a list of lists of str", path)
    if lists and isinstance(lists[0], str):
        return [columns.texts(lists, path)]
    places = (inside(path, f"[{index}]") for index in range(len(lists)))
    return [columns.texts(_listed(one, "a list of str", at), at) for one, at in zip(lists, places, strict=True)]


def choices(cell: Any, path: str) -> list[tuple[str, bool]]:
    """Answer choices: dicts with text and correct, or pairs of the two."""
    return [_choice(one, inside(path, f"[{index}]")) for index, one in enumerate(_listed(cell, "a list", path))]


def messages(cell: Any, path: str) -> list[tuple[str, str]]:
    """A chat: dicts with role and content, or pairs of the two."""
    return [_message(one, inside(path, f"[{index}]")) for index, one in enumerate(_listed(cell, "a list", path))]


def named_numbers(cell: Any, path: str) -> dict[str, float]:
    """Numbers by name; null is as good as no number."""
    if not isinstance(cell, Mapping):
        raise _not("a dict of numbers by name", cell, path)
    found = {}
    for name, value in cell.items():
        if not isinstance(name, str):
            raise _not("a dict whose names are str", name, path)
        if value is not None:
            shown = name if name.isidentifier() and len(name) <= 32 else "?"
            found[text(name, path)] = columns.number(value, inside(path, f'["{shown}"]'))
    return found


def usage(cell: Any, path: str) -> dict[str, Any]:
    """What an answer took: numbers of these names; null is as good as no number."""
    if not isinstance(cell, Mapping):
        raise _not(f"a dict with {', '.join(USAGE)}", cell, path)
    if unknown := [name for name in cell if name not in USAGE]:
        shown = unknown[0] if isinstance(unknown[0], str) and unknown[0].isidentifier() else "?"
        problem = f"has {shown}, which is none of {', '.join(USAGE)}"
        raise InvalidRequestError.of_field("BAD_TYPE", path, problem)
    taken = {name: value for name, value in cell.items() if value is not None}
    return {name: USAGE[name](value, inside(path, f".{name}")) for name, value in taken.items()}


def count(cell: Any, path: str) -> int:
    """A whole number from 0 on."""
    number = columns.number(cell, path)
    if not (number.is_integer() and 0 <= number < 2**64):
        raise _not("a whole number from 0 on", cell, path)
    return int(number)


# The numbers of `usage`; each may also be a column of its own.
USAGE: Mapping[str, Check] = {
    "latency_seconds": columns.number,
    "input_tokens": count,
    "output_tokens": count,
    "cost": columns.number,
    "peak_memory_bytes": count,
}
# Checks of numbers, which files may write as text.
NUMBERS = (columns.number, count)


def slice_value(cell: Any, path: str) -> str:
    """The value of a slice key: a text, or a number or bool as text."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, float) and math.isnan(cell):
        return ""  # How pandas writes that there is none.
    return text(str(cell) if isinstance(cell, int | float) else cell, path)


def slice_values(cell: Any, path: str) -> dict[str, str]:
    """Slice values by key; null is as good as no value."""
    if not isinstance(cell, Mapping):
        raise _not("a dict of slice values by key", cell, path)
    found = {}
    for key, value in cell.items():
        if not isinstance(key, str):
            raise _not("a dict whose keys are str", key, path)
        if value is not None:
            found[text(key, path)] = slice_value(value, inside(path, f'["{key if key.isidentifier() else "?"}"]'))
    return found


# What the fields hold, by the names of the row type.
ROW: Mapping[str, Check] = {
    "wrong_references": texts,
    "reference_tokens": token_lists,
    "value": columns.number,
    "choices": choices,
    "messages": messages,
    "weight": columns.number,
    "human_labels": labels,
    "task": slice_value,
    "split": slice_value,
    "slices": slice_values,
}
PREDICTION: Mapping[str, Check] = {
    "text": text,
    "labels": labels,
    "class_scores": numbers,
    "tokens": texts,
    "value": columns.number,
    "token_logprobs": numbers,
    "choice_scores": numbers,
    "no_answer_score": columns.number,
    "scores": named_numbers,
    "usage": usage,
}


def _choice(cell: Any, path: str) -> tuple[str, bool]:
    if isinstance(cell, Mapping):
        if cell.keys() != {"text", "correct"}:
            raise InvalidRequestError.of_field("BAD_TYPE", path, "is a dict with text and correct, and nothing else")
        content, correct = cell["text"], cell["correct"]
    elif isinstance(cell, Sequence) and not isinstance(cell, str | bytes) and len(cell) == 2:
        content, correct = cell
    else:
        raise _not("a dict with text and correct, or a pair of them", cell, path)
    if not isinstance(correct, bool | int) or correct not in (0, 1):
        raise _not("true, false, 1 or 0", correct, inside(path, ".correct"))
    return text(content, inside(path, ".text")), bool(correct)


def _message(cell: Any, path: str) -> tuple[str, str]:
    if isinstance(cell, Mapping):
        if cell.keys() != {"role", "content"}:
            raise InvalidRequestError.of_field("BAD_TYPE", path, "is a dict with role and content, and nothing else")
        role, content = cell["role"], cell["content"]
    elif isinstance(cell, Sequence) and not isinstance(cell, str | bytes) and len(cell) == 2:
        role, content = cell
    else:
        raise _not("a dict with role and content, or a pair of them", cell, path)
    return text(role, inside(path, ".role")), text(content, inside(path, ".content"))


def _listed(cell: Any, wanted: str, path: str) -> Sequence[Any]:
    if getattr(cell, "ndim", None) == 1 and hasattr(cell, "tolist"):
        found: Sequence[Any] = cell.tolist()
        return found
    if isinstance(cell, Sequence) and not isinstance(cell, str | bytes):
        return cell
    raise _not(wanted, cell, path)


def _not(wanted: str, cell: Any, path: str) -> InvalidRequestError:
    found = "NaN" if isinstance(cell, float) and math.isnan(cell) else type(cell).__name__
    return InvalidRequestError.of_field("BAD_TYPE", path, f"must be {wanted}, not {found}")
