"""Joins: by id, by position, and what guards them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.data import Column, Table, combine, join, source_of
from evald.errors import InvalidRequestError


def source(name: str, *rows: dict[str, Any]) -> Any:
    return source_of(list(rows), name)


def values(table: Table, system: str) -> list[Any]:
    found = table.systems[system]
    assert isinstance(found, Column)
    return list(found.values)


def reason(error: pytest.ExceptionInfo[InvalidRequestError]) -> tuple[str, str]:
    return error.value.reason, error.value.violations[0].field


GOLD = source("gold", {"id": 1, "label": "a"}, {"id": 2, "label": "b"})


def test_predictions_join_gold_by_id_in_any_order() -> None:
    base = source("base", {"id": "2", "label": "y"}, {"id": "1", "label": "x"})
    new = source("new", {"id": 1, "output": "z"})
    table = join(GOLD, {"base": base, "new": new})
    assert table.ids == ["1", "2"]
    assert table.references is not None
    assert table.references.values == ["a", "b"]
    assert (values(table, "base"), values(table, "new")) == (["x", "y"], ["z", None])


def test_a_label_beside_a_prediction_is_the_right_one() -> None:
    gold = source("gold", {"id": 1, "reference": "text", "label": "a"})
    table = join(gold, {"base": source("base", {"id": 1, "prediction": "x", "label": "a"})})
    assert table.references is not None
    assert table.labels is not None
    assert (table.references.values, table.labels.values) == (["text"], ["a"])
    with pytest.raises(InvalidRequestError, match="a label beside a prediction is the right one") as caught:
        join(gold, {"base": source("base", {"id": 1, "prediction": "x", "label": "b"})})
    assert reason(caught) == ("LABEL_MISMATCH", "base[0]")


@given(st.permutations(range(6)), st.sets(st.integers(0, 5), min_size=1))
def test_a_join_finds_every_row(order: list[int], kept: set[int]) -> None:
    gold = source("gold", *({"id": row, "label": f"g{row}"} for row in range(6)))
    base = source("base", *({"id": row, "prediction": f"p{row}"} for row in order if row in kept))
    assert values(join(gold, {"base": base}), "base") == [f"p{row}" if row in kept else None for row in range(6)]


def test_rows_without_ids_join_by_position() -> None:
    gold = source("gold", {"label": "a"}, {"label": "b"})
    table = join(gold, {"base": source("base", {"prediction": "x"}, {"prediction": "y"})})
    assert table.ids is None
    assert values(table, "base") == ["x", "y"]


def test_files_that_carry_both_combine() -> None:
    first = source(
        "first", {"id": 1, "prediction": "a", "reference": "r"}, {"id": 2, "prediction": "b", "reference": "s"}
    )
    second = source(
        "second", {"id": 3, "prediction": "d", "reference": ["t"]}, {"id": 2, "prediction": "c", "reference": ["s"]}
    )
    table = combine({"first": first, "second": second})
    assert table.ids == ["1", "2", "3"]
    assert table.references is not None
    assert table.references.values == [["r"], ["s"], ["t"]]
    assert values(table, "first") == ["a", "b", None]
    assert values(table, "second") == [None, "c", "d"]


def test_samples_keep_rows_of_one_id_apart() -> None:
    rows = [{"id": 1, "sample": sample, "prediction": str(sample), "label": "a"} for sample in range(3)]
    table = combine({"a": source("a", *rows), "b": source("b", *reversed(rows))})
    assert (table.ids, table.samples) == (["1"] * 3, [0, 1, 2])
    assert values(table, "a") == values(table, "b") == ["0", "1", "2"]


def test_errors_of_predictions_name_their_own_file() -> None:
    base = source("base", {"id": 2, "prediction": 1}, {"id": 1, "prediction": "x"})
    found = join(GOLD, {"base": base}).systems["base"]
    assert isinstance(found, Column)
    assert found.kinds["int"] == 1
    assert found.where(1) == "base[0].prediction"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ([{"id": 3, "prediction": "x"}], ("UNKNOWN_ID", "base[0]")),
        ([{"prediction": "x"}, {"prediction": "x"}], ("MISSING_ID", "base")),
        ([{"id": 1, "prediction": "x"}, {"id": 1, "prediction": "y"}], ("DUPLICATE_ID", "base[1]")),
        ([{"id": 1, "prediction": "x", "reference": "other"}], ("REFERENCE_MISMATCH", "base[0]")),
        ([{"id": 1, "x": "x"}], ("MISSING_FIELD", "base")),
    ],
)
def test_what_does_not_join_is_refused(base: list[dict[str, Any]], expected: tuple[str, str]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        join(GOLD, {"base": source("base", *base)})
    assert reason(caught) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([{"prediction": "x", "label": "a"}], ("LENGTH_MISMATCH", "second")),
        ([{"prediction": "x", "label": "a"}, {"prediction": "x", "label": "a"}], ("REFERENCE_MISMATCH", "second[1]")),
        (
            [{"prediction": "x", "label": "a", "text": "t"}, {"prediction": "x", "label": "b", "text": "v"}],
            ("INPUT_MISMATCH", "second[1]"),
        ),
    ],
)
def test_shifted_files_are_refused(second: list[dict[str, Any]], expected: tuple[str, str]) -> None:
    first = source(
        "first", {"prediction": "x", "label": "a", "text": "t"}, {"prediction": "x", "label": "b", "text": "u"}
    )
    with pytest.raises(InvalidRequestError) as caught:
        combine({"first": first, "second": source("second", *second)})
    assert reason(caught) == expected


def test_gold_without_references_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        join(source("gold", {"id": 1, "x": "a"}), {"base": source("base", {"id": 1, "prediction": "x"})})
    assert reason(caught) == ("MISSING_FIELD", "gold")


def test_a_mapping_applies_where_its_column_is() -> None:
    gold = source("gold", {"id": 1, "right": "a"})
    base = source("base", {"id": 1, "said": "b"})
    table = join(gold, {"base": base}, {"reference": "right", "prediction": "said"})
    assert values(table, "base") == ["b"]
