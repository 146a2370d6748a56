"""Many callers with one text each: 64 at once, each sending its next text when it has its answer, and an open loop.

In the open loop texts are sent at random times, at half the rate of one call with all texts, whatever is still
waiting; latency counts from the time at which a text was to be sent.
"""

from __future__ import annotations

import itertools
import queue
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.measure import Spread
from bench.models.service import PREDICT, Bench, classifier, request_of, rounds_of
from bench.models.workload import TEXTS
from bench.report import Figure, Goal, main, milliseconds

CALLERS = 64
# Enough for a 99th percentile that is not the largest value.
ALONE = 300


@dataclass(frozen=True)
class _Round:
    """Rows a second, and seconds of latency."""

    bulk: float
    together: float
    together_p99: float
    alone_p50: float
    alone_p99: float
    open_p50: float
    open_p99: float


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    with classifier(100 if quick else TEXTS) as bench:
        bulk = request_of(bench.texts)
        single = [request_of([text]) for text in bench.texts]
        bench.predict(bulk)
        turns = [_round(bench, bulk, single, seed) for seed in range(rounds_of(quick))]
    return [
        Figure(
            "callers.rate",
            Spread.of(one.together / one.bulk for one in turns),
            "x",
            f"rows a second of {CALLERS} callers / of one call with all {len(single)}",
            Goal(">=", 0.85),
        ),
        Figure(
            "callers.p99",
            Spread.of(one.together_p99 * one.bulk / CALLERS for one in turns),
            "x",
            f"p99 of a call / ({CALLERS} / rows a second of one call with all)",
            Goal("<=", 1.5),
        ),
        Figure(
            "callers.open_p99",
            Spread.of(one.open_p99 / one.alone_p99 for one in turns),
            "x",
            "p99 in the open loop / p99 of a lone caller",
            Goal("<=", 4),
        ),
        Figure("callers.rows.bulk", Spread.of(one.bulk for one in turns), "rows/s", "one call with all texts"),
        Figure("callers.rows.together", Spread.of(one.together for one in turns), "rows/s", f"{CALLERS} callers"),
        *(
            milliseconds(f"callers.ms.{name}", Spread.of(getattr(one, name) for one in turns), "latency")
            for name in ("together_p99", "alone_p50", "alone_p99", "open_p50", "open_p99")
        ),
    ]


def _round(bench: Bench, bulk: bytes, single: Sequence[bytes], seed: int) -> _Round:
    start = time.perf_counter()
    bench.predict(bulk)
    rate = len(single) / (time.perf_counter() - start)
    start = time.perf_counter()
    waited = _together(bench, single)
    together = len(single) / (time.perf_counter() - start)
    alone = [_ask(bench, request) for request in itertools.islice(itertools.cycle(single), ALONE)]
    opened = _open_loop(bench, single, rate / 2, seed)
    return _Round(
        bulk=rate,
        together=together,
        together_p99=_percentile(waited, 0.99),
        alone_p50=_percentile(alone, 0.5),
        alone_p99=_percentile(alone, 0.99),
        open_p50=_percentile(opened, 0.5),
        open_p99=_percentile(opened, 0.99),
    )


def _together(bench: Bench, requests: Sequence[bytes]) -> list[float]:
    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(lambda request: _ask(bench, request), requests))


def _ask(bench: Bench, request: bytes) -> float:
    start = time.perf_counter()
    bench.server.call(PREDICT, request)
    return time.perf_counter() - start


def _open_loop(bench: Bench, requests: Sequence[bytes], rate: float, seed: int) -> list[float]:
    random_ = random.Random(seed)
    latencies: queue.SimpleQueue[float] = queue.SimpleQueue()
    due = time.perf_counter()
    for request in requests:
        due += random_.expovariate(rate)
        time.sleep(max(0.0, due - time.perf_counter()))
        call = bench.server.begin(PREDICT, request)
        call.add_done_callback(lambda _, due=due: latencies.put(time.perf_counter() - due))
    return [latencies.get() for _ in requests]


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    sys.exit(main("models_callers", run))
