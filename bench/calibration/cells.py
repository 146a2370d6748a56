"""A cell of a table: what is done in every run, and the shares that come out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.calibration.calls import Random

# What happened in one run, by the name of the figure: 1 or 0, or a number whose mean is of interest.
Seen = Mapping[str, float]
# One run, from a generator and the number of the run.
Once = Callable[[Random, int], Seen]


@dataclass(frozen=True)
class Cell:
    """One simulation. `name` is its place in the tables and its seed: parts between slashes, the table first."""

    name: str
    # Makes what is the same in all runs.
    prepare: Callable[[], Once]
    # Of the runs that are asked for, where a run is long.
    share: float = 1.0


@dataclass(frozen=True)
class Figure:
    """The mean over the runs, with its Monte-Carlo standard error."""

    mean: float
    error: float


@dataclass(frozen=True)
class Result:
    """What a cell gave."""

    runs: int
    seconds: float
    figures: Mapping[str, Figure]

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Result:
        """From plain data."""
        figures = {name: Figure(**figure) for name, figure in data["figures"].items()}
        return cls(data["runs"], data["seconds"], figures)


def simulate(cell: Cell, runs: int) -> Result:
    """All runs of a cell. The same on every machine: the name is the seed."""
    runs = max(2, round(runs * cell.share))
    random = np.random.default_rng(list(cell.name.encode()))
    once = cell.prepare()
    seen: dict[str, list[float]] = {}
    start = time.perf_counter()
    for run in range(runs):
        for name, number in once(random, run).items():
            seen.setdefault(name, []).append(number)
    seconds = time.perf_counter() - start
    return Result(runs, round(seconds, 1), {name: _figure(numbers) for name, numbers in seen.items()})


def _figure(numbers: list[float]) -> Figure:
    known = [number for number in numbers if not math.isnan(number)]
    if len(known) < 2:
        return Figure(math.nan, math.nan)
    return Figure(float(np.mean(known)), float(np.std(known, ddof=1) / math.sqrt(len(known))))
