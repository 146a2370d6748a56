"""Many callers with one text each: 64 at once, each sending its next text when it has its answer, and an open loop.

In the open loop texts are sent at random times, at half the rate of one call with all texts, whatever is still
waiting; latency counts from the time at which a text was to be sent.
"""

from __future__ import annotations

import gc
import itertools
import queue
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.measure import Spread
from bench.models.service import PREDICT, Bench, classifier, request_of, rounds_of, seconds_of
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
        budget = bench.predict(bulk).provenance.batch_tokens
        # Else Python looks through all of torch now and then, and every caller waits for that.
        gc.collect()
        gc.freeze()
        turns = [_round(bench, bulk, single, seed) for seed in range(rounds_of(quick))]
        gc.unfreeze()
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
        Figure("callers.batch_tokens", Spread(budget, budget, budget), "tokens", "most of a batch, measured at load"),
        Figure("callers.rows.bulk", Spread.of(one.bulk for one in turns), "rows/s", "one call with all texts"),
        Figure("callers.rows.together", Spread.of(one.together for one in turns), "rows/s", f"{CALLERS} callers"),
        *(
            milliseconds(f"callers.ms.{name}", Spread.of(getattr(one, name) for one in turns), "latency")
            for name in ("together_p99", "alone_p50", "alone_p99", "open_p50", "open_p99")
        ),
    ]


def _round(bench: Bench, bulk: bytes, single: Sequence[bytes], seed: int) -> _Round:
    # One call with all texts before and one behind: the machine may be faster or slower seconds later.
    before = seconds_of(partial(bench.predict, bulk))
    start = time.perf_counter()
    waited = _together(bench, single)
    together = len(single) / (time.perf_counter() - start)
    rate = 2 * len(single) / (before + seconds_of(partial(bench.predict, bulk)))
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


class _Answers:
    """Sends requests without a thread for each, and collects the seconds until they were answered."""

    def __init__(self, bench: Bench) -> None:
        self._server = bench.server
        self._ended: queue.SimpleQueue[tuple[float, Any]] = queue.SimpleQueue()

    def send(self, request: bytes, start: float, then: Callable[[], None] = lambda: None) -> None:
        """Does what is to be done `then` as soon as there is an answer; latency counts from `start`."""

        def ended(call: Any) -> None:
            self._ended.put((time.perf_counter() - start, call))
            then()

        self._server.begin(PREDICT, request).add_done_callback(ended)

    def seconds(self, count: int) -> list[float]:
        """Of so many calls; raises what a call ended with."""
        ended = [self._ended.get() for _ in range(count)]
        for _, call in ended:
            call.result()
        return [seconds for seconds, _ in ended]


def _together(bench: Bench, requests: Sequence[bytes]) -> list[float]:
    answers, left = _Answers(bench), iter(requests)

    def send_next() -> None:
        if (request := next(left, None)) is not None:
            answers.send(request, time.perf_counter(), send_next)

    for _ in range(CALLERS):
        send_next()
    return answers.seconds(len(requests))


def _ask(bench: Bench, request: bytes) -> float:
    start = time.perf_counter()
    bench.server.call(PREDICT, request)
    return time.perf_counter() - start


def _open_loop(bench: Bench, requests: Sequence[bytes], rate: float, seed: int) -> list[float]:
    answers, random_ = _Answers(bench), random.Random(seed)
    due = time.perf_counter()
    for request in requests:
        due += random_.expovariate(rate)
        time.sleep(max(0.0, due - time.perf_counter()))
        answers.send(request, due)
    return answers.seconds(len(requests))


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    sys.exit(main("models_callers", run))
