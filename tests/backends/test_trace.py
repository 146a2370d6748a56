"""What a call took: summaries of seconds, and the trace of texts that ran in batches."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.backends.contract import SilentObserver
from evald.backends.model import Model
from evald.backends.trace import Latency, peak_memory_bytes

if TYPE_CHECKING:
    from tests.backends.conftest import Bench


def test_percentiles_are_values_that_were_measured() -> None:
    found = Latency.of([float(value) for value in range(20, 0, -1)])
    assert found == Latency(10.5, p50=10.0, p90=18.0, p95=19.0, p99=20.0, max=20.0)
    assert Latency.of([3.0]) == Latency(3.0, 3.0, 3.0, 3.0, 3.0, 3.0)
    assert Latency.of([]) is None


@given(st.lists(st.floats(0, 100), min_size=1, max_size=300))
def test_percentiles_are_those_of_numpy(seconds: list[float]) -> None:
    found = Latency.of(seconds)
    assert found is not None
    ranks = np.quantile(seconds, [0.5, 0.9, 0.95, 0.99], method="inverted_cdf")
    assert [found.p50, found.p90, found.p95, found.p99] == ranks.tolist()
    assert found.mean == pytest.approx(np.mean(seconds))


def test_the_trace_of_a_call_has_its_texts_batches_and_padding(bench: Bench) -> None:
    backend = bench.backend()
    backend.seconds = 0.01
    model = Model(backend, bench.batcher(backend, batch_tokens=16), SilentObserver())
    # Padded to 4, 4, 4, 4, 8: one full batch and another; a text that is missing is none of those answered.
    texts = ["a", "a a", "a a a", "a a a a", "a a a a a", None]
    trace = model.classify(texts, bench.Token()).timings.trace
    assert trace is not None
    assert (trace.tokens, trace.padded_tokens) == (15, 24)
    assert [len(found) for found in (trace.tokenize, trace.queue, trace.infer, trace.latencies)] == [5] * 4
    assert len(trace.batches) == len(backend.batches) == 2
    assert all(seconds >= 0.01 for seconds in (*trace.infer, *trace.batches))
    # The second batch waited for the first.
    assert max(trace.queue) >= 0.01
    assert max(trace.latencies) <= trace.seconds
    assert trace.cpu_seconds >= 0


def test_texts_that_failed_are_not_in_the_trace(bench: Bench) -> None:
    backend = bench.backend()
    model = Model(backend, bench.batcher(backend), SilentObserver())
    failed = model.classify(["x" * bench.POISON, None], bench.Token()).timings.trace
    assert failed is not None
    assert (failed.infer, len(failed.batches)) == ([], 1)
    nothing = model.classify([None], bench.Token()).timings.trace
    assert nothing is not None
    assert (nothing.infer, nothing.batches, nothing.padded_tokens) == ([], [], 0)


def test_the_peak_of_memory_is_known_on_linux() -> None:
    found = peak_memory_bytes()
    assert found is None or 10_000_000 < found < 1 << 40


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
@pytest.mark.parametrize("grows", [0, 400_000_000])
def test_the_peak_of_memory_is_not_that_of_the_parent(grows: int) -> None:
    held = b"x" * 200_000_000
    script = f"""
from pathlib import Path
from evald.backends.trace import peak_memory_bytes
before = peak_memory_bytes()
held = b"x" * {grows}
status = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(before, peak_memory_bytes(), int(status.split()[1]) << 10)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, after, own = map(int, done.stdout.split())
    assert before < len(held)
    assert abs(after - own) < 1 << 20
