"""CPU time of a call, for 1 to 4,096 rows: evald, the bare echo, the plain service, and scoring without a server.

A second echo has evald's settings of gRPC and threads. Rounds are interleaved; a ratio is taken inside a round, and
scoring alone is measured right before evald and right after, because the machine may be another one seconds later.
Everything but the load runs on one core.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.measure import Spread
from bench.report import Figure, Goal, main
from bench.requests import limits
from bench.service import workload
from bench.service.load import PERCENTILES, Sample, build, closed_loop
from bench.service.servers import EVALD, PLAIN, SERVER_CORE, Pinned, echo, pinned, tuned_echo
from evald import _native
from evald.v1 import evaluation_pb2

CALLERS = 16
ROUNDS = 15
# Of one measurement, about, and calls at least: the plain service takes half a second for one.
_SECONDS = 0.7
_FEWEST = 4
_TOLERANCE = 1e-9

_Round = dict[str, Sample]


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    build()
    os.sched_setaffinity(0, {SERVER_CORE})
    _native.set_threads(1)
    rounds = 2 if quick else ROUNDS
    least = _size("calls.1.exact_match", 1, workload.LEAST, rounds)
    sizes = (_size(f"calls.{rows}", rows, workload.METRICS, rounds) for rows in workload.SIZES)
    return [figure for figures in (least, *sizes) for figure in figures]


def _size(key: str, rows: int, metrics: Sequence[str], rounds: int) -> list[Figure]:
    request = workload.request(rows, metrics)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "request"
        file.write_bytes(request)
        evald = stack.enter_context(pinned(EVALD))
        answer = evald.evaluate(request)
        servers = {
            "evald": evald,
            "echo": stack.enter_context(pinned(echo(len(answer)))),
            "tuned_echo": stack.enter_context(pinned(tuned_echo(len(answer)))),
        }
        if metrics == workload.METRICS:
            servers["plain"] = stack.enter_context(pinned(PLAIN))
            _check_equal(answer, servers["plain"].evaluate(request))
        calls = {name: _calls(server, file) for name, server in servers.items()}
        measured, native = _rounds(servers, file, calls, request, rounds)
    return _figures(key, rows, measured, native)


def _rounds(
    servers: Mapping[str, Pinned], file: Path, calls: Mapping[str, int], request: bytes, rounds: int
) -> tuple[list[_Round], list[float]]:
    measured: list[_Round] = []
    native: list[float] = []
    names = list(servers)
    compute = _native_call(request)
    for turn in range(rounds):
        shift = turn % len(names)
        order = names[shift:] + names[:shift]
        samples: _Round = {}
        for name in order:
            if name == "evald":
                before = _native_microseconds(compute)
            samples[name] = _measure(servers[name], file, calls[name])
            if name == "evald":
                native.append((before + _native_microseconds(compute)) / 2)
        measured.append(samples)
    return measured, native


def _calls(server: Pinned, file: Path) -> int:
    """As many calls as take about `_SECONDS`, after a warm-up."""
    warm = _measure(server, file, _FEWEST)
    warm = _measure(server, file, max(_FEWEST, round(warm.rate * _SECONDS / 5)))
    return max(_FEWEST, round(warm.rate * _SECONDS))


def _measure(server: Pinned, file: Path, calls: int) -> Sample:
    return closed_loop(server, file, min(CALLERS, calls), calls)


def _native_call(request: bytes) -> Callable[[], object]:
    """Scoring as the server does it, from request bytes to answer bytes."""
    scorer = _native.InlineScorer(limits(), _native.Resources({}))
    return lambda: scorer.answer("evaluate", request, None)


def _native_microseconds(compute: Callable[[], object]) -> float:
    compute()
    calls, start = 0, time.process_time()
    while time.process_time() - start < _SECONDS / 2:
        compute()
        calls += 1
    return (time.process_time() - start) / calls * 1e6


def _check_equal(ours: bytes, theirs: bytes) -> None:
    """Ends the run if the plain service scores otherwise."""
    answers = [evaluation_pb2.EvaluateResponse.FromString(answer) for answer in (ours, theirs)]
    values = [{one.metric: one.estimate.value for one in answer.systems[0].metrics} for answer in answers]
    worst = max(abs(value - values[1][name]) for name, value in values[0].items())
    if values[0].keys() != values[1].keys() or worst > _TOLERANCE:
        raise RuntimeError(f"the plain service scores otherwise: {values}")


def _figures(key: str, rows: int, measured: Sequence[_Round], native: Sequence[float]) -> list[Figure]:
    def of(formula: Callable[[_Round, float], float]) -> Spread:
        return Spread.of(formula(*one) for one in zip(measured, native, strict=True))

    def beside(name: str) -> Spread:
        return of(lambda one, _: one[name].cpu / one["evald"].cpu)

    echoed = Goal(">=", 0.85) if rows == 1 else None
    added = Goal("<=", 220) if rows == 256 else None
    share = Goal("<=", 1.3) if rows == 4096 else None
    faster = Goal(">=", 5) if rows >= 256 else None
    figures = [
        Figure(f"{key}.echo", beside("echo"), "x", "calls a CPU second, evald / bare echo", echoed),
        Figure(
            f"{key}.tuned_echo",
            beside("tuned_echo"),
            "x",
            "the same, beside an echo with evald's settings of gRPC and threads",
        ),
        Figure(
            f"{key}.added", of(lambda one, native: one["evald"].cpu - native), "us", "CPU beside native compute", added
        ),
        Figure(f"{key}.share", of(lambda one, native: one["evald"].cpu / native), "x", "CPU / native compute", share),
        *(Figure(f"{key}.us.{name}", of(partial(_cpu, name)), "us", "CPU a call") for name in measured[0]),
        Figure(f"{key}.us.native", Spread.of(native), "us", "CPU a call, without a server"),
        Figure(f"{key}.rate", of(lambda one, _: one["evald"].rate), "1/s", f"calls of {CALLERS} callers, one core"),
        *(
            Figure(f"{key}.ms.p{mark}", of(partial(_latency, mark)), "ms", f"latency with {CALLERS} callers")
            for mark in PERCENTILES
        ),
    ]
    if "plain" in measured[0]:
        ratio = Figure(f"{key}.plain", beside("plain"), "x", "calls a CPU second, evald / plain service", faster)
        figures.insert(4, ratio)
    return figures


def _cpu(name: str, one: _Round, _native: float) -> float:
    return one[name].cpu


def _latency(mark: int, one: _Round, _native: float) -> float:
    return one["evald"].latency[mark] * 1e3


if __name__ == "__main__":
    sys.exit(main("service_calls", run))
