"""The use of the GPU on the metrics page, read when the page is asked for; nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from evald.backends.gpu import Gpu


class GpuCollector(Collector):
    """`find` gives the GPU, if there is one to read."""

    def __init__(self, find: Callable[[], Gpu | None]) -> None:
        self._find = find

    def describe(self) -> list[Metric]:
        """Nothing, so that no GPU is looked for before the page is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What the GPU tells."""
        gpu = self._find()
        if gpu is None:
            return
        use = gpu.use()
        for name, text, value in (
            ("evald_gpu_memory_bytes", "Memory of the GPU that is taken, by all processes.", use.memory_bytes),
            ("evald_gpu_utilization_ratio", "Share of the last moments in which the GPU computed.", use.utilization),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, text, value)
        if use.energy_joules is not None:
            text = "Energy that the GPU used since its driver was loaded."
            yield CounterMetricFamily("evald_gpu_energy_joules", text, use.energy_joules)
