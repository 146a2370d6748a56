"""Margins, rankings and bounds equal an independent implementation of what the documentation says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired
from tests.properties import draws
from tests.properties.build import Question
from tests.properties.draws import Numbers
from tests.properties.test_accumulator import make_rows, split
from tests.properties.test_paired_tests import flips, scored

import evald
from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.statistics_pb2 import TestMethod


def likely_share(up: int, down: int, rows: int, difference: float) -> float:
    """The likeliest share of rows that go down if the shares differ by so much, by search."""

    def minus_log(share: float) -> float:
        shares = np.array([share + difference, share, 1 - 2 * share - difference])
        counts = np.array([up, down, rows - up - down])
        return float(-stats.multinomial.logpmf(counts, rows, shares / shares.sum()))

    bounds = (max(0.0, -difference) + 1e-12, (1 - difference) / 2 - 1e-12)
    return float(optimize.minimize_scalar(minus_log, bounds=bounds, method="bounded", options={"xatol": 1e-13}).x)


def tango(up: int, down: int, rows: int, difference: float) -> float:
    """Tango 1998: the observed difference minus the supposed one in standard errors under the latter."""
    share = likely_share(up, down, rows, difference)
    error = math.sqrt((2 * share + difference - difference**2) / rows)
    return ((up - down) / rows - difference) / error


@given(st.integers(1, 60), st.integers(1, 60), st.integers(5, 500), st.sampled_from([0.01, 0.05, 0.2]))
def test_margins_of_shares_are_tangos(wins: int, losses: int, ties: int, margin: float) -> None:
    rows = wins + losses + ties
    found = flips(wins, losses, ties, margin=margin)
    below = stats.norm.sf(tango(wins, losses, rows, -margin))
    above = stats.norm.cdf(tango(wins, losses, rows, margin))
    assert found.p_not_worse == pytest.approx(below, rel=1e-4, abs=1e-9)
    assert found.p_equivalent == pytest.approx(max(below, above), rel=1e-4, abs=1e-9)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(2, 300), st.sampled_from([0.8, 0.95]))
def test_intervals_of_differences_of_shares_are_tangos(wins: int, losses: int, ties: int, level: float) -> None:
    """The differences that the test does not reject: its score is at the quantile at both ends."""
    rows = wins + losses + ties
    found = flips(wins, losses, ties, replicates=100, confidence_level=level)
    assert found.method == "tango"
    assert found.low is not None
    assert found.high is not None
    assert found.difference is not None
    quantile = stats.norm.isf((1 - level) / 2)
    for end, expected in ((found.low, quantile), (found.high, -quantile)):
        assert tango(wins, losses, rows, end) == pytest.approx(expected, abs=2e-3)
    assert found.difference is not None
    assert found.low <= found.difference <= found.high


@pytest.mark.parametrize(("rows", "margin"), [(100, 0.1), (900, 0.3), (2_000, 0.2), (4_000, 0.15), (7_800, 0.148)])
def test_far_tails_of_margins_are_scipys(rows: int, margin: float) -> None:
    """Nothing changed: the likeliest share that goes down is 0, and the score has a formula."""
    found = flips(0, 0, rows, margin=margin)
    score = math.sqrt(rows * margin / (1 - margin))
    assert found.p_not_worse == pytest.approx(stats.norm.sf(score), rel=1e-12, abs=0)
    assert found.p_equivalent == pytest.approx(found.p_not_worse, rel=1e-12, abs=0)


@pytest.mark.parametrize("margin", [0.02, 0.1, 0.5])
def test_margins_of_means_are_two_t_tests(margin: float) -> None:
    draw = np.random.default_rng(3)
    base = draw.normal(0, 1, 500)
    new = base + draw.normal(0.05, 0.4, 500)
    found = scored(base, new, margin=margin)
    equivalence, lower, _ = ttost_paired(new, base, -margin, margin)
    assert found.p_not_worse == pytest.approx(lower[1], rel=1e-10)
    assert found.p_equivalent == pytest.approx(equivalence, rel=1e-10)


def test_margins_follow_the_direction() -> None:
    """A lower error is better: not worse means not higher."""
    systems = {"base": [1.0] * 40 + [2.0] * 40, "new": [1.1] * 40 + [2.2] * 40}
    found = evald.compare(systems=systems, references=[1.0] * 80, metrics="mae", margin=0.2)["mae"]
    assert found.p_not_worse is not None
    error = np.array([0.1] * 40 + [0.2] * 40)
    t = (error.mean() - 0.2) / (error.std(ddof=1) / math.sqrt(80))
    assert found.p_not_worse == pytest.approx(stats.t.cdf(t, 79), rel=1e-9)
    assert (found.decision, found.within_margin) == ("regressed", True)


def test_margins_of_other_metrics_are_counted_in_replicates() -> None:
    """The documented draws: the share of replicates at or beyond the margin."""
    choose = np.random.default_rng(8)
    gold = choose.choice(list("abc"), 300)
    wrong = choose.choice(list("abc"), (2, 300))
    base, new = (
        np.where(choose.random(300) < skill, gold, other) for skill, other in zip((0.7, 0.72), wrong, strict=True)
    )
    ids = [f"{row}" for row in range(300)]
    found = evald.compare(
        list(base), {"new": list(new)}, list(gold), metrics="f1(average=macro)", ids=ids, margin=0.03
    )["f1(average=macro)"]
    slots = draws.slots_of([draws.key_hash(one) for one in ids])
    weights = draws.bootstrap_weights(12_345, 1_000, 300)[:, slots]
    replicates = macro_f1(weights, gold, new) - macro_f1(weights, gold, base)
    below = ((replicates <= -0.03).sum() + 1) / 1_001
    above = ((replicates >= 0.03).sum() + 1) / 1_001
    assert found.p_not_worse == pytest.approx(below, rel=1e-12)
    assert found.p_equivalent == pytest.approx(max(below, above), rel=1e-12)


def macro_f1(weights: Numbers, gold: Any, predicted: Any) -> Numbers:
    """By replicate."""
    of_class = []
    for label in "abc":
        right = weights @ ((gold == label) & (predicted == label))
        of_class.append(2 * right / (weights @ (gold == label) + weights @ (predicted == label)))
    return np.array(np.mean(of_class, axis=0))


def test_systems_that_do_not_differ_need_rows_to_be_equivalent() -> None:
    """Nothing changed in n rows: a share of margin / range of them that would have changed goes unseen so often."""
    for count, decision in ((20, "inconclusive"), (400, "equivalent")):
        answers = ["a", "b"] * (count // 2)
        found = evald.compare(answers, {"new": answers}, answers, metrics="f1(average=macro)", margin=0.02).comparisons[
            0
        ]
        assert found.p_equivalent == pytest.approx(0.98**count, rel=1e-9)
        assert found.decision == decision
    assert scored([1.0] * 500, [1.0] * 500, margin=0.1).p_equivalent is None


def test_margins_are_a_family() -> None:
    """p-values of all comparisons with a margin are corrected together, as those of differences are."""
    choose = np.random.default_rng(1)
    gold = ["a"] * 400
    systems = {name: list(np.where(choose.random(400) < 0.7, "a", "b")) for name in ("base", "x", "y", "z")}
    raw = [
        evald.compare(systems["base"], {name: systems[name]}, gold, metrics="accuracy", margin=0.06).comparisons[0]
        for name in ("x", "y", "z")
    ]
    together = evald.compare(systems=systems, references=gold, metrics="accuracy", margin=0.06)
    for what in ("p_not_worse", "p_equivalent"):
        expected = multipletests([getattr(one, what) for one in raw], method="holm")[1]
        assert [getattr(one, what) for one in together.comparisons] == pytest.approx(list(expected), rel=1e-12)


def test_ranks_are_those_of_the_documented_replicates() -> None:
    choose = np.random.default_rng(2)
    gold, ids = ["a"] * 200, [f"{row}" for row in range(200)]
    right = {name: choose.random(200) < skill for name, skill in (("base", 0.6), ("x", 0.62), ("y", 0.75), ("z", 0.5))}
    right["twin"] = right["x"]
    systems = {name: list(np.where(one, "a", "b")) for name, one in right.items()}
    found = evald.compare(systems=systems, references=gold, metrics="accuracy", ids=ids, confidence_level=0.9)
    slots = draws.slots_of([draws.key_hash(one) for one in ids])
    weights = draws.bootstrap_weights(12_345, 1_000, 200)[:, slots]
    # Shares of right rows order as numbers of them do: replicates of one draw have the same rows.
    numbers = np.array([weights @ one for one in right.values()])
    ranks = 1 + (numbers[None, :, :] > numbers[:, None, :]).sum(axis=1)
    ordered = np.sort(ranks, axis=1)
    (ranking,) = found.rankings
    whole = np.array([one.sum() for one in right.values()])
    for one in ranking.ranks:
        place = list(right).index(one.system)
        assert one.rank == 1 + (whole > whole[place]).sum()
        assert (one.best, one.worst) == (ordered[place][50], ordered[place][949])
    assert [one.rank for one in ranking.ranks] == sorted(one.rank for one in ranking.ranks)
    by_name = {one.system: one for one in ranking.ranks}
    assert by_name["x"].rank == by_name["twin"].rank


@given(st.lists(st.tuples(st.sampled_from([0, 1, None]), st.sampled_from([0, 1, None])), min_size=1, max_size=9))
def test_bounds_are_the_extremes_of_every_answer(scores: list[tuple[int | None, int | None]]) -> None:
    """Worst and best completion of the rows that one system answered."""
    rows = [
        {
            "label": "a",
            "predictions": {name: None if one is None else "ba"[one] for name, one in zip("xy", row, strict=True)},
        }
        for row in scores
    ]
    found = evald.compare(rows=rows, metrics="accuracy", replicates=0)["accuracy"]
    known = [row for row in scores if row != (None, None)]
    if all(None not in row for row in known):
        assert (found.lowest_difference, found.highest_difference) == (None, None)
        return

    def mean(missing_base: int, missing_new: int) -> float:
        filled = [(missing_base if base is None else base, missing_new if new is None else new) for base, new in known]
        return sum(new - base for base, new in filled) / len(known)

    assert found.lowest_difference == pytest.approx(mean(1, 0), abs=1e-12)
    assert found.highest_difference == pytest.approx(mean(0, 1), abs=1e-12)


TESTED = Question(
    ("rouge_l", "exact_match", "token_f1"),
    ("base", "new", "newer"),
    "compare",
    statistics={"replicates": 100, "test": TestMethod.TEST_METHOD_PAIRED_T, "margin": 0.01},
)


@pytest.mark.parametrize("clusters", [0, 7])
@pytest.mark.parametrize("seed", range(3))
def test_tests_and_margins_do_not_depend_on_order_or_shards(clusters: int, seed: int) -> None:
    rows = make_rows(40, 3, seed, clusters=clusters)
    whole = TESTED.accumulate(rows)
    answer = CompareResponse.FromString(whole.finish())
    assert {one.test for one in answer.comparisons} == {"cluster_robust_t" if clusters else "paired_t"}
    assert all(one.HasField("p_equivalent") and one.HasField("lowest_difference") for one in answer.comparisons)
    pieces = split(rows[::-1], [5, 17])
    merged = TESTED.merge([TESTED.accumulate(piece).state() for piece in pieces])
    assert merged.state() == whole.state()
    assert merged.finish() == whole.finish()


def test_an_interval_that_disagrees_with_its_p_is_noted() -> None:
    """Near the level an exact test and a bootstrap may part."""
    disagreeing = 0
    for wins in range(4, 30):
        found = evald.compare(
            ["b"] * wins + ["a"] * 104, {"new": ["a"] * wins + ["b"] * 4 + ["a"] * 100}, ["a"] * (wins + 104),
            metrics="accuracy",
        )  # fmt: skip
        one = found["accuracy"]
        assert one.low is not None
        assert one.high is not None
        assert one.p_value is not None
        part = (one.low > 0 or one.high < 0) != (one.p_value <= 0.05)
        disagreeing += part
        assert part == ("INTERVAL_DISAGREES" in {note.code for note in found.notes})
    assert disagreeing > 0
