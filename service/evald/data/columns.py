"""One column of caller data: texts, labels or class scores, checked and made strings, every error with its index.

What a cell may be: a str; an int or bool, which is a label and becomes its decimal number ("0" and "1" for
bools, as Python and scikit-learn treat them, so that a column of bools can be scored against one of 0 and 1);
a list of numbers, which are class scores; None, where the caller's shape allows a missing prediction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from numbers import Real
from typing import Any, cast

from evald.errors import InvalidRequestError

# Rows handled between two chances for other threads to run; one such step takes well under a millisecond.
CHUNK = 1024
# Texts joined at once to be checked: few enough for the copy to stay in the processor's cache.
STEP = 128

Where = Callable[[int], str]
Cell = str | list[float] | None


class _Absent:
    """The value of a row that lacks the field, as opposed to one that holds null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclass(frozen=True)
class Column:
    """Predictions of one system, or gold labels: one cell a row."""

    values: Sequence[Cell]
    # Of "text", "int", "bool", "scores", "missing": the kinds of cells that were seen, with the first row of each.
    kinds: Mapping[str, int]
    where: Where
    # The most characters that STEP rows hold; None where that was not counted.
    widest: int | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class References:
    """Gold answers: one text a row, or a list of texts a row if `nested`."""

    values: Sequence[str] | Sequence[Sequence[str]]
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

    Raises InvalidRequestError: BAD_TYPE, MISSING_VALUE, BAD_TEXT, BAD_SCORE.
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
    """Checked gold answers: a list of texts or labels, or a list of lists of texts.

    >>> references([["a", "b"], "c"]).values
    [['a', 'b'], ['c']]

    Raises InvalidRequestError: BAD_TYPE, MISSING_VALUE (also for a row without any reference), BAD_TEXT.
    """
    where = where or _indexed(path)
    cells = listed(values, path)
    if (texts := _texts(cells, where)) is not None:
        return References(cast(list[str], texts.values), False, texts.kinds, where, texts.widest)
    nested = any(not isinstance(cell, str | int) and hasattr(cell, "__len__") for cell in cells)
    if not nested:
        flat = column(cells, path, where=where)
        if "scores" in flat.kinds:  # pragma: no cover - a list of numbers counts as nested
            raise _bad_type(where(0), "a list of numbers")
        return References(cast(list[str], flat.values), False, flat.kinds, where)
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
        raise _bad_type(where(row), type(cell).__name__)
    entries = [cell] if isinstance(cell, str | int) else listed(cell, where(row))
    if not entries:
        raise InvalidRequestError.of_field("MISSING_VALUE", where(row), "holds no reference; give at least one")
    part = column(entries, where(row))
    if "scores" in part.kinds:
        raise _bad_type(where(row), "a list of numbers")
    for kind in part.kinds:
        kinds.setdefault(kind, row)
    return [str(value) for value in part.values]


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
    # A NumPy scalar, of which np.bool_ and np.int64 are no Python numbers.
    if type(cell).__module__ == "numpy" and getattr(cell, "ndim", None) == 0:
        return _cell(cell.item(), where, row, missing)
    if isinstance(cell, Sequence) and not isinstance(cell, bytes):
        return "scores", _scores(cell, where, row)
    if getattr(cell, "ndim", None) == 1 and hasattr(cell, "tolist"):
        return "scores", _scores(cell.tolist(), where, row)
    raise _bad_type(where(row), type(cell).__name__)


def _text(cell: str, where: Where, row: int) -> str:
    try:
        cell.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError.of_field(
            "BAD_TEXT", where(row), f"holds a lone surrogate at character {error.start}; it is no Unicode text"
        ) from None
    return cell


def _decimal(cell: int, where: Where, row: int) -> str:
    if abs(cell) >= 10**100:
        raise InvalidRequestError.of_field("BAD_TYPE", where(row), "is too large a number for a label")
    return str(int(cell))


def _scores(cell: Sequence[Any], where: Where, row: int) -> list[float]:
    for score in cell:
        if isinstance(score, bool) or not isinstance(score, Real):
            raise _bad_type(where(row), f"a list with {type(score).__name__}")
    try:
        scores = [float(score) for score in cell]
    except OverflowError:
        raise InvalidRequestError.of_field("BAD_SCORE", where(row), "holds a number that is too large") from None
    if not scores:
        raise InvalidRequestError.of_field("BAD_SCORE", where(row), "holds no class score")
    if any(math.isnan(score) for score in scores):
        raise InvalidRequestError.of_field("BAD_SCORE", where(row), "holds a class score that is NaN")
    return scores


def _shown(cell: Any) -> str:
    return "null" if cell is None else "NaN"


def _bad_type(path: str, found: str) -> InvalidRequestError:
    return InvalidRequestError.of_field(
        "BAD_TYPE", path, f"is {found}; a value is a str, or for labels also an int, a bool or a list of class scores"
    )


def _indexed(path: str) -> Where:
    return lambda row: f"{path}[{row}]"
