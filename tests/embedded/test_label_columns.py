"""Whole columns of labels are counted as their rows would be."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import evald
from evald.errors import InvalidRequestError

METRICS = ["confusion_matrix", "accuracy", "f1(average=macro)", "mcc"]
ROWS = 5_000


def drawn(classes: list[Any], seed: int) -> list[Any]:
    return random.Random(seed).choices(classes, k=ROWS)


def both_ways(gold: Any, predicted: Any, **options: Any) -> tuple[evald.Evaluation, evald.Evaluation]:
    """The answer for columns, and for the same data as rows (ids make rows of them)."""
    columns = evald.evaluate(predicted, gold, metrics=METRICS, replicates=0, **options)
    ids = [str(row) for row in range(len(gold))]
    rows = evald.evaluate(predicted, gold, metrics=METRICS, replicates=0, ids=ids, **options)
    return columns, rows


def check(gold: Any, predicted: Any, **options: Any) -> None:
    columns, rows = both_ways(gold, predicted, **options)
    for metric in METRICS:
        assert columns[metric].value == rows[metric].value, metric
        assert columns[metric].components == rows[metric].components, metric
        assert columns[metric].n == rows[metric].n == ROWS
    matrices = columns["confusion_matrix"].confusion_matrix, rows["confusion_matrix"].confusion_matrix
    assert matrices[0] == matrices[1]


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
def test_arrays(dtype: str) -> None:
    classes = [0, 1] if dtype == "bool" else [0, 1, 7, 100]
    check(np.array(drawn(classes, 1), dtype), np.array(drawn(classes, 2), dtype))


@pytest.mark.parametrize("low", [-3, 10**12])
def test_arrays_of_any_range(low: int) -> None:
    gold, predicted = (np.array(drawn(list(range(low, low + 300)), seed)) for seed in (1, 2))
    check(gold, predicted)
    check(gold[::-1], predicted[::-1])


def test_a_wide_range_goes_row_by_row() -> None:
    check(np.array(drawn([0, 10**9], 1)), np.array(drawn([0, 10**9], 2)))


def test_lists_of_strings() -> None:
    classes = ["b", "Z", "a", "\u65e5\u672c", "a b", "", "10"]
    check(drawn(classes, 1), drawn(classes, 2))
    check(drawn(["10", "9", "-2"], 1), drawn(["10", "9", "-2"], 2))


def test_named_classes_and_labels_that_are_none_of_them() -> None:
    gold, predicted = np.array(drawn([0, 1, 2], 1)), np.array(drawn([0, 1, 2], 2))
    check(gold, predicted, classes=[2, 1, 0, 5])
    check(gold, predicted, classes=[0, 1], unknown_labels="bucket")
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(predicted, gold, metrics=METRICS, replicates=0, classes=[0, 1])
    assert caught.value.reason == "UNKNOWN_LABEL"


def test_what_is_wrong_is_named_as_in_rows() -> None:
    gold = drawn(["a", "b"], 1)
    with pytest.raises(InvalidRequestError, match=r"predictions\[3\]"):
        evald.evaluate([*gold[:3], "\ud800", *gold[4:]], gold, metrics=METRICS, replicates=0)
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(gold[1:], gold, metrics=METRICS, replicates=0)
    assert caught.value.reason == "LENGTH_MISMATCH"
