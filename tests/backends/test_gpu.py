"""What a GPU used, read through a stand-in for NVIDIA's library; and that nothing happens where there is none."""

# The stand-in has the names of the library.
# ruff: noqa: N802

from __future__ import annotations

import os
import subprocess
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from evald.backends import gpu
from evald.backends.contract import SilentObserver
from evald.backends.gpu import GpuUse
from evald.backends.model import Model
from evald.backends.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.backends.conftest import Bench

    from evald.backends.contract import Timings


class NVMLError(Exception):
    """That of the library."""


class Library(ModuleType):
    """Devices that compute 60 % of the time and use a kilojoule between two questions."""

    NVMLError = NVMLError
    NVML_GPU_UTILIZATION_SAMPLES = 1

    def __init__(self, processes: list[list[int]]) -> None:
        super().__init__("pynvml")
        self.processes = processes
        self.energy = 0
        self.missing: set[str] = set()

    def nvmlInit(self) -> None:
        self._found("nvmlInit")

    def nvmlDeviceGetCount(self) -> int:
        return len(self.processes)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=pid) for pid in self.processes[handle]]

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:
        self._found("energy")
        self.energy += 1_000_000
        return self.energy

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        self._found("memory")
        return SimpleNamespace(used=(handle + 1) << 30)

    def nvmlDeviceGetSamples(self, handle: int, kind: int, since: int) -> tuple[int, list[SimpleNamespace]]:
        self._found("samples")
        now = time.time_ns() // 1000
        times = (since - 1, now + 10**9, now + 10**9)
        percents = (7, 50, 70)
        return 1, [
            SimpleNamespace(timeStamp=at, sampleValue=SimpleNamespace(uiVal=percent))
            for at, percent in zip(times, percents, strict=True)
        ]

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        self._found("rates")
        return SimpleNamespace(gpu=30)

    def _found(self, name: str) -> None:
        if name in self.missing:
            raise NVMLError(name)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Puts a library in the place of NVIDIA's; None is one that is not installed."""

    def put(library: Any) -> None:
        monkeypatch.setitem(sys.modules, "pynvml", library)
        gpu._library.cache_clear()

    yield put
    gpu._library.cache_clear()


def timings(bench: Bench, device: str = "cuda") -> Timings:
    backend = bench.backend(device=device)
    return Model(backend, bench.batcher(backend), SilentObserver()).classify(["a b"], bench.Token()).timings


def used(bench: Bench) -> GpuUse | None:
    trace = timings(bench).trace
    assert trace is not None
    return trace.gpu


def test_a_measurement_on_cuda_has_what_the_gpu_used(bench: Bench, install: Callable[[Any], None]) -> None:
    install(Library([[]]))
    assert used(bench) == GpuUse(memory_bytes=1 << 30, utilization=0.6, energy_joules=1000.0)
    trace = timings(bench, "cpu").trace
    assert trace is not None
    assert trace.gpu is None


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ({"energy"}, GpuUse(1 << 30, 0.6, None)),
        ({"samples"}, GpuUse(1 << 30, 0.3, 1000.0)),
        ({"samples", "rates", "memory"}, GpuUse(None, None, 1000.0)),
        ({"nvmlInit"}, None),
    ],
)
def test_what_a_gpu_does_not_tell_is_left_out(
    bench: Bench, install: Callable[[Any], None], missing: set[str], expected: GpuUse | None
) -> None:
    library = Library([[]])
    library.missing = missing
    install(library)
    assert used(bench) == expected


def test_of_several_gpus_the_one_that_this_process_uses_is_read(bench: Bench, install: Callable[[Any], None]) -> None:
    install(Library([[1], [1, os.getpid()], []]))
    found = used(bench)
    assert found is not None
    assert found.memory_bytes == 2 << 30
    for unclear in ([[1], [2]], [[os.getpid()], [os.getpid()]], []):
        install(Library(unclear))
        assert used(bench) is None


def test_without_the_package_nothing_is_told(bench: Bench, install: Callable[[Any], None]) -> None:
    install(None)
    assert used(bench) is None


def test_measurements_one_after_the_other_add_up() -> None:
    parts = [(GpuUse(3, 0.5, 10.0), 1.0), (GpuUse(5, 0.8, 20.0), 3.0), (GpuUse(None, None, 5.0), 9.0)]
    joined = GpuUse.joined(parts)
    assert (joined.memory_bytes, joined.energy_joules) == (5, 35.0)
    assert joined.utilization == pytest.approx(0.725)
    assert GpuUse.joined([*parts, (GpuUse(1, None, None), 1.0)]).energy_joules is None
    traces = [Trace(1.0, 0.0, 0, 0, [], [], [], [], None, gpu=use) for use in (parts[0][0], None)]
    assert Trace.joined(traces).gpu == parts[0][0]
    assert Trace.joined(traces[1:]).gpu is None


def test_models_on_the_processor_never_load_the_library() -> None:
    code = "import evald.backends.model, evald.backends.gpu as g, sys; g.meter('cpu'); print('pynvml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
