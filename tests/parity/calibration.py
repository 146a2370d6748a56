"""Calibration errors against scikit-learn's bins, averaged by definition."""

from __future__ import annotations

import random

import numpy as np
from tests.metrics.oracles import calibration_error, reliability, top_label
from tests.metrics.test_calibration import BINNINGS, CLOSED, keys
from tests.metrics.test_scores import named, rows
from tests.parity.runner import Case, CaseCheck, Check, Expected


def case(choose: random.Random) -> Case:
    """Any kind of bins, with confidences on their borders now and then."""
    draw = np.random.default_rng(choose.getrandbits(64))
    classes, count = choose.choice((2, 3, 10)), choose.choice((1, 3, 20, 200))
    scores = draw.random((count, classes)) ** choose.choice((1, 5))
    if choose.random() < 0.5:
        # Twentieths of the most probable of two classes: borders of 2, 4, 5, 10 and 20 bins.
        classes, share = 2, draw.integers(0, 21, count) / 20
        scores = np.stack([1 - share, share], axis=1)
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    gold = [int(label) for label in draw.integers(0, classes, count)]
    expected = {}
    for _ in range(3):
        binning, closed, bins = (
            choose.choice(BINNINGS),
            choose.choice(CLOSED),
            choose.choice((1, 2, 5, 10, 15, 20, 100)),
        )
        found = reliability(*top_label(probabilities, gold), bins=bins, binning=binning, closed=closed)
        names = ("count", "confidence", "accuracy")
        parts = {
            f"bin.{at + 1}.{name}": float(part[at])
            for name, part in zip(names, found, strict=True)
            for at in range(bins)
        }
        for norm, key in keys(binning, closed, bins).items():
            expected[key] = Expected(calibration_error(norm, *found), None, parts)
    return Case(rows(gold, probabilities, named(classes)), expected, named(classes))


def calibration() -> list[Check]:
    """ECE and MCE."""
    return [CaseCheck(case, tolerance=1e-12)]
