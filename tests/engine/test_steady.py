"""When a repeated measurement ends, and what it keeps."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from evald.backends.contract import Timings
from evald.backends.trace import Steadiness, Trace
from evald.engine import steady
from evald.engine.answers import Answers
from evald.engine.steady import SteadyState, repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def trace_of(seconds: float, latency: float = 0.5) -> Trace:
    return Trace(seconds, 0.1, 10, 16, [0.0] * 4, [0.0] * 4, [latency] * 4, [latency], 1 << 20)


def asker(traces: Iterable[Trace | None]) -> Callable[[], Answers]:
    following = iter(traces)
    return lambda: Answers((), Timings(tokens=10, trace=next(following)))


@pytest.fixture(autouse=True)
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is a window."""
    monkeypatch.setattr(steady, "_WINDOW_SECONDS", 0.0)


def test_three_windows_that_agree_end_it_and_are_kept() -> None:
    seconds = [9.0, 4.0, 2.0, 1.02, 0.98, 1.0, 5.0]
    found = repeat(asker(map(trace_of, seconds)), SteadyState(60), None).timings.trace
    assert found is not None
    assert found.steadiness == Steadiness(stable=True, windows=5)
    assert found.seconds == pytest.approx(3.0)
    assert (found.tokens, found.padded_tokens, len(found.infer), len(found.batches)) == (30, 48, 12, 3)


@pytest.mark.parametrize("unsteady", ["rate", "latency"])
def test_what_never_agrees_ends_with_the_time(unsteady: str) -> None:
    values = itertools.cycle((1.0, 1.5))
    traces = (trace_of(value) if unsteady == "rate" else trace_of(0.001, value) for value in values)
    found = repeat(asker(traces), SteadyState(0.05 if unsteady == "latency" else 2.5), None).timings.trace
    assert found is not None
    assert found.steadiness is not None
    assert not found.steadiness.stable
    assert found.steadiness.windows >= 1


def test_a_deadline_leaves_time_for_the_answer() -> None:
    deadline = time.monotonic() + 1.4
    found = repeat(asker(map(trace_of, itertools.repeat(1.0))), SteadyState(600), deadline).timings.trace
    assert found is not None
    assert found.steadiness == Steadiness(stable=False, windows=1)


def test_rows_that_all_fail_are_stable_at_once() -> None:
    nothing = Trace(0.001, 0.0, 0, 0, [], [], [], [], None)
    found = repeat(asker(itertools.repeat(nothing)), SteadyState(60), None).timings.trace
    assert found is not None
    assert found.steadiness == Steadiness(stable=True, windows=3)
