"""One column of caller data, checked and in plain types, every error with its index.

What a cell may be: a str; an int or bool, which is a label and becomes its decimal number ("0" and "1" for bools, as
Python and scikit-learn treat them, so that a column of bools can be scored against one of 0 and 1); a float; a list of
numbers; a list or set of str; None, where the caller's shape allows a missing prediction; and for predictions a dict
that names the fields of the row type, for example ``{"text": "a", "scores": {"comet": 0.8}}``. What a cell stands for
is decided by what the metrics need: a list of numbers is class scores to one and log-likelihoods of tokens to another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain
from numbers import Real
from typing import Any, cast

from evald.errors import InvalidRequestError

# Rows handled between two chances for other threads to run: one such step takes well under a millisecond, and yet the
# rows outweigh what it costs to wake the threads that score them.
CHUNK = 4096
# Rows read before there are any to score: few, since the other threads wait for them.
FIRST_CHUNK = 1024
# Texts joined at once to be checked: few enough for the copy to stay in the processor's cache.
STEP = 128

# Fields of a prediction that a dict may name; evald.data.fields says what they hold.
PREDICTION_FIELDS = (
    "text", "labels", "class_scores", "tokens", "value", "token_logprobs", "choice_scores", "no_answer_score", "scores",
    "usage",
)  # fmt: skip

# The kinds of cells in words.
KINDS = {
    "text": "a str", "int": "an int", "bool": "a bool", "number": "a float", "numbers": "a list of numbers",
    "texts": "a list of str", "empty": "an empty list", "fields": "a dict", "missing": "missing",
}  # fmt: skip

# From here on a column is worth counting as a whole.
_LONG = 4096

Where = Callable[[int], str]
Cell = str | float | Sequence[str] | Sequence[float] | Mapping[str, Any] | None


class _Absent:
    """The value of a row that lacks the field, as opposed to one that holds null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclass(frozen=True)
class Field:
    """One field of every row that few data sets have: raw cells, which are checked when a metric needs them."""

    values: Sequence[Any]
    where: Where

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Column:
    """Predictions of one system, or gold labels: one cell a row."""

    values: Sequence[Cell]
    # Of "text", "int", "bool", "number", "numbers", "texts", "empty" (a list), "fields" (a dict), "missing": the kinds
    # of cells that were seen, with the first row of each.
    kinds: Mapping[str, int]
    where: Where
    # The most characters that STEP rows hold; None where that was not counted.
    widest: int | None = None
    # Fields of the predictions in columns of their own, by name.
    fields: Mapping[str, Field] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class References:
    """Gold answers: one text, label or number a row, or a list of texts or labels a row if `nested`."""

    values: Sequence[str | float] | Sequence[Sequence[str]]
    nested: bool
    kinds: Mapping[str, int]
    where: Where
    widest: int | None = None

    def __len__(self) -> int:
        return len(self.values)


def listed(values: Any, path: str) -> list[Any]:
    """Any one-dimensional collection as a list: list, tuple, array, Series, data set column, iterator.

    Raises InvalidRequestError (BAD_TYPE) for a single string, a dict, a set (which has no order), a whole data frame
    and things that cannot be iterated.
    """
    if isinstance(values, list):
        return values
    is_frame = hasattr(values, "iloc") and hasattr(values, "columns")
    refused = is_frame or isinstance(values, str | bytes | Mapping | AbstractSet)
    if refused or not isinstance(values, Iterable):
        raise InvalidRequestError.of_field(
            "BAD_TYPE", path, f"must be a list with one entry a row, not {type(values).__name__}"
        )
    # Arrays and Series give Python's own numbers here and NumPy's when iterated.
    to_list = getattr(values, "tolist", None)
    result = to_list() if callable(to_list) else list(values)
    if not isinstance(result, list):
        raise InvalidRequestError.of_field("BAD_TYPE", path, "must be a list with one entry a row, not a single value")
    return result


def column(values: Any, path: str, *, missing: bool = False, where: Where | None = None) -> Column:
    """A checked column; `missing` allows None. `path` names it in errors: ``predictions[17]``.

    >>> column(["a", "b"], "predictions").values
    ['a', 'b']
    >>> column([True, False, 3], "labels").values
    ['1', '0', '3']

    Raises InvalidRequestError: BAD_TYPE, MISSING_VALUE, BAD_TEXT, BAD_NUMBER, UNKNOWN_FIELD.
    """
    where = where or _indexed(path)
    cells = listed(values, path)
    if (texts := _texts(cells, where)) is not None:
        return texts
    kinds: dict[str, int] = {}
    result: list[Cell] = []
    for start in range(0, len(cells), CHUNK):
        part = cells[start : start + CHUNK]
        if _characters(part) is not None:
            kinds.setdefault("text", start)
            result += part
            continue
        for offset, cell in enumerate(part):
            kind, value = _cell(cell, where, start + offset, missing)
            kinds.setdefault(kind, start + offset)
            result.append(value)
    return Column(result, kinds, where)


