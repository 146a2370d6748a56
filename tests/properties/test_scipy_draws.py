"""Resampling agrees with scipy's own, which draws otherwise: rows with replacement, and swaps of its generator."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from tests.properties.build import Question, Row, labels, result_of, texts
from tests.properties.test_intervals import SCORE, asked, scored

from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.statistics_pb2 import PairedResult, TestMethod

Numbers = npt.NDArray[np.float64]
Columns = tuple[Numbers, ...]

ROWS = 400
REPLICATES = 2_000
REPEATS = 20
DRAWS = 10_000
SWAPS = {"test": TestMethod.TEST_METHOD_PAIRED_RANDOMISATION, "replicates": 0}


def mean(scores: Numbers, axis: int) -> Numbers:
    return np.asarray(scores.mean(axis=axis))


def ratio(wrong: Numbers, words: Numbers, axis: int) -> Numbers:
    return np.asarray(wrong.sum(axis=axis) / words.sum(axis=axis))


def ratio_difference(base: Numbers, new: Numbers, words: Numbers, axis: int) -> Numbers:
    return ratio(new, words, axis) - ratio(base, words, axis)


def transcripts(random: np.random.Generator, rows: int) -> tuple[list[Row], Columns]:
    """Rows of words that occur once, so that a wrong one is one edit; wrong words by system, and words."""
    lengths = random.integers(3, 12, size=rows)
    references = [list("abcdefghijkl"[:length]) for length in lengths]
    rates = random.uniform(0, 0.5, size=rows)

    def said(factor: float) -> list[list[str]]:
        return [
            ["x" if random.random() < rate * factor else word for word in row]
            for row, rate in zip(references, rates, strict=True)
        ]

    systems = [said(1.0), said(0.9)]
    wrong = [np.array([float(row.count("x")) for row in system]) for system in systems]
    joined = [[" ".join(row) for row in system] for system in systems]
    rows_of = texts(joined, [[" ".join(row)] for row in references])
    return rows_of, (*wrong, lengths.astype(float))


def ends(data: Columns, statistic: Callable[..., Numbers], method: str, level: float) -> Numbers:
    """Both ends of scipy's interval, from REPEATS bootstraps of their own."""
    found = []
    for repeat in range(REPEATS):
        drawn = stats.bootstrap(
            data,
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=REPLICATES,
            method=method,
            confidence_level=level,
            rng=np.random.default_rng(repeat),
        )
        found.append(drawn.confidence_interval)
    return np.array(found)


def check_ends(estimate: Any, found: Numbers) -> None:
    """Within four standard errors of the difference between one bootstrap and the mean of REPEATS others."""
    errors = found.std(axis=0, ddof=1) * math.sqrt(1 + 1 / REPEATS)
    apart = (np.array([estimate.low, estimate.high]) - found.mean(axis=0)) / errors
    assert np.abs(apart).max() < 4, apart


def expanded(level: float, rows: int) -> float:
    """The level whose percentiles are those of the expanded interval (Hesterberg 2015)."""
    reach = math.sqrt(rows / (rows - 1)) * stats.t.isf((1 - level) / 2, rows - 1)
    return float(1 - 2 * stats.norm.sf(reach))


@pytest.mark.parametrize(("method", "theirs"), [("percentile_bootstrap", "percentile"), ("bca", "BCa")])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_bootstrap_intervals_are_those_of_scipy(method: str, theirs: str, level: float) -> None:
    """A skewed mean, a ratio of sums, and a paired difference of ratios."""
    random = np.random.default_rng(11)
    drawn = expanded(level, ROWS) if method == "percentile_bootstrap" else level
    statistics = asked(method, replicates=REPLICATES, confidence_level=level)
    scores = random.lognormal(size=ROWS)
    answer = Question([SCORE], statistics=statistics).answer(scored(scores[None]))
    check_ends(result_of(answer, SCORE).estimate, ends((scores,), mean, theirs, drawn))
    rows, (base, new, words) = transcripts(random, ROWS)
    answer = Question(["wer"], ("base", "new"), "compare", statistics=statistics).answer(rows)
    assert isinstance(answer, CompareResponse)
    check_ends(result_of(answer, "wer", "base").estimate, ends((base, words), ratio, theirs, drawn))
    difference = ends((base, new, words), ratio_difference, theirs, drawn)
    check_ends(answer.comparisons[0].difference, difference)


def macro_f1(predicted: Numbers, gold: Numbers, axis: int) -> Numbers:
    """By its definition, over classes 0 to 2."""
    of_class = []
    for label in range(3):
        hits = ((predicted == label) & (gold == label)).sum(axis=axis)
        counted = (predicted == label).sum(axis=axis) + (gold == label).sum(axis=axis)
        of_class.append(2 * hits / counted)
    return np.asarray(np.mean(of_class, axis=0))


def swapped(data: Columns, statistic: Callable[..., Numbers], draws: float) -> float:
    """The p-value of scipy for the exchange of the two systems row by row."""
    found = stats.permutation_test(
        data,
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        batch=500,
        rng=np.random.default_rng(5),
    )
    return float(found.pvalue)


def compared(metric: str, rows: list[Row], seed: int = 12_345) -> PairedResult:
    answer = Question([metric], ("base", "new"), "compare", statistics={**SWAPS, "seed": seed}).answer(rows)
    assert isinstance(answer, CompareResponse)
    return answer.comparisons[0]


def check_p(found: PairedResult, theirs: float) -> None:
    """Within four standard errors of their difference; scipy doubles the share of one tail, evald counts both."""
    p = (found.p_value + theirs) / 2
    assert 0.0005 < p < 0.9, "a p-value that says little about draws"
    error = math.sqrt((p * (1 - p) + 2 * p * (1 - p / 2)) / DRAWS)
    assert abs(found.p_value - theirs) < 4 * error
    assert found.draws == DRAWS


@pytest.mark.parametrize("seed", range(4))
def test_randomisation_is_scipys_permutation_test(seed: int) -> None:
    """For a mean, a ratio of sums, and macro-F1."""
    random = np.random.default_rng(seed)
    scores = random.lognormal(size=(2, 150)) + np.array([[0.0], [0.15]])
    theirs = swapped(tuple(scores), lambda base, new, axis: (new - base).mean(axis=axis), DRAWS - 1)
    check_p(compared(SCORE, scored(scores)), theirs)
    rows, (wrong, less, words) = transcripts(random, 150)
    theirs = swapped((wrong, less), lambda base, new, axis: ratio(new - base, words, axis), DRAWS - 1)
    check_p(compared("wer", rows), theirs)
    gold = random.integers(3, size=150).astype(float)
    said = [np.where(random.random(150) < rate, gold, random.integers(3, size=150)) for rate in (0.6, 0.7)]

    def difference(base: Numbers, new: Numbers, axis: int) -> Numbers:
        return np.asarray(macro_f1(new, gold, axis) - macro_f1(base, gold, axis))

    theirs = swapped((said[0], said[1]), difference, DRAWS - 1)
    named = [[f"{label:g}" for label in column] for column in (gold, *said)]
    check_p(compared("f1(average=macro)", labels(named[1:], named[0])), theirs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rows", [3, 7, 10])
def test_all_swaps_of_few_rows_are_scipys(rows: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(2, rows))
    theirs = swapped(tuple(scores), lambda base, new, axis: (new - base).mean(axis=axis), math.inf)
    found = compared(SCORE, scored(scores))
    assert found.p_value == pytest.approx(theirs, rel=1e-12)
    assert found.draws == 2**rows
