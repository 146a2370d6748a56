"""Plans keep what they promise: the exact tests of the references have the power that was planned."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, nct, t

import evald
from evald.errors import InvalidRequestError

# Discordant share and effect.
BINARY = [(0.02, 0.01), (0.05, 0.02), (0.1, 0.02), (0.1, 0.05), (0.3, 0.05), (0.3, 0.1), (0.5, 0.1), (0.6, 0.3)]


def mcnemar_power(rows: int, discordant: float, effect: float, level: float) -> float:
    """Power of the exact McNemar test, by its definition."""
    wins = (discordant + effect) / 2 / discordant
    power = 0.0
    for count, weight in enumerate(binom.pmf(np.arange(rows + 1), rows, discordant)):
        if weight > 1e-12:
            won = np.arange(count + 1)
            p_values = 2 * binom.cdf(np.minimum(won, count - won), count, 0.5)
            power += weight * binom.pmf(won, count, wins)[p_values <= level].sum()
    return power


@pytest.mark.parametrize(("discordant", "effect"), BINARY)
def test_the_exact_test_finds_what_was_planned(discordant: float, effect: float) -> None:
    for power, confidence in itertools.product((0.8, 0.9), (0.95, 0.99)):
        plan = evald.plan(effect=effect, rate=0.3, discordant=discordant, power=power, confidence_level=confidence)
        reached = mcnemar_power(plan.rows, discordant, effect, plan.level)
        assert -0.01 <= reached - power <= (0.05 if plan.rough else 0.03)
        assert plan.difference_std == pytest.approx(math.sqrt(discordant - effect**2))


def test_few_discordant_rows_are_called_rough() -> None:
    plan = evald.plan(effect=0.15, rate=0.3, discordant=0.2)
    assert plan.rough
    assert mcnemar_power(plan.rows, 0.2, 0.15, plan.level) > 0.8


@pytest.mark.parametrize("effect", [0.05, 0.2, 0.5, 0.8])
def test_the_t_test_finds_what_was_planned(effect: float) -> None:
    for power, confidence in itertools.product((0.5, 0.8, 0.95), (0.9, 0.95, 0.999)):
        plan = evald.plan(effect=3 * effect, difference_std=3.0, power=power, confidence_level=confidence)
        # The other tail is nothing here, and statsmodels' TTestPower has no value for some of it.
        critical = t.isf(plan.level / 2, plan.rows - 1)
        reached = nct.sf(critical, plan.rows - 1, effect * math.sqrt(plan.rows))
        assert abs(reached - power) <= (0.05 if plan.rough else 0.01)


def test_clustered_rows_reach_the_power_that_was_planned() -> None:
    """4,000 simulated comparisons, tested by clusters; five standard errors of a power are 0.032."""
    size, correlation, effect = 8, 0.25, 0.1
    plan = evald.plan(effect=effect, difference_std=1.0, cluster_size=size, cluster_correlation=correlation)
    assert plan.design_effect == 1 + 7 * 0.25
    clusters = -(-plan.rows // size)
    random = np.random.default_rng(1)
    shared = random.normal(0, math.sqrt(correlation), (4_000, clusters, 1))
    own = random.normal(effect, math.sqrt(1 - correlation), (4_000, clusters, size))
    means = (shared + own).mean(axis=2)
    z = means.mean(axis=1) / (means.std(axis=1, ddof=1) / math.sqrt(clusters))
    assert abs((np.abs(z) > 1.96).mean() - 0.8) < 0.032


def test_a_pilot_is_its_standard_deviation() -> None:
    random = np.random.default_rng(2)
    gold = ["b"] * 400
    base, new = (["ab"[int(right)] for right in random.random(400) < share] for share in (0.6, 0.7))
    pilot = evald.compare(base, {"new": new}, gold, metrics=["accuracy"])["accuracy"]
    assert pilot.std_error is not None
    plan = evald.plan(effect=0.05, pilot=pilot)
    assert plan.difference_std == pytest.approx(pilot.std_error * 20)
    assert plan == evald.plan(effect=0.05, difference_std=pilot.std_error * math.sqrt(400))


def test_a_family_shares_the_level() -> None:
    alone = evald.plan(effect=1.0, difference_std=5.0, confidence_level=0.99)
    family = evald.plan(effect=1.0, difference_std=5.0, confidence_level=0.95, tests=5)
    assert alone.rows == family.rows
    assert alone.level == pytest.approx(family.level)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"effect": 0.1}, "rate or difference_std or pilot"),
    ({"effect": 0.1, "rate": 0.5, "difference_std": 1.0}, "rate or difference_std or pilot"),
    ({"rate": 0.5}, "effect"),
    ({"effect": 0.1, "rows": 100, "power": 0.8, "rate": 0.5}, "power"),
    ({"effect": 0.0, "rate": 0.5}, "effect"),
    ({"effect": math.nan, "rate": 0.5}, "effect"),
    ({"effect": 0.6, "rate": 0.5}, "effect"),
    ({"effect": 0.2, "rate": 0.5, "discordant": 0.1}, "effect"),
    ({"effect": 1e-12, "difference_std": 1.0}, "effect"),
    ({"rows": 1, "rate": 0.5}, "rows"),
    ({"rows": 5, "rate": 0.9}, "rows"),
    ({"rows": -1, "rate": 0.5}, "rows"),
    ({"rows": 10.5, "rate": 0.5}, "rows"),
    ({"effect": 0.1, "rate": 1.5}, "binary.rate"),
    ({"effect": 0.1, "rate": 0.5, "discordant": 0.0}, "binary.discordant"),
    ({"effect": 0.1, "difference_std": 0.0}, "difference_std"),
    ({"effect": 0.1, "difference_std": math.inf}, "difference_std"),
    ({"effect": 0.1, "difference_std": 1.0, "discordant": 0.1}, "rate"),
    ({"effect": 0.1, "rate": 0.5, "power": 1.0}, "power"),
    ({"effect": 0.1, "rate": 0.5, "confidence_level": 1.0}, "confidence_level"),
    ({"effect": 0.1, "rate": 0.5, "tests": 0}, "tests"),
    ({"effect": 0.1, "rate": 0.5, "cluster_size": 5}, "cluster_correlation"),
    ({"effect": 0.1, "rate": 0.5, "cluster_correlation": 0.5}, "cluster_size"),
    ({"effect": 0.1, "rate": 0.5, "cluster_size": 0, "cluster_correlation": 0.5}, "clusters.size"),
    ({"effect": 0.1, "rate": 0.5, "cluster_size": 5, "cluster_correlation": 1.5}, "clusters.correlation"),
    ({"effect": 0.1, "rate": "half"}, "rate"),
    ({"effects": 0.1, "rate": 0.5}, "effects"),
]


@pytest.mark.parametrize(("given", "field"), REFUSED)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        evald.plan(**given)
    assert caught.value.reason == "BAD_PLAN"
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_pilot_without_a_standard_error_is_refused() -> None:
    pilot = evald.compare(["a", "b"], {"new": ["b", "b"]}, ["a", "b"], metrics=["accuracy"], replicates=0)["accuracy"]
    with pytest.raises(InvalidRequestError, match="no standard error"):
        evald.plan(effect=0.1, pilot=pilot)
