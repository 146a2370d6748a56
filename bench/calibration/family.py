"""How often families of tests have a false finding: metrics x candidates under a correction, and slices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

from bench.calibration import populations
from bench.calibration.calls import Call, Numbers, Random, Rows, packed
from bench.calibration.cells import Cell, Once, Seen
from bench.calibration.populations import Population
from evald.client.request import Options
from evald.v1.statistics_pb2 import PairedResult

LEVEL = 0.05
SYSTEMS = ("base", "a", "b", "c")
SCORES = ("p", "q", "r", "s")
# A difference that is nearly always found in ROWS rows.
EFFECT = 0.4
ROWS = 200
SLICES = 10


def cells() -> Iterator[Cell]:
    """Families of metrics and candidates, then of slices."""
    for correction in ("holm", "holm_sidak", "benjamini_hochberg", "benjamini_yekutieli", "none"):
        yield _scores(0.0, 0, correction, "paired_t")
    for correlation in (0.0, 0.8):
        for true in (0, 1):
            for test in ("paired_t", "paired_randomisation"):
                if (correlation, true, test) != (0.0, 0, "paired_t"):
                    yield _scores(correlation, true, "holm", test)
    yield Cell("family/accuracy, macro-F1 and MCC of one candidate/holm", _labels)
    for population in (populations.normal(), populations.shares(0.7, 0.7), populations.word_errors()):
        yield Cell(f"slices/{population.name}, {SLICES} slices/none differ", partial(_slices, population), 0.4)
    yield Cell(f"slices/normal scores, {SLICES} slices/half of them differ", _half, 0.4)


def _scores(correlation: float, true: int, correction: str, test: str) -> Cell:
    """Three candidates by four scores; `true` of the candidates are better by all of them."""
    name = f"4 scores x 3 candidates, correlation {correlation:g}, {true} better"
    return Cell(
        f"family/{name}/{correction}, {test}",
        partial(_of_scores, correlation, true, correction, test),
        0.4 if test == "paired_randomisation" else 1.0,
    )


def _of_scores(correlation: float, true: int, correction: str, test: str) -> Once:
    metrics = [f"score(of={name})" for name in SCORES]
    options: Options = {"replicates": 0, "correction": correction, "test": test}  # type: ignore[typeddict-item]
    call = Call(metrics, SYSTEMS, options)
    form = Rows([populations.scored_by(SCORES, len(SYSTEMS))] * ROWS)
    better = SYSTEMS[1 : 1 + true]

    def once(random: Random, run: int) -> Seen:
        drawn = [_correlated(random, correlation) for _ in SYSTEMS]
        for at in range(1, 1 + true):
            drawn[at] += EFFECT
        found = call.answer(form.filled(packed(*drawn)), run).comparisons
        return _findings([one for one in found if one.candidate not in better], found)

    return once


def _correlated(random: Random, correlation: float) -> Numbers:
    """Rows x scores of one system, each of variance 1."""
    common = random.normal(scale=math.sqrt(correlation), size=(ROWS, 1))
    return common + random.normal(scale=math.sqrt(1 - correlation), size=(ROWS, len(SCORES)))


def _findings(null: Sequence[PairedResult], found: Sequence[PairedResult]) -> Seen:
    """Whether there is a false finding, and the share of the findings that are false."""
    false = sum(one.p_adjusted <= LEVEL for one in null)
    findings = sum(one.p_adjusted <= LEVEL for one in found)
    return {"any_false": float(false > 0), "share_false": false / max(findings, 1)}


def _labels() -> Once:
    population = populations.macro_f1()
    metrics = ["accuracy", population.metric, "mcc"]
    call = Call(metrics, options={**population.options, "replicates": 0})
    form = population.rows(ROWS)

    def once(random: Random, run: int) -> Seen:
        found = call.answer(form.filled(population.draw(random, ROWS)), run).comparisons
        return _findings(found, found)

    return once


def _slices(population: Population) -> Once:
    rows = 50 * SLICES
    call = Call([population.metric], options={**population.options, "slices": "part", "replicates": 100})
    form = population.rows(rows, SLICES)

    def once(random: Random, run: int) -> Seen:
        answer = call.answer(form.filled(population.draw(random, rows)), run)
        found = [one.comparisons[0] for one in answer.slices]
        (agreement,) = answer.consistency
        return {**_findings(found, found), "heterogeneous": float(agreement.heterogeneity.p_value <= LEVEL)}

    return once


def _half() -> Once:
    """Slices with an even number are better."""
    rows = 50 * SLICES
    call = Call(["score(of=s)"], options={"slices": "part", "replicates": 100})
    form = populations.normal().rows(rows, SLICES)

    def once(random: Random, run: int) -> Seen:
        base, new = random.normal(size=(2, rows))
        new[::2] += 2 * EFFECT
        answer = call.answer(form.filled(packed(base, new)), run)
        found = [one.comparisons[0] for one in answer.slices]
        null = [one for one, part in zip(found, answer.slices, strict=True) if int(part.values[0]) % 2]
        return _findings(null, found)

    return once
