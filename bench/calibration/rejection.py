"""How often tests reject at 5 % where there is no effect."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.calibration import populations
from bench.calibration.calls import Call, Random
from bench.calibration.cells import Cell, Once, Seen
from bench.calibration.populations import Population
from evald.client.request import Options

LEVEL = 0.05
OF_SHARES = ("mcnemar_exact", "mcnemar_midp", "sign", "paired_t", "paired_randomisation")
OF_SCORES = ("paired_t", "sign", "paired_randomisation")
OF_CLUSTERS = ("paired_t", "paired_randomisation")
OF_TEXTS = ("paired_randomisation", "sacrebleu_paired_ar", "sacrebleu_paired_bs")


def cells() -> Iterator[Cell]:
    """Every test, on rows that it is made for."""
    for rows in (50, 200, 1_000):
        yield from _under_none(populations.shares(0.7, 0.7), rows, OF_SHARES)
        yield from _under_none(populations.shares(0.95, 0.95), rows, OF_SHARES)
        yield from _under_none(populations.normal(), rows, OF_SCORES)
        yield from _under_none(populations.log_normal(), rows, OF_SCORES)
        yield from _under_none(populations.word_errors(), rows, OF_CLUSTERS[1:])
        yield from _under_none(populations.macro_f1(), rows, OF_CLUSTERS[1:])
    yield from _under_none(populations.bleu(), 100, OF_TEXTS)
    for clusters in (10, 50, 200):
        even, uneven = populations.equal(clusters), populations.unequal(clusters)
        yield from _under_none(populations.clustered(even, f"normal scores, {clusters} clusters"), 1_000, OF_CLUSTERS)
        name = f"normal scores, {clusters} unequal clusters"
        yield from _under_none(populations.clustered(uneven, name), 1_000, OF_CLUSTERS)
        yield from _under_none(populations.clustered_shares(clusters), 1_000, OF_CLUSTERS)


def _under_none(population: Population, rows: int, tests: tuple[str, ...]) -> Iterator[Cell]:
    for test in tests:
        name = f"rejection/{population.name}/{rows}/{test}"
        # Drawn p-values take their time.
        share = 0.4 if rows == 1_000 and test == "paired_randomisation" else 1.0
        yield Cell(name, partial(_rejects, population, rows, test), share)


def _rejects(population: Population, rows: int, test: str) -> Once:
    options: Options = {**population.options, "test": test, "replicates": 0}  # type: ignore[typeddict-item]
    call, form = Call([population.metric], options=options), population.rows(rows)

    def once(random: Random, run: int) -> Seen:
        (found,) = call.answer(form.filled(population.draw(random, rows)), run).comparisons
        differ = found.wins + found.losses
        return {"rejects": float(found.p_value <= LEVEL), "differ": float(differ)}

    return once
