"""How often intervals over several tasks cover the truth, by simulation: `python -m bench.forgetting [--runs 2000]`.

Every run draws rows of three tasks from a population whose values before and after are known, and asks evald what was
learned and forgotten. `docs/adaptation.md` holds the table.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

import evald

Random = np.random.Generator
Numbers = npt.NDArray[np.float64]

# Rates of right rows before and after: the first task is the target, the second the benchmark.
RATES = {"target": (0.5, 0.7), "benchmark": (0.8, 0.75), "other": (0.7, 0.6)}
# Share of rows for which both models have the same luck.
SHARED = 0.6
# How much easier or harder a document is, before and after.
DOCUMENT = np.array([0.15, 0.25])
EMAR = "emar(accuracy, target_task=target, benchmark_task=benchmark)"


def truth() -> dict[str, float]:
    """The values of the population."""
    before, after = np.array(list(RATES.values())).T
    gain = after - before
    return {
        "average forgetting": -(gain[1] + gain[2]) / 2,
        "macro difference": gain.mean(),
        "EMAR, prose": gain[0] / before[1],
        "EMAR, example": gain[0] / (before[0] - before[1]),
        "relative improvement": gain[0] / before[0],
    }


def drawn(random: Random, rows: int, spans: bool) -> dict[str, Any]:
    """Arguments of a call with so many rows a task; of documents that have a row in each, if they span tasks."""
    easier = random.choice([-1, 1], size=(rows, 1)) * DOCUMENT * spans
    right = [answers(random, np.array(rates) + easier) for rates in RATES.values()]
    systems = np.where(np.concatenate(right), "yes", "no")
    return {
        "baseline": systems[:, 0].tolist(),
        "candidate": systems[:, 1].tolist(),
        "references": ["yes"] * len(systems),
        "tasks": [task for task in RATES for _ in range(rows)],
        "clusters": [f"{row}" for _ in RATES for row in range(rows)] if spans else None,
    }


def answers(random: Random, rates: Numbers) -> npt.NDArray[np.bool_]:
    """Which rows both systems get right."""
    rows = len(rates)
    both, apart = random.random((rows, 1)), random.random((rows, 2))
    found: npt.NDArray[np.bool_] = np.where(random.random((rows, 1)) < SHARED, both, apart) < rates
    return found


def intervals(result: evald.Comparison) -> dict[str, evald.results.Estimate]:
    """The estimates of a call by name."""
    (found,) = result.forgetting
    rates = {one.variant: one.estimate for one in result.emar}
    return {
        "average forgetting": found.average_forgetting,
        "macro difference": found.macro_difference,
        "EMAR, prose": rates["prose"],
        "EMAR, example": rates["example"],
        "relative improvement": found["target"].relative_improvement,
    }


def coverage(rows: int, spans: bool, runs: int) -> dict[str, float]:
    """How often each value was covered, of the runs where it had an interval."""
    random = np.random.default_rng(rows)
    values = truth()
    covered: dict[str, list[bool]] = {name: [] for name in values}
    for run in range(runs):
        result = evald.compare(**drawn(random, rows, spans), metrics="accuracy", emar=EMAR, seed=run)
        for name, one in intervals(result).items():
            if one.low is not None and one.high is not None:
                covered[name].append(one.low <= values[name] <= one.high)
    return {name: float(np.mean(cases)) for name, cases in covered.items()}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    runs = parser.parse_args().runs
    names = list(truth())
    print(f"| rows a task | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}")
    for rows, spans in ((50, False), (200, False), (1_000, False), (100, True), (400, True)):
        found = coverage(rows, spans, runs)
        kind = f"{rows:,} in documents" if spans else f"{rows:,}"
        print(f"| {kind} | {' | '.join(f'{found[name]:.3f}' for name in names)} |", flush=True)
        print(f"{kind} done", file=sys.stderr)


if __name__ == "__main__":
    main()
