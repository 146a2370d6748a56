"""Regression metrics equal scikit-learn and scipy, and exact arithmetic where those lose bits."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score, root_mean_squared_error
from tests.metrics.conftest import lines
from tests.metrics.golden_rows import check_tables, same
from tests.properties.build import Question, Row, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction

METRICS = ["mae", "rmse", "r2", "pearson", "spearman", "kendall", "kendall(variant=c)"]
TOLERANCE = 1e-12

pytestmark = pytest.mark.filterwarnings("ignore:An input array is constant", "ignore:invalid value encountered")


def numbers(predicted: Sequence[float], gold: Sequence[float], weights: Sequence[float] = ()) -> list[Row]:
    """Rows of numbers."""
    rows = [Row(predictions=[Prediction(value=p)], value=g) for p, g in zip(predicted, gold, strict=True)]
    for row, weight in zip(rows, weights, strict=False):
        row.weight = weight
    return rows


def values(rows: list[Row], metrics: Sequence[str] = METRICS) -> dict[str, float | None]:
    answer = Question(metrics).answer(rows)
    return {metric: value_of(result_of(answer, metric)) for metric in metrics}


def spread(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    """n^2 times the covariance."""
    products = sum((x * y for x, y in zip(left, right, strict=True)), Fraction())
    return len(left) * products - sum(left, Fraction()) * sum(right, Fraction())


def decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def exact(predicted: Sequence[float], gold: Sequence[float]) -> dict[str, float | None]:
    """R2 and Pearson's r in rational numbers; the errors are doubles, as they are in scikit-learn."""
    left, right = [Fraction(x) for x in predicted], [Fraction(y) for y in gold]
    of_left, of_right, both = spread(left, left), spread(right, right), spread(left, right)
    errors = [Fraction(p - g) for p, g in zip(predicted, gold, strict=True)]
    squares = len(gold) * sum((error * error for error in errors), Fraction())
    with localcontext(prec=60):
        r = decimal(both) / (decimal(of_left).sqrt() * decimal(of_right).sqrt()) if of_left and of_right else None
    return {
        "r2": float(1 - squares / of_right) if of_right else None,
        "pearson": None if r is None else float(r),
    }


def defined(number: Any) -> float | None:
    return None if math.isnan(number) else float(number)


def reference(predicted: Sequence[float], gold: Sequence[float]) -> dict[str, float | None]:
    """What does not suffer from rounding in the reference packages."""
    constant = len(set(predicted)) < 2 or len(set(gold)) < 2
    return exact(predicted, gold) | {
        "mae": mean_absolute_error(gold, predicted),
        "rmse": root_mean_squared_error(gold, predicted),
        "spearman": None if constant else defined(stats.spearmanr(predicted, gold).statistic),
        "kendall": None if constant else defined(stats.kendalltau(predicted, gold).statistic),
        "kendall(variant=c)": None if constant else defined(stats.kendalltau(predicted, gold, variant="c").statistic),
    }


def check(predicted: Sequence[float], gold: Sequence[float]) -> None:
    got, expected = values(numbers(predicted, gold)), reference(predicted, gold)
    for metric in METRICS:
        assert same(got[metric], expected[metric], TOLERANCE), (metric, got[metric], expected[metric])


def test_golden() -> None:
    assert check_tables("regression.json") > 50


@pytest.fixture(scope="module")
def lengths(shared_data: Path) -> tuple[list[float], list[float]]:
    """Words of real translations and of their references: 3,004 numbers with many ties."""
    folder = shared_data / "mt-wmt17-en-de"
    system = next(path for path in sorted(folder.iterdir()) if path.name != "reference.txt")
    predicted, gold = (
        [float(len(line.split())) for line in lines(path)] for path in (system, folder / "reference.txt")
    )
    return predicted, gold


def test_real_numbers(lengths: tuple[list[float], list[float]]) -> None:
    check(*lengths)
    predicted, gold = lengths
    got = values(numbers(predicted, gold))
    assert same(got["r2"], r2_score(gold, predicted), TOLERANCE)
    assert same(got["pearson"], stats.pearsonr(predicted, gold).statistic, TOLERANCE)


def test_normal_numbers() -> None:
    draw = np.random.default_rng(20261121)
    for n, correlation in ((2, 0.5), (3, -1), (50, 0.9), (1_000, 0.1), (5_000, 0)):
        gold = draw.normal(3, 2, n)
        predicted = correlation * gold + draw.normal(0, 1, n)
        check(predicted.tolist(), gold.tolist())
        got = values(numbers(predicted.tolist(), gold.tolist()))
        assert same(got["r2"], r2_score(gold, predicted), 1e-9)
        assert same(got["pearson"], stats.pearsonr(predicted, gold).statistic, 1e-9)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9, 1e12])
