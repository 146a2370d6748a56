"""How long other threads wait while lists are scored: a heartbeat thread in three settings, side by side.

`call` scores 300,000 pairs through the embedded API on the main thread for two seconds or more. `idle` is the control
of the goal: the main thread sleeps. `load` sleeps too while another process does the same scoring: what is late there
is the machine's doing, not the GIL's. `rows` is `call` with the scores of every row, which become Python objects.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from bench import gil_load
from bench.measure import Spread, rounds_of
from bench.report import Figure, Goal, main, milliseconds

SECONDS = 2.0
QUICK_ROWS = 30_000
BEAT_SECONDS = 0.001
GOAL = Goal("<=", 20)

Measured = dict[str, list[list[float]]]


class Heartbeat(threading.Thread):
    """Sleeps 1 ms again and again and notes how much later than that it runs."""

    def __init__(self) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.lateness: list[float] = []
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            start = time.perf_counter()
            time.sleep(BEAT_SECONDS)
            self.lateness.append(time.perf_counter() - start - BEAT_SECONDS)

    def end(self) -> list[float]:
        """The lateness of every beat in seconds."""
        self._over.set()
        self.join()
        return self.lateness


def run(quick: bool) -> list[Figure]:
    """All figures of this benchmark."""
    corpus = gil_load.corpus(QUICK_ROWS if quick else gil_load.ROWS)
    calls: list[float] = []

    def score(row_report: gil_load.RowReport) -> None:
        start = time.perf_counter()
        gil_load.score(corpus, row_report)
        calls.append(time.perf_counter() - start)

    settings: dict[str, Callable[[], None]] = {
        "idle": lambda: time.sleep(SECONDS / 4),
        "call": lambda: score("failed"),
        "rows": lambda: score("all"),
        "load": lambda: time.sleep(SECONDS / 4),
    }
    measured: Measured = {name: [] for name in settings}
    score("failed")
    calls.clear()
    for _ in range(rounds_of(quick)):
        for name, work in settings.items():
            load = gil_load.start(len(corpus.predictions)) if name == "load" else None
            measured[name].append(_beats(work))
            _end(load)
    return _figures(measured, Spread.of(calls), len(corpus.predictions))


def _beats(work: Callable[[], None]) -> list[float]:
    heartbeat = Heartbeat()
    heartbeat.start()
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        work()
    return heartbeat.end()


def _end(load: subprocess.Popen[str] | None) -> None:
    if load is not None:
        load.kill()
        load.wait()


def _p99(beats: list[float]) -> float:
    return statistics.quantiles(beats, n=100, method="inclusive")[98]


def _figures(measured: Measured, calls: Spread, rows: int) -> list[Figure]:
    def beyond(name: str, control: str) -> Spread:
        pairs = zip(measured[name], measured[control], strict=True)
        return Spread.of((_p99(beats) - _p99(others)) for beats, others in pairs)

    figures = [
        milliseconds("gil.p99_beyond_idle", beyond("call", "idle"), f"p99 of call - p99 of idle; {rows:,} pairs", GOAL),
        milliseconds("gil.p99_beyond_idle.rows", beyond("rows", "idle"), "the same with the scores of every row", GOAL),
        milliseconds("gil.p99_beyond_load", beyond("call", "load"), "p99 of call - p99 beside a process that scores"),
        milliseconds("gil.call", calls, "wall time of one evald.evaluate; calls follow each other for 2 s"),
    ]
    for name, beats in measured.items():
        figures += [
            milliseconds(f"gil.{name}.p50", Spread.of(map(statistics.median, beats)), f"lateness, {name}"),
            milliseconds(f"gil.{name}.p99", Spread.of(map(_p99, beats)), f"lateness, {name}"),
            milliseconds(f"gil.{name}.max", Spread.of(map(max, beats)), f"lateness, {name}"),
        ]
    return figures


if __name__ == "__main__":
    sys.exit(main("gil", run))
