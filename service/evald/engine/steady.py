"""Asks a model the same again until its speed holds still, so that figures can be compared. Answers are not changed.

As perf_analyzer does it: windows of a second and more are measured until the last three agree.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evald.backends.trace import Latency, Steadiness, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evald.engine.answers import Answers

_WINDOW_SECONDS = 1.0
_WINDOWS = 3
# How far rate and 95th percentile of each window may be from their mean.
_TOLERANCE = 0.1
# A window may take longer than the one before, and a deadline must not lose the answers.
_SPARE = 1.5


@dataclass(frozen=True)
class SteadyState:
    """Measures for at most so many seconds; at least one window is measured."""

    max_seconds: float


def repeat(ask: Callable[[], Answers], wanted: SteadyState, deadline: float | None) -> Answers:
    """The answers, with the trace of the last windows; the first run warms up and is not in it."""
    end = time.monotonic() + wanted.max_seconds
    answers = ask()
    windows: list[Trace] = []
    steady = False
    while not steady and answers.timings.trace is not None:
        windows.append(_window(ask))
        steady = _agree(windows[-_WINDOWS:])
        now, needed = time.monotonic(), windows[-1].seconds
        if now + needed > end or (deadline is not None and now + _SPARE * needed > deadline):
            break
    if not windows:
        return answers
    trace = replace(Trace.joined(windows[-_WINDOWS:]), steadiness=Steadiness(steady, len(windows)))
    return replace(answers, timings=replace(answers.timings, trace=trace))


def _window(ask: Callable[[], Answers]) -> Trace:
    traces: list[Trace] = []
    end = time.monotonic() + _WINDOW_SECONDS
    while not traces or time.monotonic() < end:
        trace = ask().timings.trace
        if trace is not None:
            traces.append(trace)
    return Trace.joined(traces)


def _agree(windows: Sequence[Trace]) -> bool:
    if len(windows) < _WINDOWS:
        return False
    rates = [len(window.infer) / window.seconds for window in windows]
    slowest = [found.p95 for window in windows if (found := Latency.of(window.latencies))]
    return all(
        abs(value - mean) <= _TOLERANCE * mean
        for values in (rates, slowest)
        if values
        for mean in [sum(values) / len(values)]
        for value in values
    )
