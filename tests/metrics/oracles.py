"""Definitions that no reference package has as one function, in terms of those that it has; reading answers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import precision_recall_fscore_support
from sklearn.naive_bayes import MultinomialNB

from evald.v1.metric_pb2 import ConfusionMatrix

Numbers = NDArray[np.float64]


def dense(matrix: ConfusionMatrix) -> Numbers:
    """All cells of a confusion matrix, whichever way it says them."""
    size = len(matrix.labels)
    if matrix.counts:
        return np.array(matrix.counts, dtype=float).reshape(size, size)
    cells = np.zeros((size, size))
    cells[list(matrix.cell_gold), list(matrix.cell_predicted)] = matrix.cell_value
    return cells


def f_of_means(
    gold: Any, predicted: Any, labels: Any, *, beta: float = 1.0, zero_division: float = 0, weights: Any = None
) -> float:
    """F of the classes' mean precision and mean recall (Sokolova and Lapalme 2009)."""
    by_class = precision_recall_fscore_support(
        gold, predicted, beta=beta, labels=labels, average=None, sample_weight=weights, zero_division=zero_division
    )
    means = [of_rate[~np.isnan(of_rate)] for of_rate in by_class[:2]]
    precision, recall = (float(of_rate.mean()) if of_rate.size else np.nan for of_rate in means)
    below = beta**2 * precision + recall
    return zero_division if below == 0 else (1 + beta**2) * precision * recall / below


def borders(confidence: Numbers, bins: int, binning: str) -> Numbers:
    """The borders of bins, as scikit-learn's calibration_curve has them."""
    shares = np.linspace(0, 1, bins + 1)
    return np.percentile(confidence, shares * 100) if binning == "quantile" else shares


def reliability(
    confidence: Numbers, right: Numbers, *, bins: int, binning: str, closed: str, weights: Numbers | None = None
) -> tuple[Numbers, Numbers, Numbers]:
    """Of every bin the number of rows, their mean confidence and their accuracy (nan without rows)."""
    inner = borders(confidence, bins, binning)[1:-1]
    # searchsorted's "left" puts a confidence on a border into the bin below it.
    at = np.searchsorted(inner, confidence, side="left" if closed == "right" else "right")
    weights = np.ones_like(confidence) if weights is None else weights

    def total(of_row: Numbers) -> Numbers:
        return np.bincount(at, weights=weights * of_row, minlength=bins).astype(float)

    count = total(np.ones_like(confidence))
    with np.errstate(invalid="ignore"):
        return count, total(confidence) / count, total(right) / count


def calibration_error(norm: str, count: Numbers, confidence: Numbers, accuracy: Numbers) -> float:
    """The gaps of bins as one number."""
    full = count > 0
    gaps, shares = np.abs(accuracy - confidence)[full], count[full] / count.sum()
    if norm == "max":
        return float(gaps.max())
    return float((shares * gaps).sum()) if norm == "l1" else float(np.sqrt((shares * gaps**2).sum()))


def top_label(scores: Numbers, gold: Sequence[int]) -> tuple[Numbers, Numbers]:
    """The probability of each row's most probable class, and whether the class is gold."""
    best = scores.argmax(axis=1)
    return scores.max(axis=1), (best == np.asarray(gold)).astype(float)


@cache
def intents(folder: Path) -> tuple[tuple[int, ...], Numbers]:
    """BANKING77: the gold classes of the test rows and the probabilities that a naive Bayes model gives to all 77."""

    def rows(name: str) -> tuple[list[str], list[str]]:
        with (folder / name).open(encoding="utf-8", newline="") as stream:
            read = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
        return [text for text, _ in read], [label for _, label in read]

    texts, labels = rows("train.csv")
    words = CountVectorizer()
    model = MultinomialNB().fit(words.fit_transform(texts), labels)
    texts, labels = rows("test.csv")
    places = {label: place for place, label in enumerate(model.classes_)}
    return tuple(places[label] for label in labels), model.predict_proba(words.transform(texts))
