"""Paired tests and effect sizes equal statsmodels and scipy, on rows as they come and as the answer reports them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_effectsize
from tests.properties import bell_mccaffrey
from tests.properties.draws import Numbers

import evald
from evald.errors import InvalidRequestError

COUNTS = st.one_of(st.integers(0, 60), st.integers(0, 5_000), st.sampled_from([10**5, 10**5 + 137]))


def exactly(expected: float) -> Any:
    """The number to 1e-12, however small it is, but for tails below 1e-290, which are zero to scipy."""
    return pytest.approx(expected, rel=1e-12, abs=2e-290)


def flips(wins: int, losses: int, ties: int = 10, **options: object) -> evald.results.PairedResult:
    """A comparison by accuracy with so many rows won and lost."""
    base = ["x"] * wins + ["y"] * (losses + ties)
    new = ["y"] * wins + ["x"] * losses + ["y"] * ties
    asked = {"replicates": 0} | options
    found = evald.compare(base, {"new": new}, ["y"] * len(base), metrics="accuracy", **asked)  # type: ignore[arg-type]
    return found["accuracy"]


@given(COUNTS, COUNTS)
def test_mcnemar_is_that_of_statsmodels(wins: int, losses: int) -> None:
    found = flips(wins, losses)
    expected = mcnemar([[10, wins], [losses, 0]], exact=True).pvalue
    assert (found.test, found.draws) == ("mcnemar_exact", 0)
    assert found.p_value == exactly(expected)
    assert (found.wins, found.losses, found.ties) == (wins, losses, 10)
    sign = flips(wins, losses, test="sign")
    assert (sign.test, sign.p_value) == ("sign", found.p_value)
    if wins + losses:
        assert sign.p_value == exactly(stats.binomtest(wins, wins + losses).pvalue)
        few = min(wins, losses)
        half = 0.0 if wins == losses else stats.binom.pmf(few, wins + losses, 0.5)
        mid = flips(wins, losses, test="mcnemar_midp")
        assert mid.test == "mcnemar_midp"
        assert mid.p_value == pytest.approx(expected - half, rel=1e-11, abs=1e-290)


def scored(
    base: Sequence[float] | Numbers, new: Sequence[float] | Numbers, **options: object
) -> evald.results.PairedResult:
    """A comparison by the callers' own scores."""
    systems = {name: [{"scores": {"s": float(n)}} for n in row] for name, row in (("base", base), ("new", new))}
    found = evald.compare(systems=systems, metrics=["score(of=s,direction=higher)"], replicates=0, **options)  # type: ignore[arg-type]
    return found.comparisons[0]


@pytest.mark.parametrize("count", [2, 3, 10, 41, 400, 6_000, 30_000])
@pytest.mark.parametrize(("location", "scale"), [(0.0, 1.0), (0.05, 1e-6), (1e4, 1e-3), (-0.2, 1e8)])
def test_the_t_test_is_that_of_scipy(count: int, location: float, scale: float) -> None:
    """Also far beyond as many rows as slots, and where the mean hides the variance."""
    draw = np.random.default_rng(count)
    base = draw.normal(location, scale, count)
    new = base + draw.normal(0.1 * scale, scale, count)
    found = scored(base, new, test="paired_t")
    assert (found.test, found.draws, found.n) == ("paired_t", 0, count)
    assert found.p_value == exactly(exact_t(new - base))
    if location == 0.0:
        assert found.p_value == pytest.approx(stats.ttest_rel(new, base).pvalue, rel=1e-11, abs=1e-290)
    size = (new - base).mean() / (new - base).std(ddof=1)
    assert found.effect_sizes is not None
    assert found.effect_sizes["cohen_dz"] == pytest.approx(size, rel=1e-9)


def exact_t(differences: Numbers) -> float:
    """The p-value of scipy's distribution for a mean and a variance of exact sums, as scipy's own lose digits."""
    count = len(differences)
    mean = math.fsum(differences) / count
    variance = math.fsum((differences - mean) ** 2) / (count - 1)
    return float(2 * stats.t.sf(abs(mean / math.sqrt(variance / count)), count - 1))


def test_a_clustered_t_test_is_that_of_bell_and_mccaffrey() -> None:
    """Several samples of an id are a cluster, too."""
    draw = np.random.default_rng(5)
    groups = draw.integers(0, 40, 600)
    base = draw.normal(0, 1, 600)
    new = base + draw.normal(0.1, 1, 40)[groups] + draw.normal(0, 0.5, 600)
    found = scored(base, new, test="paired_t", clusters=[int(group) for group in groups])
    assert found.test == "cluster_robust_t"
    assert found.p_value == pytest.approx(bell_mccaffrey.p_value(new - base, groups), rel=1e-10)
    ids = sorted(groups)
    samples = [at - ids.index(group) for at, group in enumerate(ids)]
    order = np.argsort(groups, kind="stable")
    of_ids = [f"{group}" for group in ids]
    again = scored(base[order], new[order], test="paired_t", ids=of_ids, samples=samples)
    assert again.test == "cluster_robust_t"
    assert again.p_value == pytest.approx(found.p_value, rel=1e-12)


