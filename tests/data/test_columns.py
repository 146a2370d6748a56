"""Columns: what a cell may be, and the place named by every error."""

from __future__ import annotations

import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.data import column, references
from evald.data.columns import CHUNK, KINDS
from evald.errors import InvalidRequestError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(TEXTS))
def test_texts_stay_as_they_are(texts: list[str]) -> None:
    found = column(texts, "predictions")
    assert found.values == texts
    assert set(found.kinds) <= {"text"}


@given(st.lists(st.lists(TEXTS, min_size=1), min_size=1))
def test_lists_of_references_stay_as_they_are(texts: list[list[str]]) -> None:
    found = references(texts)
    assert found.nested
    assert found.values == texts


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 0, -3], ["1", "0", "-3"]),
        ([True, False], ["1", "0"]),
        (np.array([1, 0]), ["1", "0"]),
        (np.array([True, False]), ["1", "0"]),
        (np.array(["a", "b"]), ["a", "b"]),
        ([np.int64(7), np.bool_(True), np.str_("x")], ["7", "1", "x"]),
        (pd.Series(["a", "b"]), ["a", "b"]),
        (pd.Series([1, 2], index=[5, 9]), ["1", "2"]),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"]),
        (("a", "b"), ["a", "b"]),
        (iter(["a", "b"]), ["a", "b"]),
        ([[0.25, 0.75]], [[0.25, 0.75]]),
        ([(1, 2)], [[1.0, 2.0]]),
        (np.array([[0.5, 0.5], [1, 0]]), [[0.5, 0.5], [1.0, 0.0]]),
        ([np.array([0.5, 0.5])], [[0.5, 0.5]]),
        ([0.5, np.float32(0.25), 1], [0.5, 0.25, "1"]),
        (pd.Series([0.5, 1.0]), [0.5, 1.0]),
        ([["a", "b"], ("c",), {"e", "d"}, np.array(["f"])], [["a", "b"], ["c"], ["d", "e"], ["f"]]),
        ([[], set()], [[], []]),
        ([{"text": "a", "scores": {"x": 1}}], [{"text": "a", "scores": {"x": 1}}]),
    ],
)
def test_cells_become_plain_values(values: Any, expected: list[Any]) -> None:
    assert column(values, "predictions").values == expected


def test_kinds_are_those_of_the_cells() -> None:
    cells = ["a", 1, True, 0.5, [0.5], ["a"], [], {"text": "a"}, None]
    kinds = column(cells, "predictions", missing=True).kinds
    assert list(kinds) == ["text", "int", "bool", "number", "numbers", "texts", "empty", "fields", "missing"]
    assert list(kinds.values()) == list(range(9))
    assert kinds.keys() == KINDS.keys()


@pytest.mark.parametrize(
    ("values", "reason", "field"),
    [
        (["a", None], "MISSING_VALUE", "predictions[1]"),
        (["a", float("nan")], "MISSING_VALUE", "predictions[1]"),
        (pd.Series(["a", None]), "MISSING_VALUE", "predictions[1]"),
        (["a"] * 5000 + ["\ud800"], "BAD_TEXT", "predictions[5000]"),
        (["a", "\ud83d\ude00"], "BAD_TEXT", "predictions[1]"),
        (["\ud83d", "\ude00"], "BAD_TEXT", "predictions[0]"),
        (["a", b"b"], "BAD_TYPE", "predictions[1]"),
        ([decimal.Decimal(1)], "BAD_TYPE", "predictions[0]"),
        ([["a", 1]], "BAD_TYPE", "predictions[0][1]"),
        ([["a", "\ud800"]], "BAD_TEXT", "predictions[0][1]"),
        ([[0.5, "a"]], "BAD_TYPE", "predictions[0][0]"),
        ([[0.5, True]], "BAD_TYPE", "predictions[0][1]"),
        ([[0.5, None]], "BAD_TYPE", "predictions[0][1]"),
        ([[0.5, [1]]], "BAD_TYPE", "predictions[0][1]"),
        ([[0.5, 10**400]], "BAD_NUMBER", "predictions[0][1]"),
        ([{1, "a"}], "BAD_TYPE", "predictions[0][0]"),
        (["a", {"txt": "b"}], "UNKNOWN_FIELD", "predictions[1]"),
        (["a", {1: "b"}], "UNKNOWN_FIELD", "predictions[1]"),
        ([10**5000], "BAD_TYPE", "predictions[0]"),
        ("a text", "BAD_TYPE", "predictions"),
        ({"a": 1}, "BAD_TYPE", "predictions"),
        (7, "BAD_TYPE", "predictions"),
        (np.array("a"), "BAD_TYPE", "predictions"),
    ],
)
def test_wrong_cells_are_named_by_index(values: Any, reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        column(values, "predictions")
    assert caught.value.reason == reason
    assert [violation.field for violation in caught.value.violations] == [field]


@pytest.mark.parametrize(
    ("values", "reason", "field"),
    [
        ([["a"], None], "MISSING_VALUE", "references[1]"),
        ([["a"], [None]], "MISSING_VALUE", "references[1][0]"),
        ([["a"], ["b", "\udc80"]], "BAD_TEXT", "references[1][1]"),
        ([["a"], 2.5], "BAD_TYPE", "references[1]"),
        (["a", None], "MISSING_VALUE", "references[1]"),
        ([["a"], [["b"]]], "BAD_TYPE", "references[1][0]"),
        (np.array([[0.5, 0.5]]), "BAD_TYPE", "references[0][0]"),
        ([{"text": "a"}], "BAD_TYPE", "references[0]"),
        ([["a"], [{"text": "a"}]], "BAD_TYPE", "references[1][0]"),
    ],
)
def test_wrong_references_are_named_by_index(values: Any, reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        references(values)
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)


def test_references_may_mix_texts_and_lists() -> None:
    assert references(["a", ["b", "c"], ("d",)]).values == [["a"], ["b", "c"], ["d"]]


def test_references_may_be_numbers_or_sets() -> None:
    assert references([0.5, 2]).values == [0.5, "2"]
    assert references(np.array([0.5, 2.0])).values == [0.5, 2.0]
    found = references([["a"], {"c", "b"}, []])
    assert (found.values, found.kinds) == ([["a"], ["b", "c"], []], {"text": 0, "empty": 2})


def test_missing_predictions_are_allowed_where_rows_say_so() -> None:
    found = column(["a", None, 3], "predictions", missing=True)
    assert found.values == ["a", None, "3"]
    assert found.kinds == {"text": 0, "missing": 1, "int": 2}


def test_first_rows_of_kinds_count_over_chunks() -> None:
    assert column(["a"] * CHUNK + ["b", 1], "x").kinds == {"text": 0, "int": CHUNK + 1}


def test_messages_hold_no_text_of_a_row() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        column(["secret\ud800"], "predictions")
    assert "secret" not in str(caught.value)