def test_far_from_zero(offset: float) -> None:
    """Sums of squares lose every digit here; scipy, which takes means off first, loses some."""
    draw = random.Random(7)
    gold = [offset + draw.gauss(0, 1) for _ in range(200)]
    predicted = [number + draw.gauss(0, 0.5) for number in gold]
    check(predicted, gold)


@pytest.mark.parametrize("scale", [1e-9, 1e-6, 1e6, 1e15])
def test_small_and_large(scale: float) -> None:
    draw = random.Random(8)
    gold = [scale * draw.gauss(1, 1) for _ in range(100)]
    check([number + scale * draw.gauss(0, 0.5) for number in gold], gold)


def test_constants_are_undefined() -> None:
    for constant in (0.0, 0.1, -7e12):
        got = values(numbers([1.0, 2.0, 4.0], [constant] * 3))
        assert [got[metric] for metric in METRICS[2:]] == [None] * 5
        got = values(numbers([constant] * 3, [1.0, 2.0, 4.0]))
        assert got["r2"] is not None
        assert [got[metric] for metric in METRICS[3:]] == [None] * 4


def test_rows_have_their_errors() -> None:
    answer = Question(["mae", "rmse"], rows=True).answer(numbers([1.0, 2.5], [3.0, 2.0]))
    assert row_scores(answer, "mae") == row_scores(answer, "rmse") == [2.0, 0.5]
    assert components(result_of(answer, "rmse")) == {"mse": 2.125}


def test_weights_are_those_of_scikit_learn() -> None:
    draw = random.Random(9)
    gold = [draw.gauss(5, 2) for _ in range(300)]
    predicted = [number + draw.gauss(0, 1) for number in gold]
    weights = [draw.uniform(0.01, 3) for _ in gold]
    got = values(numbers(predicted, gold, weights), ["mae", "rmse", "r2"])
    assert same(got["mae"], mean_absolute_error(gold, predicted, sample_weight=weights), TOLERANCE)
    assert same(got["rmse"], math.sqrt(mean_squared_error(gold, predicted, sample_weight=weights)), TOLERANCE)
    assert same(got["r2"], r2_score(gold, predicted, sample_weight=weights), TOLERANCE)


def test_a_whole_weight_is_so_many_rows() -> None:
    gold, predicted, weights = [1.5, 2.25, 8.0, 1e6], [1.0, 3.0, 7.5, 1e6 + 3], [2, 1, 3, 5]
    rows = [(p, g) for p, g, times in zip(predicted, gold, weights, strict=True) for _ in range(times)]
    metrics = ["mae", "rmse", "r2", "pearson"]
    repeated = values(numbers([p for p, _ in rows], [g for _, g in rows]), metrics)
    assert values(numbers(predicted, gold, weights), metrics) == repeated


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e300, 2.0**63])
def test_numbers_out_of_range_are_refused(wrong: float) -> None:
    for rows, field in (
        (numbers([1.0, wrong], [1.0, 2.0]), "instances[1].predictions[0].value"),
        (numbers([1.0, 2.0], [1.0, wrong]), "instances[1].value"),
    ):
        for metric in METRICS:
            with pytest.raises(InvalidRequestError) as caught:
                Question([metric]).answer(rows)
            assert [violation.field for violation in caught.value.violations] == [field]


TIED = st.integers(-3, 3).map(float)
ANY = st.one_of(TIED, st.floats(-1e6, 1e6), st.integers(-(2**40), 2**40).map(float))


@given(st.lists(st.tuples(TIED, TIED), min_size=1, max_size=40))
def test_tied_numbers(rows: list[tuple[float, float]]) -> None:
    check([p for p, _ in rows], [g for _, g in rows])


@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=30))
def test_any_numbers(rows: list[tuple[float, float]]) -> None:
    # Numbers below the finest step of the sums are cut off: no business of this test.
    rounded = [(round(p, 6), round(g, 6)) for p, g in rows]
    check([p for p, _ in rounded], [g for _, g in rounded])


@given(st.lists(st.tuples(TIED, ANY), min_size=2, max_size=20), st.randoms())
def test_order_does_not_matter(rows: list[tuple[float, float]], draw: random.Random) -> None:
    shuffled = draw.sample(rows, len(rows))
    one, other = (values(numbers([p for p, _ in order], [g for _, g in order])) for order in (rows, shuffled))
    assert one == other
