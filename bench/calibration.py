"""How often intervals cover the true value, by simulation: `python -m bench.calibration [--runs 10000] [--out FILE]`.

Every run draws a data set from a population whose value is known and asks evald for the interval of 95 %. A cell
of 93.5 to 96.5 % is calibrated; `docs/calibration.md` holds the table.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import evald

LEVEL = 0.95
Random = np.random.Generator
Numbers = npt.NDArray[np.float64]

# Gold classes are drawn with these shares, and answered rightly with these rates; a wrong answer is any other class.
SHARES = (0.5, 0.3, 0.2)
RATES = (0.9, 0.7, 0.6)
CLASSES = tuple("abc")


@dataclass(frozen=True)
class Population:
    """What rows are drawn from: the metric, its true value, and the arguments of a call for so many rows."""

    name: str
    metric: str
    value: float
    draw: Callable[[Random, int], dict[str, Any]]
    rows: tuple[int, ...] = (50, 200, 1_000, 20_000)


def right_or_wrong(rate: float) -> Population:
    """Rows that are right with a probability."""

    def draw(random: Random, rows: int) -> dict[str, Any]:
        right = random.random(rows) < rate
        return {"predictions": np.where(right, "a", "b").tolist(), "references": ["a"] * rows}

    return Population(f"right with {rate:g}", "accuracy", rate, draw)


def log_normal() -> Population:
    """Skewed numbers, as latencies are."""

    def draw(random: Random, rows: int) -> dict[str, Any]:
        return scores(random.lognormal(size=rows))

    return Population("log-normal numbers", "score(of=s)", math.exp(0.5), draw)


def clustered(clusters: int) -> Population:
    """Numbers of equal clusters: half of their variance is that of the cluster."""

    def draw(random: Random, rows: int) -> dict[str, Any]:
        cluster = np.arange(rows) % clusters
        numbers = random.normal(size=clusters)[cluster] + random.normal(size=rows)
        return scores(numbers) | {"clusters": [f"{one}" for one in cluster]}

    return Population(f"numbers of {clusters} clusters", "score(of=s)", 0.0, draw, (200, 1_000, 20_000))


def macro_f1() -> Population:
    """Three classes of different sizes."""
    share, rate = np.array(SHARES), np.array(RATES)
    wrong = share * (1 - rate) / 2
    predicted = share * rate + wrong.sum() - wrong
    value = float((2 * share * rate / (share + predicted)).mean())

    def draw(random: Random, rows: int) -> dict[str, Any]:
        gold = random.choice(3, size=rows, p=share)
        others = (gold + random.integers(1, 3, size=rows)) % 3
        said = np.where(random.random(rows) < rate[gold], gold, others)
        named = np.array(CLASSES)
        return {"predictions": named[said].tolist(), "references": named[gold].tolist(), "classes": CLASSES}

    return Population("macro-F1 of three classes", "f1(average=macro)", value, draw)


def scores(numbers: Numbers) -> dict[str, Any]:
    """Arguments of a call for the mean of these numbers."""
    return {"predictions": [{"scores": {"s": number}} for number in numbers.tolist()]}


POPULATIONS = (right_or_wrong(0.5), right_or_wrong(0.95), log_normal(), clustered(50), macro_f1())
METHODS: dict[str, tuple[Any, ...]] = {
    "accuracy": (None, "clopper_pearson", "t", "percentile_bootstrap"),
    "score(of=s)": (None, "percentile_bootstrap", "bca"),
    "f1(average=macro)": (None, "bca", "jackknife"),
}


def coverage(population: Population, rows: int, runs: int) -> dict[str, tuple[float, float]]:
    """Of every method, how often it covered the value, and how wide it was on average."""
    found: dict[str, list[tuple[bool, float]]] = {}
    random = np.random.default_rng(rows)
    for run in range(runs):
        drawn = population.draw(random, rows)
        for method in METHODS[population.metric]:
            result = evald.evaluate(
                **drawn, metrics=[population.metric], interval=method, confidence_level=LEVEL, seed=run
            )
            one = result.systems[0].metrics[0]
            covers = one.low is not None and one.low <= population.value <= (one.high or 0.0)
            width = math.nan if one.low is None or one.high is None else one.high - one.low
            found.setdefault(one.method or "none", []).append((covers, width))
    return {
        method: (float(np.mean([covers for covers, _ in cases])), float(np.nanmean([width for _, width in cases])))
        for method, cases in found.items()
    }


def report(runs: int, most_rows: int) -> str:
    """The table of all populations and numbers of rows."""
    lines = ["| population | rows | method | coverage | mean width |", "| --- | --- | --- | --- | --- |"]
    for population in POPULATIONS:
        for rows in population.rows:
            if rows > most_rows:
                continue
            for method, (share, width) in coverage(population, rows, runs).items():
                lines.append(f"| {population.name} | {rows:,} | {method} | {share:.3f} | {width:.4f} |")
                print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prints the table, or writes it to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--most-rows", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    table = report(args.runs, args.most_rows)
    if args.out:
        args.out.write_text(table, encoding="utf-8")
    else:
        print(table)


if __name__ == "__main__":
    main()
