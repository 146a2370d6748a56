"""Times callables side by side: rounds in which each runs in turn, ratios taken inside a round, medians over rounds.

Other work on the machine slows neighbours of one round alike, so a ratio inside a round is worth more than one of
two medians. CPU time counts all threads of the process and not the time in which others had the core.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

ROUNDS = 7
QUICK_ROUNDS = 3
# A callable is repeated inside a round until it has run this long, so that clocks and caches do not decide.
ROUND_SECONDS = 0.1
# What takes so many times as long is warm after one call.
_LONG = 10

Clock = Literal["cpu", "wall"]


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest value of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of values, at least one."""
        found = list(values)
        return cls(statistics.median(found), min(found), max(found))


@dataclass(frozen=True)
class Sample:
    """Seconds of one call in one round."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Rounds:
    """What `interleave` measured: for each name one sample a round."""

    samples: Mapping[str, list[Sample]]

    def seconds(self, name: str, clock: Clock = "cpu") -> Spread:
        """Seconds a call."""
        return Spread.of(getattr(sample, clock) for sample in self.samples[name])

    def ratio(self, over: str, under: str, clock: Clock = "cpu") -> Spread:
        """Time of `over` divided by time of `under`, round by round."""
        return self.combine(lambda seconds: seconds[over] / seconds[under], clock)

    def combine(self, formula: Callable[[Mapping[str, float]], float], clock: Clock = "cpu") -> Spread:
        """A formula of the seconds of one round, by name."""
        return Spread.of(
            formula({name: getattr(sample, clock) for name, sample in zip(self.samples, samples, strict=True)})
            for samples in zip(*self.samples.values(), strict=True)
        )


def rounds_of(quick: bool) -> int:
    """Number of rounds of a full or a quick run."""
    return QUICK_ROUNDS if quick else ROUNDS


def interleave(
    work: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    cpu_clock: Callable[[], float] = time.process_time,
    round_seconds: float = ROUND_SECONDS,
) -> Rounds:
    """Runs each callable in every round, in an order that turns from round to round; a warm-up is not counted."""
    repeats = {name: _repeats(call, round_seconds) for name, call in work.items()}
    samples: dict[str, list[Sample]] = {name: [] for name in work}
    names = list(work)
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            samples[name].append(_sample(work[name], repeats[name], cpu_clock))
    return Rounds(samples)


def _repeats(call: Callable[[], object], round_seconds: float) -> int:
    start = time.perf_counter()
    call()
    if time.perf_counter() - start > round_seconds * _LONG:
        return 1
    start = time.perf_counter()
    call()
    return max(1, round(round_seconds / max(time.perf_counter() - start, 1e-7)))


def _sample(call: Callable[[], object], repeats: int, cpu_clock: Callable[[], float]) -> Sample:
    # The collector runs as it does for users, but nobody pays for the garbage of a neighbour.
    gc.collect()
    wall, cpu = time.perf_counter(), cpu_clock()
    for _ in range(repeats):
        call()
    cpu, wall = cpu_clock() - cpu, time.perf_counter() - wall
    return Sample(cpu / repeats, wall / repeats)