def references(values: Any, path: str = "references", *, where: Where | None = None) -> References:
    """Checked gold answers: a list of texts, labels or numbers, or a list of lists of texts or labels.

    >>> references([["a", "b"], "c"]).values
    [['a', 'b'], ['c']]

    Raises InvalidRequestError: BAD_TYPE, MISSING_VALUE, BAD_TEXT.
    """
    where = where or _indexed(path)
    cells = listed(values, path)
    if (texts := _texts(cells, where)) is not None:
        return References(cast("list[str | float]", texts.values), False, texts.kinds, where, texts.widest)
    nested = any(not isinstance(cell, str | int) and hasattr(cell, "__len__") for cell in cells)
    if not nested:
        flat = column(cells, path, where=where)
        return References(cast("list[str | float]", flat.values), False, flat.kinds, where)
    kinds: dict[str, int] = {}
    result: list[list[str]] = []
    for start in range(0, len(cells), CHUNK):
        part = cells[start : start + CHUNK]
        if all(type(cell) is list and cell for cell in part) and _characters(chain.from_iterable(part)) is not None:
            kinds.setdefault("text", start)
            result += part
            continue
        result += [_nested_cell(cell, where, start + offset, kinds) for offset, cell in enumerate(part)]
    return References(result, True, kinds, where)


def _nested_cell(cell: Any, where: Where, row: int, kinds: dict[str, int]) -> list[str]:
    if cell is None or cell is ABSENT or (not isinstance(cell, str | int) and not hasattr(cell, "__len__")):
        _cell(cell, where, row, False)
        raise bad_type(where(row), type(cell).__name__)
    found = labels(cell, where(row), kinds, row)
    if not found:
        kinds.setdefault("empty", row)
    return found


def labels(cell: Any, path: str, kinds: dict[str, int] | None = None, row: int = 0) -> list[str]:
    """The texts or labels of a cell, which holds one or a list or set of them; notes their kinds as those of a row."""
    if isinstance(cell, AbstractSet):
        # A set has no order; this one at least does not change from run to run.
        cell = sorted(cell, key=str)
    part = column([cell] if isinstance(cell, str | int) else listed(cell, path), path)
    for kind, index in part.kinds.items():
        if kind not in ("text", "int", "bool"):
            raise bad_type(part.where(index), KINDS[kind])
        if kinds is not None:
            kinds.setdefault(kind, row)
    return cast("list[str]", part.values)


def _texts(cells: list[Any], where: Where) -> Column | None:
    """The column of the cells if there are any and all are texts."""
    copy = cells.copy()
    widest = None
    for start in range(0, len(copy), STEP):
        found = _characters(copy[start : start + STEP])
        if found is None:
            return None
        widest = max(found, widest or 0)
    return None if widest is None else Column(copy, {"text": 0}, where, widest)


def _characters(cells: Iterable[Any]) -> int | None:
    """How many characters the cells hold, at the speed of C; None unless all are texts without lone surrogates."""
    try:
        text = "".join(cells)
        # UTF-16 refuses the same characters as UTF-8, several times as fast.
        text.encode("utf-16-le")
    except (TypeError, UnicodeEncodeError):
        return None
    return len(text)


def _cell(cell: Any, where: Where, row: int, missing: bool) -> tuple[str, Cell]:
    if isinstance(cell, str):
        return "text", _text(cell, where, row)
    if cell is ABSENT:
        raise InvalidRequestError.of_field("MISSING_VALUE", where(row), "is missing")
    if cell is None and missing:
        return "missing", None
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        hint = "" if missing else "; leave the row out or give it as rows, where null means a missing prediction"
        raise InvalidRequestError.of_field("MISSING_VALUE", where(row), f"is {_shown(cell)}, not a value{hint}")
    if isinstance(cell, bool):
        return "bool", str(int(cell))
    if isinstance(cell, int):
        return "int", _decimal(cell, where, row)
    if isinstance(cell, float):
        return "number", float(cell)
    # A NumPy scalar, of which np.bool_ and np.int64 are no Python numbers.
    if type(cell).__module__ == "numpy" and getattr(cell, "ndim", None) == 0:
        return _cell(cell.item(), where, row, missing)
    if isinstance(cell, Mapping):
        return "fields", _named(cell, where(row))
    return _many(cell, where(row))


