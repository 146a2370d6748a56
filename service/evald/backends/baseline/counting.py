"""Baselines that only count: what one would guess without looking at the row. Need no library."""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from evald.backends.baseline.contract import Guesses
from evald.errors import CancelledError

if TYPE_CHECKING:
    from evald.backends.baseline.contract import Lesson
    from evald.backends.contract import CancelToken, Floats

# These kinds are evald's own; provenance names its version.
ENGINE = "evald"
# Rows between two looks whether the call was ended: a millisecond or so.
_CHUNK = 1024


def majority(lesson: Lesson) -> Guesses:
    """For labels the shares of the classes for every row; the most frequent class is the answer, the first of several.

    As scikit-learn's DummyClassifier(strategy="prior"). For texts the reference that most rows have.
    """
    scores = text = None
    if lesson.has_labels:
        shares = np.array(_counts(lesson), dtype=np.float64) / len(lesson.rows)
        scores = np.ascontiguousarray(np.broadcast_to(shares.astype(np.float32), (len(lesson.keys), len(shares))))
    if "prediction_text" in lesson.wants:
        counts = Counter(reference for row in lesson.rows for reference in set(row.references))
        # The first by code point of several.
        text = min(counts, key=lambda reference: (-counts[reference], reference))
    return Guesses(ENGINE, scores=scores, text=text)


def mean(lesson: Lesson) -> Guesses:
    """The mean of the gold numbers, as scikit-learn's DummyRegressor(strategy="mean")."""
    count = len(lesson.rows)
    try:
        value = math.fsum(row.value for row in lesson.rows) / count
    except OverflowError:
        value = math.fsum(row.value / count for row in lesson.rows)
    return Guesses(ENGINE, value=value)


def median(lesson: Lesson) -> Guesses:
    """The median of the gold numbers, as scikit-learn's DummyRegressor(strategy="median")."""
    values = sorted(row.value for row in lesson.rows)
    low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
    # The sum of two large numbers is no number.
    return Guesses(ENGINE, value=low / 2 + high / 2)


def stratified(lesson: Lesson, cancellation: CancelToken) -> Guesses:
    """A class for every row, drawn by the shares of the classes; with sets of labels, each label is drawn by itself.

    As scikit-learn's DummyClassifier(strategy="stratified"), but a draw depends on the seed and the row's key alone,
    not on the order of rows.
    """
    draw = _draw_sets if lesson.multilabel else _draw_classes
    scores = np.zeros((len(lesson.keys), len(lesson.classes)), dtype=np.float32)
    for start in range(0, len(lesson.keys), _CHUNK):
        if cancellation.is_set():
            raise CancelledError("the call was ended while answers were drawn")
        draw(lesson, start, scores[start : start + _CHUNK])
    return Guesses(ENGINE, {"seed": str(lesson.seed)}, scores)


def _draw_classes(lesson: Lesson, start: int, scores: Floats) -> None:
    # The place of a draw among the rows sorted by class: integers, so that shares are exact.
    ends = list(accumulate(_counts(lesson)))
    for row in range(len(scores)):
        place = _draw(lesson, start + row, "") * len(lesson.rows) >> 64
        scores[row, bisect_right(ends, place)] = 1.0


def _draw_sets(lesson: Lesson, start: int, scores: Floats) -> None:
    counts = _counts(lesson)
    for row in range(len(scores)):
        for at, label in enumerate(lesson.classes):
            place = _draw(lesson, start + row, label) * len(lesson.rows) >> 64
            scores[row, at] = place < counts[at]


def _draw(lesson: Lesson, row: int, label: str) -> int:
    """64 random bits of a row and label."""
    name, sample = lesson.keys[row]
    material = f"{lesson.seed}\0{sample}\0{label}\0{name}".encode()
    return int.from_bytes(hashlib.blake2b(material, digest_size=8, person=b"evald-stratified").digest(), "little")


def _counts(lesson: Lesson) -> list[int]:
    found = Counter(label for row in lesson.rows for label in set(row.labels))
    return [found[label] for label in lesson.classes]
