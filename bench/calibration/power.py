"""Whether a comparison of as many rows as were planned finds the effect as often as was promised."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import evald
from bench.calibration import populations
from bench.calibration.calls import Call, Random
from bench.calibration.cells import Cell, Once, Seen
from bench.calibration.populations import Population
from evald.client.plan import PlanKeywords
from evald.client.request import Options

LEVEL = 0.05
PILOT_ROWS = 20_000


def cells() -> Iterator[Cell]:
    """Rows for an effect, and the effect that rows show, by every way of saying how rows vary."""
    for power in (0.8, 0.9):
        for discordant, effect in ((0.06, 0.02), (0.2, 0.05), (0.3, 0.05)):
            plan: PlanKeywords = {"rate": 0.7, "discordant": discordant}
            population = populations.flips(0.7, discordant, effect)
            for test in ("mcnemar_exact", "mcnemar_midp"):
                yield _rows(population, plan, power, test)
        yield _rows(populations.shares(0.7, 0.76, 0.0), {"rate": 0.7}, power, "mcnemar_exact")
        for effect in (0.1, 0.3):
            for test in ("paired_t", "paired_randomisation"):
                yield _rows(populations.normal(effect), {"difference_std": 1.0}, power, test)
        for effect, correlation in ((0.1, 0.3), (0.2, 0.1)):
            for test in ("paired_t", "paired_randomisation"):
                yield _in_clusters(effect, correlation, power, test)
    for rows in (200, 1_000):
        yield _effect_of_shares(rows)
        yield _effect_of_scores(rows)
    yield Cell("power/word error rate, from a pilot/0.8/paired_randomisation", _from_pilot, 0.05)


def _rows(population: Population, plan: PlanKeywords, power: float, test: str) -> Cell:
    def prepare() -> Once:
        planned: PlanKeywords = {**plan, "effect": population.difference, "power": power}
        rows = evald.plan(**planned).rows
        return _finds(population, rows, test, power)

    name = f"power/{population.name}, effect {population.difference:.2g}/{power:g}/{test}"
    return Cell(name, prepare, _share(test))


def _in_clusters(effect: float, correlation: float, power: float, test: str) -> Cell:
    """Clusters of ten rows."""

    def prepare() -> Once:
        plan = evald.plan(
            effect=effect, power=power, difference_std=1.0, cluster_size=10, cluster_correlation=correlation
        )
        clusters = -(-plan.rows // 10)
        population = populations.clustered(populations.equal(clusters), "", effect, correlation)
        return _finds(population, 10 * clusters, test, power)

    name = f"normal scores in clusters of 10, correlation {correlation:g}, effect {effect:g}"
    return Cell(f"power/{name}/{power:g}/{test}", prepare, _share(test))


def _share(test: str) -> float:
    """Drawn p-values take their time."""
    return 0.2 if test == "paired_randomisation" else 1.0


def _effect_of_shares(rows: int) -> Cell:
    """The effect that so many rows show with a power of 0.8."""

    def prepare() -> Once:
        effect = evald.plan(rows=rows, power=0.8, rate=0.7, discordant=0.2).effect
        return _finds(populations.flips(0.7, 0.2, effect), rows, "mcnemar_exact", 0.8)

    return Cell(f"power/right on 0.7, 0.2 differ, the effect of {rows} rows/0.8/mcnemar_exact", prepare)


def _effect_of_scores(rows: int) -> Cell:
    def prepare() -> Once:
        effect = evald.plan(rows=rows, power=0.8, difference_std=1.0).effect
        return _finds(populations.normal(effect), rows, "paired_t", 0.8)

    return Cell(f"power/normal scores, the effect of {rows} rows/0.8/paired_t", prepare)


def _from_pilot() -> Once:
    """A pilot that is large, so that what is judged is the plan and not the pilot's chance."""
    population = populations.word_errors(1.05)
    drawn = population.draw(np.random.default_rng(1), PILOT_ROWS)
    answer = Call([population.metric]).answer(population.rows(PILOT_ROWS).filled(drawn), 0)
    std = answer.comparisons[0].difference.std_error * PILOT_ROWS**0.5
    rows = evald.plan(effect=population.difference, difference_std=std).rows
    return _finds(population, rows, "paired_randomisation", 0.8)


def _finds(population: Population, rows: int, test: str, power: float) -> Once:
    options: Options = {**population.options, "test": test, "replicates": 0}  # type: ignore[typeddict-item]
    call, form = Call([population.metric], options=options), population.rows(rows)

    def once(random: Random, run: int) -> Seen:
        (found,) = call.answer(form.filled(population.draw(random, rows)), run).comparisons
        right_way = found.difference.value * population.difference > 0
        return {"finds": float(found.p_value <= LEVEL and right_way), "rows": float(rows), "promised": power}

    return once
