"""Errors and correlations against scikit-learn and scipy, and exact arithmetic where those lose bits."""

from __future__ import annotations

import random

from tests.metrics.test_regression import numbers, reference
from tests.parity.runner import Case, CaseCheck, Check, Expected, undefined


def case(choose: random.Random) -> Case:
    """Ties, constants, large offsets."""
    count = choose.choice((1, 2, 5, 40, 200))
    offset, scale = choose.choice((0.0, 0.0, -3.5, 1e6)), choose.choice((1.0, 0.001, 1e6))
    levels = [round(offset + scale * choose.gauss(0, 1), 6) for _ in range(choose.choice((1, 2, 4, 300)))]
    gold = choose.choices(levels, k=count)
    predicted = [number if choose.random() < 0.2 else round(number + scale * choose.gauss(0, 1), 6) for number in gold]
    if choose.random() < 0.4:
        predicted = choose.choices(levels, k=count)
    rows = [abs(one - other) for one, other in zip(predicted, gold, strict=True)]
    expected = {metric: Expected(undefined(value)) for metric, value in reference(predicted, gold).items()}
    for metric in ("mae", "rmse"):
        expected[metric] = Expected(expected[metric].value, rows)
    return Case(numbers(predicted, gold), expected)


def regression() -> list[Check]:
    """MAE, RMSE, R2, Pearson, Spearman, Kendall."""
    return [CaseCheck(case, tolerance=1e-12)]
