"""The confusion matrix of columns of labels against scikit-learn and NumPy, one thread, no intervals.

The time is that of native code, from columns to answer bytes; `evaluate` is the whole call of the embedded API, which
also makes Python objects of the matrix. Seven labels in ten are right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix

import evald
from bench import requests
from bench.corpora import Corpus
from bench.measure import interleave, rounds_of
from bench.report import Figure, Goal, main, milliseconds
from evald import _native

Goals = dict[str, Goal]
INTEGERS: dict[int, Goals] = {
    10: {"sklearn": Goal(">=", 60), "bincount": Goal(">=", 3)},
    1_000: {"sklearn": Goal(">=", 45), "bincount": Goal(">=", 1.5)},
}
TEXTS: Goals = {"sklearn": Goal(">=", 20)}


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    figures: list[Figure] = []
    for classes, goals in INTEGERS.items():
        gold, predicted = _columns(100_000 if quick else 10_000_000, classes)
        others = {
            "sklearn": partial(confusion_matrix, gold, predicted),
            "bincount": partial(_bincount, gold, predicted, classes),
        }
        figures += _compare(f"confusion.{classes}", gold, predicted, quick, others, goals)
    gold, predicted = (_texts(column) for column in _columns(20_000 if quick else 1_000_000, 10))
    others = {"sklearn": partial(confusion_matrix, gold, predicted)}
    return figures + _compare("confusion.texts", gold, predicted, quick, others, TEXTS)


def _columns(rows: int, classes: int) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    gold = random.integers(0, classes, rows)
    return gold, np.where(random.random(rows) < 0.7, gold, random.integers(0, classes, rows))


def _texts(column: Any) -> list[str]:
    """An object of its own for every row."""
    return [f"label {number}" for number in column.tolist()]


def _bincount(gold: Any, predicted: Any, classes: int) -> Any:
    return np.bincount(gold * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def _native_answer(gold: Any, predicted: Any) -> bytes:
    header = requests.request_bytes(Corpus("", [], []), ["confusion_matrix"], all_rows=False)
    accumulator = _native.Accumulator(_native.Spec.from_request("evaluate", header, requests.limits()))
    if not accumulator.push_columns(gold, predicted):
        raise RuntimeError("the columns were not taken whole")
    return accumulator.finish()


def _compare(
    key: str, gold: Any, predicted: Any, quick: bool, others: Mapping[str, Callable[[], Any]], goals: Goals
) -> list[Figure]:
    evaluate = partial(evald.evaluate, predicted, gold, metrics=["confusion_matrix"], replicates=0)
    matrix = evaluate()["confusion_matrix"].confusion_matrix
    for name, other in others.items():
        if matrix is None or not np.array_equal(np.array(matrix.dense()), other()):
            raise RuntimeError(f"{key}: evald's matrix is not that of {name}; nothing was timed")
    work: dict[str, Callable[[], object]] = {
        **others,
        "native": partial(_native_answer, gold, predicted),
        "evaluate": evaluate,
    }
    measured = interleave(work, rounds_of(quick))
    what = f"{len(gold):,} rows"
    ratios = [
        Figure(f"{key}.{name}", measured.ratio(name, "native"), "x", f"{name} / evald; {what}", goal)
        for name, goal in goals.items()
    ]
    whole = [
        Figure(f"{key}.{name}.evaluate", measured.ratio(name, "evaluate"), "x", "the whole call") for name in others
    ]
    times = [milliseconds(f"{key}.ms.{name}", measured.seconds(name), f"CPU time, {what}") for name in work]
    return [*ratios, *whole, *times]


if __name__ == "__main__":
    sys.exit(main("metrics_labels", run))
