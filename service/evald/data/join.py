"""Joins sources row by row: a file of gold answers with files of predictions, or files that carry both.

Rows meet by id when every source has ids, else by position; then whatever two sources both carry of references and
inputs must be equal, so that a shifted file is an error and not a low score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evald.data.columns import Column, Field, References
from evald.data.naming import Roles, check_mapping, check_unique
from evald.data.sources import Source
from evald.data.table import Table
from evald.errors import InvalidRequestError

_Key = tuple[str, int]


@dataclass(frozen=True)
class _Part:
    """One source on its way into the table."""

    source: Source
    predictions: Column | None
    references: References | None
    labels: References | None
    fields: Mapping[str, Field]
    inputs: Sequence[Any] | None
    clusters: Sequence[str] | None
    samples: Sequence[int] | None
    ids: Sequence[str] | None
    others: Mapping[str, Callable[[], Field]]

    def keys(self) -> list[_Key] | None:
        if self.ids is None:
            return None
        return list(zip(self.ids, self.samples or [0] * len(self.ids), strict=True))


def join(gold: Source, predictions: Mapping[str, Source], mapping: Mapping[str, str] | None = None) -> Table:
    """The table of gold answers with the predictions of every system, in the order of the gold rows.

    A gold row without a prediction counts as missing; a prediction without a gold row is an error (UNKNOWN_ID).
    """
    mapping = mapping or {}
    check_mapping(mapping, [gold, *predictions.values()])
    base = _part(Roles(gold, mapping), needs_predictions=False)
    parts = {name: _part(Roles(source, mapping, predictions_only=True)) for name, source in predictions.items()}
    if base.labels is not None:
        # Where gold has texts and labels, a lone label is the label.
        parts = {
            name: part if part.labels or Roles(part.source, mapping).find("reference") else _labelled(part)
            for name, part in parts.items()
        }
    return _table([base, *parts.values()], list(parts), gold_first=True)


def combine(
    sources: Mapping[str, Source], mapping: Mapping[str, str] | None = None, *, has_training: bool = False
) -> Table:
    """The table of sources that each hold the predictions of one system; at least one holds references.

    With ids, a row that only some sources have counts as missing for the others. With `has_training` the rows whose
    split is "train" need no prediction.
    """
    mapping = mapping or {}
    check_mapping(mapping, list(sources.values()))
    parts = [_part(Roles(source, mapping, has_training=has_training)) for source in sources.values()]
    return _table(parts, list(sources), gold_first=False)


def _part(roles: Roles, needs_predictions: bool = True) -> _Part:
    predictions = roles.predictions() if needs_predictions else None
    if needs_predictions and predictions is None:
        raise roles.missing("prediction")
    ids, samples = roles.ids(), roles.samples()
    check_unique(ids, samples, roles.source)
    gold, own = roles.references(), roles.row_fields()
    if gold is None and not own and not needs_predictions:
        raise roles.missing("reference")
    inputs = roles.values("input") if _has_one(roles, "input") else None
    clusters, others = roles.clusters(), roles.others()
    return _Part(roles.source, predictions, gold, roles.labels(), own, inputs, clusters, samples, ids, others)


def _labelled(part: _Part) -> _Part:
    return replace(part, references=None, labels=part.references)


def _has_one(roles: Roles, role: str) -> bool:
    try:
        return roles.find(role) is not None
    except InvalidRequestError:
        return False  # Inputs only guard the join here; which of two columns is meant does not matter.


def _table(parts: list[_Part], names: list[str], gold_first: bool) -> Table:
    rows = _rows(parts, gold_first)
    predicting = [(index, part, part.predictions) for index, part in enumerate(parts) if part.predictions is not None]
    systems = {
        name: _column(part, found, index, rows) for name, (index, part, found) in zip(names, predicting, strict=True)
    }
    _same([part.inputs for part in parts], parts, rows, "input")
    clusters = _same([part.clusters for part in parts], parts, rows, "cluster")
    keys = None if parts[0].ids is None else [_key(parts, row) for row in rows]
    return Table(
        systems=systems,
        references=_gold([part.references for part in parts], parts, rows, "reference"),
        labels=_gold([part.labels for part in parts], parts, rows, "label"),
        ids=None if keys is None else [key[0] for key in keys],
        clusters=clusters,
        samples=[key[1] for key in keys] if keys and any(part.samples for part in parts) else None,
        fields=_fields(parts, rows),
        others=_others(parts, rows),
        lenient=all(part.source.is_file for part in parts),
    )


# A row of the table: for every part, the index of its row or None.
_Row = tuple[int | None, ...]


def _rows(parts: list[_Part], gold_first: bool) -> list[_Row]:
    keys = [part.keys() for part in parts]
    if all(part_keys is None for part_keys in keys):
        return _by_position(parts)
    indexes: list[dict[_Key, int]] = []
    for part, part_keys in zip(parts, keys, strict=True):
        if part_keys is None:
            raise InvalidRequestError.of_field(
                "MISSING_ID", part.source.name, "has no id column but another source has; give ids to all or to none"
            )
        indexes.append({key: row for row, key in enumerate(part_keys)})
    order = dict.fromkeys(key for index in indexes for key in index)
    if gold_first:
        _refuse_unknown(parts, indexes)
    return [tuple(index.get(key) for index in indexes) for key in order]


def _by_position(parts: list[_Part]) -> list[_Row]:
    first = parts[0].source
    for part in parts[1:]:
        if part.source.length != first.length:
            raise InvalidRequestError.of_field(
                "LENGTH_MISMATCH",
                part.source.name,
                f"has {part.source.length:,} rows but {first.name} has {first.length:,}; add ids to join by id",
            )
    return [(row,) * len(parts) for row in range(first.length)]


def _refuse_unknown(parts: list[_Part], indexes: list[dict[_Key, int]]) -> None:
    for part, index in zip(parts[1:], indexes[1:], strict=True):
        for key, row in index.items():
            if key not in indexes[0]:
                raise InvalidRequestError.of_field(
                    "UNKNOWN_ID", part.source.where(row), f"has an id that {parts[0].source.name} lacks"
                )


def _key(parts: list[_Part], row: _Row) -> _Key:
    part, index = next((part, index) for part, index in zip(parts, row, strict=True) if index is not None)
    return (part.ids or ())[index], part.samples[index] if part.samples else 0


def _column(part: _Part, found: Column, index: int, rows: list[_Row]) -> Column:
    places = [row[index] for row in rows]
    values = [None if place is None else found.values[place] for place in places]
    first = {place: row for row, place in enumerate(places) if place is not None}
    kinds = {kind: first[row] for kind, row in found.kinds.items() if row in first}
    if None in places:
        kinds["missing"] = places.index(None)

    def where(row: int) -> str:
        place = places[row]
        return part.source.name if place is None else found.where(place)

    return Column(values, kinds, where, fields={name: _moved(one, places) for name, one in found.fields.items()})


def _moved(found: Field, places: Sequence[int | None]) -> Field:
    """The field in the order of the table; rows that its source lacks have none."""
    values = [None if place is None else found.values[place] for place in places]
    return Field(values, lambda row: found.where(places[row] or 0))


def _fields(parts: list[_Part], rows: list[_Row]) -> dict[str, Field]:
    """Fields of rows, which all sources that carry them agree on."""
    return {name: _field(name, parts, rows) for name in dict.fromkeys(name for part in parts for name in part.fields)}


def _others(parts: list[_Part], rows: list[_Row]) -> dict[str, Callable[[], Field]]:
    def joined(name: str) -> Callable[[], Field]:
        return lambda: _joined(
            name, [part.others[name]() if name in part.others else None for part in parts], parts, rows
        )

    return {name: joined(name) for name in dict.fromkeys(name for part in parts for name in part.others)}


def _field(name: str, parts: list[_Part], rows: list[_Row]) -> Field:
    return _joined(name, [part.fields.get(name) for part in parts], parts, rows)


def _joined(name: str, found: Sequence[Field | None], parts: list[_Part], rows: list[_Row]) -> Field:
    values = _same([None if one is None else one.values for one in found], parts, rows, name)

    def where(row: int) -> str:
        places = zip(found, rows[row], strict=True)
        return next(one.where(place) for one, place in places if one is not None and place is not None)

    return Field(values or [], where)


def _same(columns: Sequence[Sequence[Any] | None], parts: list[_Part], rows: list[_Row], what: str) -> list[Any] | None:
    """One value a row out of all sources that carry it; two that differ are an error."""
    carriers = [(index, values) for index, values in enumerate(columns) if values is not None]
    if not carriers:
        return None
    result = []
    for row in rows:
        found = [(index, values[place]) for index, values in carriers if (place := row[index]) is not None]
        for index, value in found[1:]:
            if value != found[0][1]:
                raise _mismatch(parts, row, found[0][0], index, what)
        result.append(found[0][1] if found else None)
    return result


def _mismatch(parts: list[_Part], row: _Row, first: int, second: int, what: str) -> InvalidRequestError:
    places = [parts[index].source.where(row[index] or 0) for index in (first, second)]
    reason = f"{what.upper()}_MISMATCH"
    hint = " (a label beside a prediction is the right one)" if what == "label" else ""
    problem = f"has another {what} than {places[0]}{hint}; do the files match?"
    return InvalidRequestError.of_field(reason, places[1], problem)


def _gold(found: Sequence[References | None], parts: list[_Part], rows: list[_Row], what: str) -> References | None:
    carriers = [gold for gold in found if gold is not None]
    if not carriers:
        return None
    nested = any(gold.nested for gold in carriers)
    values = _same([None if gold is None else list(_leveled(gold, nested)) for gold in found], parts, rows, what) or []
    for row, value in zip(rows, values, strict=True):
        if value is None:
            index, place = next((index, place) for index, place in enumerate(row) if place is not None)
            raise InvalidRequestError.of_field(
                "MISSING_VALUE", parts[index].source.where(place), f"has a row without {what} in any file"
            )
    kinds = {kind: row for gold in carriers for kind, row in gold.kinds.items()}
    return References(values, nested, kinds, lambda row: f"{what}s[{row}]")


def _leveled(gold: References, nested: bool) -> Iterator[Any]:
    for value in gold.values:
        yield [value] if nested and not gold.nested else value