def test_a_weighted_t_test_is_that_of_weighted_moments() -> None:
    """Every row a cluster of its own."""
    draw = np.random.default_rng(6)
    gold = draw.integers(0, 2, 300)
    systems = {
        name: np.where(draw.random(300) < skill, gold, 1 - gold) for name, skill in (("base", 0.6), ("new", 0.7))
    }
    weights = draw.integers(1, 5, 300)
    answers = {name: [str(label) for label in row] for name, row in systems.items()}
    found = evald.compare(
        systems=answers, references=[str(label) for label in gold], metrics="accuracy", test="paired_t", replicates=0,
        weights=[int(weight) for weight in weights],
    )["accuracy"]  # fmt: skip
    difference = (systems["new"] == gold).astype(float) - (systems["base"] == gold)
    mean = (weights * difference).sum() / weights.sum()
    assert found.test == "cluster_robust_t"
    assert found.difference == pytest.approx(mean, rel=1e-12)
    assert found.p_value == pytest.approx(bell_mccaffrey.p_value(difference, np.arange(300), weights), rel=1e-10)


def test_t_of_differences_that_do_not_vary() -> None:
    """There is no difference at all in the first, where scipy gives nan; here p is 1, as for every other test."""
    assert scored([1, 2, 3], [1, 2, 3], test="paired_t").p_value == 1
    assert scored([1, 2, 3], [2, 3, 4], test="paired_t").p_value == 0
    assert scored([1], [2], test="paired_t").p_value is None


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 200))
def test_effect_sizes_are_those_of_statsmodels(ties: int, wins: int, losses: int) -> None:
    found = flips(wins, losses, ties)
    sizes = found.effect_sizes
    assert sizes is not None
    count = ties + wins + losses
    h = proportion_effectsize((ties + wins) / count, (ties + losses) / count)
    assert sizes["cohen_h"] == pytest.approx(h, rel=1e-12, abs=1e-12)
    assert sizes.get("odds_ratio") == (wins / losses if losses else None)
    difference = [1.0] * wins + [-1.0] * losses + [0.0] * ties
    if wins + losses:
        assert sizes["cohen_dz"] == pytest.approx(np.mean(difference) / np.std(difference, ddof=1), rel=1e-12)


def test_effect_sizes_need_row_scores() -> None:
    found = evald.compare(["a", "b"], {"new": ["a", "a"]}, ["a", "b"], metrics="f1(average=macro)")
    assert found.comparisons[0].effect_sizes == {}


REFUSED = [
    ("mcnemar_exact", "rouge_l", {}, "McNemar's test is for shares of right rows, which rouge_l is not"),
    ("mcnemar_midp", "bleu", {}, "which bleu is not"),
    ("paired_t", "bleu", {}, "the t test is for means of row scores"),
    ("sign", "distinct_n", {}, "the sign test is for metrics with row scores"),
    ("mcnemar_exact", "exact_match", {"clusters": ["a", "a", "b"]}, "they have clusters"),
    ("mcnemar_midp", "exact_match", {"ids": ["a", "a", "b"], "samples": [0, 1, 0]}, "ids have several samples"),
    ("sign", "rouge_l", {"clusters": ["a", "a", "b"]}, "ask for PAIRED_RANDOMISATION or PAIRED_T"),
]


@pytest.mark.parametrize(("test", "metric", "rows", "words"), REFUSED)
def test_what_a_metric_or_its_rows_cannot_have_is_refused(
    test: str, metric: str, rows: dict[str, object], words: str
) -> None:
    base, new = ["a b", "b c", "c d"], ["a b", "b d", "c d"]
    with pytest.raises(InvalidRequestError, match=words) as caught:
        evald.compare(base, {"new": new}, ["a b", "b c", "d d"], metrics=metric, test=test, **rows)  # type: ignore[arg-type]
    assert caught.value.reason == "UNSUITABLE_TEST"
    assert [violation.field for violation in caught.value.violations] == ["spec.statistics.test"]


def test_dependent_rows_are_tested_by_randomisation() -> None:
    rows = {"clusters": ["a", "a", "b"]}
    found = evald.compare(["a", "b", "c"], {"new": ["a", "b", "d"]}, ["a", "b", "d"], metrics="accuracy", **rows)  # type: ignore[arg-type]
    assert (found["accuracy"].test, found["accuracy"].draws) == ("paired_randomisation", 4)


def test_a_sign_test_against_the_difference_decides_nothing() -> None:
    """Many rows a little better, few a lot worse: rows won and the mean point in opposite ways."""
    found = scored([0.0] * 60, [0.1] * 50 + [-9.0] * 10, test="sign")
    assert found.difference is not None
    assert found.difference < 0
    assert found.p_value is not None
    assert found.p_value < 1e-6
    assert found.decision == "inconclusive"
    assert scored([0.0] * 60, [0.1] * 55 + [-0.3] * 5, test="sign").decision == "improved"


def test_a_gate_without_a_margin_agrees_with_the_sign_test() -> None:
    systems = {"base": [0.0] * 60, "new": [0.1] * 50 + [-9.0] * 10}
    result = evald.compare(
        systems={name: [{"scores": {"s": score}} for score in row] for name, row in systems.items()},
        metrics="score(of=s,direction=higher)", test="sign", replicates=100,
        gate={"rules": [{"metric": "score(of=s,direction=higher)", "margin": 0}]},
    )  # fmt: skip
    assert result.comparisons[0].decision == "inconclusive"
    assert result.gate is not None
    assert result.gate.verdict == "inconclusive"
    assert "points another way than the difference" in result.gate.candidates[0].rules[0].reason
    assert evald.gate({"rules": [{"metric": "score(of=s,direction=higher)", "margin": 0}]}, result) == result.gate
