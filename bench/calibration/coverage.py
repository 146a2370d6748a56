"""How often intervals of 95 % hold the value, and the difference, of populations that are known.

And what is claimed of a candidate whose difference is exactly the margin.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from bench.calibration import populations
from bench.calibration.calls import Call, Random
from bench.calibration.cells import Cell, Once, Seen
from bench.calibration.populations import Population
from evald.client.request import Options
from evald.v1 import gate_pb2
from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.statistics_pb2 import Estimate

ROWS = (50, 200, 1_000, 20_000)
# Notes that say that an interval may cover less often than its level.
WARNINGS = {"SMALL_SAMPLE", "FEW_CHANGES", "FEW_CLUSTERS", "RARE_CLASS"}
LEVEL = 0.05
RESAMPLED = ("percentile_bootstrap", "bca", "jackknife")
# Beside the default method: others that a metric can have.
INDEPENDENT = (
    (populations.shares(0.5, 0.45), ("clopper_pearson", "t", "percentile_bootstrap", "bca")),
    (populations.shares(0.95, 0.93), ("clopper_pearson", "t", "percentile_bootstrap", "bca")),
    (populations.log_normal(0.9), ("percentile_bootstrap", "bca")),
    (populations.word_errors(1.1), ("bca", "jackknife")),
    (populations.macro_f1(0.05), ("bca", "jackknife")),
)


def cells() -> Iterator[Cell]:
    """Every population, number of rows and method."""
    for population, methods in INDEPENDENT:
        for rows in ROWS:
            for method in ("", *methods):
                if rows < ROWS[-1] or method not in RESAMPLED:
                    yield cell(population, rows, method)
    for clusters in (10, 30, 50):
        even = populations.equal(clusters)
        of_scores = populations.clustered(even, f"normal scores, {clusters} clusters", -0.2)
        for population in (of_scores, populations.clustered_shares(clusters)):
            for rows in (200, 1_000, 20_000) if clusters == 50 else (1_000,):
                yield cell(population, rows, "")
                if rows < ROWS[-1]:
                    yield cell(population, rows, "percentile_bootstrap")
    for clusters in (10, 50):
        uneven = populations.unequal(clusters)
        yield cell(populations.clustered(uneven, f"normal scores, {clusters} unequal clusters", -0.2), 1_000, "")


def cell(population: Population, rows: int, method: str) -> Cell:
    """One method on so many rows. Long runs are fewer."""
    long = population.metric in ("wer", "f1(average=macro)")
    share = {1_000: 0.2 if method else 0.4, 20_000: 0.05}.get(rows, 1.0) if long else 0.2 if rows == ROWS[-1] else 1.0
    name = f"coverage/{population.name}/{rows}/{method or 'default'}"
    return Cell(name, partial(_once, population, rows, method), share)


def _once(population: Population, rows: int, method: str) -> Once:
    call, form = Call([population.metric], options=_options(population, method)), population.rows(rows)

    def once(random: Random, run: int) -> Seen:
        answer = call.answer(form.filled(population.draw(random, rows)), run)
        of_base, (compared,) = answer.systems[0].metrics[0], answer.comparisons
        notes = {note.code for note in of_base.notes}
        # Who looks at a difference sees what is said of both systems.
        others = {note.code for found in (answer.systems[1].metrics[0], answer) for note in found.notes}
        return {
            **_seen("value", of_base.estimate, population.values[0], notes),
            **_seen("difference", compared.difference, population.difference, notes | others),
            **({} if method or not population.difference else _at_margin(answer)),
        }

    return once


def _options(population: Population, method: str) -> Options:
    """The candidate is worse by exactly as much as margin and gate allow, so that each of their verdicts is wrong."""
    options: Options = {**population.options, "interval": method or None}  # type: ignore[typeddict-item]
    if population.difference:
        margin = abs(population.difference)
        options["margin"] = margin
        options["gate"] = {"rules": [{"metric": population.metric, "margin": margin}]}
    if population.metric.startswith("score"):
        # By formula, so that no time goes into p-values.
        options["test"] = "paired_t"
    return options


def _at_margin(answer: CompareResponse) -> Seen:
    """What is claimed; without a p-value nothing is."""
    (found,) = answer.comparisons
    verdict = answer.gate.verdict
    return {
        "not_worse": float(found.HasField("p_not_worse") and found.p_not_worse <= LEVEL),
        "equivalent": float(found.HasField("p_equivalent") and found.p_equivalent <= LEVEL),
        "go": float(verdict == gate_pb2.GATE_VERDICT_GO),
        "no_go": float(verdict == gate_pb2.GATE_VERDICT_NO_GO),
    }


def _seen(of: str, estimate: Estimate, value: float, notes: set[str]) -> Seen:
    """Whether the interval holds the value, how wide it is, and whether there is a warning."""
    if not estimate.HasField("low"):
        return {f"{of}/none": 1.0}
    covers = estimate.low <= value <= estimate.high
    width = estimate.high - estimate.low
    return {
        f"{of}/{estimate.method}/covers": float(covers),
        f"{of}/{estimate.method}/below": float(estimate.high < value),
        f"{of}/{estimate.method}/width": width if math.isfinite(width) else math.nan,
        f"{of}/{estimate.method}/noted": float(bool(notes & WARNINGS)),
    }