def _many(cell: Any, path: str) -> tuple[str, Cell]:
    if isinstance(cell, AbstractSet):
        cell = sorted(cell, key=str)
    elif getattr(cell, "ndim", None) == 1 and hasattr(cell, "tolist"):
        cell = cell.tolist()
    if not isinstance(cell, Sequence) or isinstance(cell, bytes):
        raise bad_type(path, type(cell).__name__)
    if not cell:
        return "empty", []
    if any(isinstance(entry, str) for entry in cell):
        return "texts", texts(cell, path)
    return "numbers", numbers(cell, path)


def _named(cell: Mapping[Any, Any], path: str) -> Mapping[str, Any]:
    for name in cell:
        if name not in PREDICTION_FIELDS:
            shown = (
                f" {name!r}" if isinstance(name, str) and name.isidentifier() and len(name) <= 32 else " of this name"
            )
            raise InvalidRequestError.of_field(
                "UNKNOWN_FIELD", path, f"has no field{shown}; a prediction's fields are {', '.join(PREDICTION_FIELDS)}"
            )
    return cell


def _text(cell: str, where: Where, row: int) -> str:
    try:
        cell.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError.of_field(
            "BAD_TEXT", where(row), f"holds a lone surrogate at character {error.start}; it is no Unicode text"
        ) from None
    return cell


def texts(cell: Sequence[Any], path: str) -> list[str]:
    """The texts of a list."""
    if _characters(cell) is not None:
        return list(cell)
    for index, entry in enumerate(cell):
        if not isinstance(entry, str):
            raise InvalidRequestError.of_field(
                "BAD_TYPE", inside(path, f"[{index}]"), f"is {type(entry).__name__}, not a str"
            )
        _text(entry, _indexed(path), index)
    return list(cell)


def numbers(cell: Sequence[Any], path: str) -> list[float]:
    """The numbers of a list."""
    if all(type(entry) is float for entry in cell):
        return list(cell)
    return [number(entry, inside(path, f"[{index}]")) for index, entry in enumerate(cell)]


def number(cell: Any, path: str) -> float:
    """A cell as a number."""
    if type(cell).__module__ == "numpy" and getattr(cell, "ndim", None) == 0:
        cell = cell.item()
    if isinstance(cell, bool) or not isinstance(cell, Real):
        raise InvalidRequestError.of_field("BAD_TYPE", path, f"is {type(cell).__name__}, not a number")
    try:
        return float(cell)
    except OverflowError:
        raise InvalidRequestError.of_field("BAD_NUMBER", path, "is too large a number") from None


def _decimal(cell: int, where: Where, row: int) -> str:
    if abs(cell) >= 10**100:
        raise InvalidRequestError.of_field("BAD_TYPE", where(row), "is too large a number for a label")
    return str(int(cell))


def _shown(cell: Any) -> str:
    return "null" if cell is None else "NaN"


def bad_type(path: str, found: str) -> InvalidRequestError:
    """The error for a cell of a type that none can have here."""
    return InvalidRequestError.of_field(
        "BAD_TYPE", path, f"is {found}; give a str, an int, a bool, a number or a list of one kind"
    )


def inside(path: str, rest: str) -> str:
    """The path of a part of a cell; a file's column stands in parentheses: "gold.jsonl:17 (prediction.scores)"."""
    return f"{path[:-1]}{rest})" if path.endswith(")") else path + rest


def _indexed(path: str) -> Where:
    return lambda row: inside(path, f"[{row}]")


def label_columns(gold: Any, predicted: Any) -> tuple[Any, Any] | None:
    """Two long columns that native code can count without rows: arrays of integers or bools, or lists of strings.

    None for anything else; what is wrong with it shows when it is read row by row.
    """
    if isinstance(gold, list) and isinstance(predicted, list):
        both = [gold, predicted]
        is_text = all(column and type(column[0]) is str for column in both)
    else:
        both = [_integers(gold), _integers(predicted)]
        is_text = all(column is not None for column in both)
    if not is_text or len(both[0]) != len(both[1]) or len(both[0]) < _LONG:
        return None
    return both[0], both[1]


def _integers(column: Any) -> Any:
    """A flat array of 64-bit integers without gaps; None if the column is no array that fits one."""
    dtype: Any = getattr(column, "dtype", None)
    kind = getattr(dtype, "kind", None)
    if getattr(column, "ndim", None) != 1 or not hasattr(column, "__array__") or kind not in ("b", "i", "u"):
        return None
    if kind == "u" and dtype.itemsize == 8:
        return None
    return column.__array__().astype("int64", order="C", copy=False)
