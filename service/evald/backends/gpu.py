"""What an NVIDIA GPU uses, as its management library (NVML) tells. Must not know models.

The library is loaded when a model on CUDA is measured first. Where it, the driver or a figure is missing, so is what it
would have told: no measurement fails for it.
"""

from __future__ import annotations

import functools
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class GpuUse:
    """What a GPU used, by all processes on it; None where it does not tell.

    `memory_bytes` is what is taken of its memory, `utilization` the share of the time in which it computed, 0 to 1.
    """

    memory_bytes: int | None
    utilization: float | None
    energy_joules: float | None

    @classmethod
    def joined(cls, uses: Sequence[tuple[GpuUse, float]]) -> GpuUse:
        """Of measurements that came one after the other, each with its seconds."""
        energies = [use.energy_joules for use, _ in uses if use.energy_joules is not None]
        shares = [(use.utilization, seconds) for use, seconds in uses if use.utilization is not None]
        whole = sum(seconds for _, seconds in shares)
        return cls(
            max((use.memory_bytes for use, _ in uses if use.memory_bytes is not None), default=None),
            sum(share * seconds for share, seconds in shares) / whole if whole else None,
            # A part is no energy of the whole.
            sum(energies) if len(energies) == len(uses) else None,
        )


class Gpu:
    """One device."""

    def __init__(self, library: Any, handle: Any) -> None:
        self._library = library
        self._handle = handle

    def energy_joules(self) -> float | None:
        """Since the driver was loaded."""
        millijoules = self._ask(self._library.nvmlDeviceGetTotalEnergyConsumption)
        return None if millijoules is None else millijoules / 1000

    def memory_bytes(self) -> int | None:
        """Taken now."""
        found = self._ask(self._library.nvmlDeviceGetMemoryInfo)
        return None if found is None else int(found.used)

    def utilization(self, since: int = 0) -> float | None:
        """The mean of the driver's samples after a time in microseconds since 1970, else the last one."""
        library = self._library
        found = self._ask(library.nvmlDeviceGetSamples, library.NVML_GPU_UTILIZATION_SAMPLES, since) if since else None
        percents = [sample.sampleValue.uiVal for sample in found[1] if sample.timeStamp > since] if found else []
        if percents:
            return float(sum(percents) / len(percents) / 100)
        last = self._ask(library.nvmlDeviceGetUtilizationRates)
        return None if last is None else last.gpu / 100

    def use(self) -> GpuUse:
        """As it is now, with the energy since the driver was loaded."""
        return GpuUse(self.memory_bytes(), self.utilization(), self.energy_joules())

    def _ask(self, question: Callable[..., Any], *details: Any) -> Any:
        try:
            return question(self._handle, *details)
        except self._library.NVMLError:
            return None


class GpuMeter:
    """Measures from its making on."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self._since = time.time_ns() // 1000
        self._energy = gpu.energy_joules()

    def stop(self) -> GpuUse:
        """What was used; the memory is that at the end."""
        energy = self._gpu.energy_joules()
        used = None if energy is None or self._energy is None else energy - self._energy
        return GpuUse(self._gpu.memory_bytes(), self._gpu.utilization(self._since), used)


def meter(device: str) -> GpuMeter | None:
    """A meter for models on "cuda" where there is a GPU to read."""
    found = gpu() if device == "cuda" else None
    return None if found is None else GpuMeter(found)


def gpu() -> Gpu | None:
    """The GPU on which this process computes; None if nobody knows which of several that is."""
    library = _library()
    if library is None:
        return None
    try:
        handles = [library.nvmlDeviceGetHandleByIndex(index) for index in range(library.nvmlDeviceGetCount())]
        if len(handles) > 1:
            handles = [handle for handle in handles if _is_ours(library, handle)]
    except library.NVMLError:
        return None
    return Gpu(library, handles[0]) if len(handles) == 1 else None


def _is_ours(library: Any, handle: Any) -> bool:
    return os.getpid() in {process.pid for process in library.nvmlDeviceGetComputeRunningProcesses(handle)}


@functools.cache
def _library() -> Any | None:
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml
