"""Compares evald with a reference on generated data and counts what differs."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.parity.generate import Pair, pair

import evald

BATCH = 1000

Scores = list[float]


@dataclass(frozen=True)
class RowCheck:
    """A metric whose row scores are compared, pair by pair."""

    metric: str
    reference: Callable[[Pair], float]
    # Absolute on the metric's own scale; 0 asks for equal bits.
    tolerance: float = 1e-9
    most_references: int = 3

    def mismatches(self, seed: int, cases: int) -> Iterator[str]:
        """One line for every pair that differs."""
        choose = random.Random(seed)
        for start in range(0, cases, BATCH):
            pairs = [pair(choose, self.most_references) for _ in range(min(BATCH, cases - start))]
            for one, found in zip(pairs, self._scores(pairs), strict=True):
                expected = self.reference(one)
                if not close(found, expected, self.tolerance):
                    yield f"{one} evald {found!r} reference {expected!r}"

    def _scores(self, pairs: Sequence[Pair]) -> Scores:
        predictions = [one.prediction for one in pairs]
        references = [list(one.references) for one in pairs]
        result = evald.evaluate(predictions, references, metrics=[self.metric], replicates=0, row_report="all")
        (scores,) = (result.systems[0].rows.scores or {}).values()
        return [math.nan if score is None else score for score in scores]


@dataclass(frozen=True)
class CorpusCheck:
    """A metric whose value is compared over many small data sets; a case is one row."""

    metric: str
    # Makes a data set from a generator: keyword arguments of `evald.evaluate`, the reference's value, rows.
    make: Callable[[random.Random], tuple[dict[str, object], float | None, int]]
    tolerance: float = 1e-12

    def mismatches(self, seed: int, cases: int) -> Iterator[str]:
        """One line for every data set that differs."""
        choose = random.Random(seed)
        done = 0
        while done < cases:
            arguments, expected, rows = self.make(choose)
            done += max(rows, 1)
            result = evald.evaluate(**arguments, metrics=[self.metric], replicates=0)  # type: ignore[arg-type]
            found = result[self.metric].value
            if not close(found, expected, self.tolerance):
                yield f"{arguments} evald {found!r} reference {expected!r}"


Check = RowCheck | CorpusCheck


def close(found: float | None, expected: float | None, tolerance: float) -> bool:
    """Whether two values are the same; undefined equals undefined."""
    if found is None or expected is None or math.isnan(found) or math.isnan(expected):
        return (found is None or math.isnan(found)) and (expected is None or math.isnan(expected))
    return found == expected or abs(found - expected) <= tolerance * max(1.0, abs(expected))


def run(checks: Sequence[Check], cases: int, seed: int, shown: int = 3) -> int:
    """Runs the checks, prints a table, returns the number of mismatches."""
    total = 0
    print(f"{'metric':<66} {'cases':>8} {'mismatches':>10} {'seconds':>8}", flush=True)
    for check in checks:
        start = time.monotonic()
        found = list(check.mismatches(seed, cases))
        total += len(found)
        print(f"{check.metric:<66} {cases:>8} {len(found):>10} {time.monotonic() - start:>8.1f}", flush=True)
        for line in found[:shown]:
            print(f"    {line}")
    return total
