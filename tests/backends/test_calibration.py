"""The size of batches is measured at load, in bounded time, with a fallback that needs no clock."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from evald.backends.calibration import Calibration, calibrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.backends.conftest import Bench, FakeBackend


class Clock:
    """A clock that only batches advance, by what their size costs."""

    def __init__(self, backend: FakeBackend, seconds_of: Callable[[int], float]) -> None:
        self.now = 100.0
        run = backend.run

        def timed(sequences: list[object], length: int) -> object:
            self.now += seconds_of(len(sequences) * length)
            return run(sequences, length)  # type: ignore[arg-type]

        backend.run = timed  # type: ignore[method-assign, assignment]

    def __call__(self) -> float:
        return self.now


def found(backend: FakeBackend, seconds_of: Callable[[int], float]) -> Calibration:
    return calibrate(backend, Clock(backend, seconds_of))


def sizes(backend: FakeBackend) -> list[int]:
    """Padded tokens of the batches that ran, each once."""
    return list(dict.fromkeys(length * len(batch) for length, batch in backend.batches))


def test_the_smallest_size_that_is_nearly_the_fastest_is_taken(bench: Bench) -> None:
    # Each batch costs as much as 16 tokens: 256 is within 5 % of 512, and 1024 leaves the cache.
    backend = bench.backend()
    size = found(backend, lambda tokens: 1e-5 * (tokens + 16) * (1.3 if tokens >= 1024 else 1))
    assert size.batch_tokens == 256
    assert size.pace == pytest.approx(1e-5 * 272 / 256)
    assert sizes(backend) == [128, 256, 512, 1024]


def test_a_slow_moment_does_not_decide(bench: Bench) -> None:
    backend, runs = bench.backend(), Counter[int]()

    def seconds(tokens: int) -> float:
        runs[tokens] += 1
        slow = tokens >= 1024 or (tokens == 256 and runs[tokens] <= 4)
        return 1e-5 * (tokens + 16) * (1.3 if slow else 1)

    assert found(backend, seconds).batch_tokens == 256


def test_sizes_of_a_gpu_are_larger_and_end_where_memory_does(bench: Bench) -> None:
    backend = bench.backend()
    backend.info = dataclasses.replace(backend.info, device="cuda")

    def seconds(tokens: int) -> float:
        if tokens > 8192:
            raise MemoryError
        return 1e-3 + 1e-8 * tokens

    assert found(backend, seconds).batch_tokens == 8192
    assert sizes(backend) == [1024, 2048, 4096, 8192]


@pytest.mark.parametrize(("device", "expected"), [("cpu", 512), ("cuda", 16_384)])
def test_a_model_too_slow_to_measure_gets_the_fallback(bench: Bench, device: str, expected: int) -> None:
    backend = bench.backend()
    backend.info = dataclasses.replace(backend.info, device=device)
    size = found(backend, lambda tokens: 0.01 * tokens)
    assert size.batch_tokens == expected
    assert size.pace == pytest.approx(0.01)
    assert len(sizes(backend)) == 1


def test_measuring_takes_seconds_at_most(bench: Bench) -> None:
    backend = bench.backend()
    clock = Clock(backend, lambda tokens: 1e-3 * tokens)
    calibrate(backend, clock)
    assert clock.now <= 100 + 3.0 + 1e-9
