"""The use of a GPU on its way to callers: message, result, table and metrics page; none of it without one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import CollectorRegistry, generate_latest

from evald.backends.gpu import Gpu, GpuUse
from evald.backends.trace import Trace
from evald.client.convert_performance import performance_of as result_of
from evald.results import Cost, performance
from evald.server.gpu_metrics import GpuCollector
from evald.server.performance import performance_of
from evald.settings import ModelSetting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.conftest import Server

TRACE = Trace(2.0, 1.0, 10, 12, [0.1], [0.2], [0.3], [0.3], 1 << 20)
USED = GpuUse(memory_bytes=3_000_000_000, utilization=0.875, energy_joules=412.25)


def test_what_a_gpu_used_reaches_results_and_tables() -> None:
    found = result_of(performance_of(replace(TRACE, gpu=USED), "judge"))
    assert (found.gpu_memory_bytes, found.gpu_utilization, found.gpu_energy_joules) == (3_000_000_000, 0.875, 412.25)
    plain = result_of(performance_of(TRACE, "small"))
    assert (plain.gpu_memory_bytes, plain.gpu_utilization, plain.gpu_energy_joules) == (None, None, None)
    (block,) = performance.blocks(cost_of(found, plain))
    assert block.head[-3:] == ["GPU", "GPU memory", "energy"]
    assert [line[-3:] for line in block.lines] == [["88%", "3,000 MB", "412.2 J"], ["", "", ""]]
    (block,) = performance.blocks(cost_of(plain))
    assert block.head[-1] == "peak memory"


def cost_of(*found: Any) -> Cost:
    class OnlyPerformance:
        performance = found

    return cast("Cost", OnlyPerformance())


def test_what_a_gpu_does_not_tell_is_unset() -> None:
    message = performance_of(replace(TRACE, gpu=GpuUse(None, 0.0, None)), "judge")
    assert message.HasField("gpu")
    assert [message.gpu.HasField(name) for name in ("memory_bytes", "utilization", "energy_joules")] == [0, 1, 0]
    assert not performance_of(TRACE, "judge").HasField("gpu")


def test_the_metrics_page_reads_the_gpu_when_it_is_asked_for() -> None:
    class Device:
        def use(self) -> GpuUse:
            return USED

    found: list[Device] = []
    registry = CollectorRegistry()
    registry.register(GpuCollector(lambda: cast("Gpu | None", next(iter(found), None))))
    assert generate_latest(registry) == b""
    found.append(Device())
    page = generate_latest(registry).decode()
    for line in (
        "evald_gpu_memory_bytes 3e+09",
        "evald_gpu_utilization_ratio 0.875",
        "evald_gpu_energy_joules_total 412.25",
    ):
        assert line in page


def test_a_server_without_a_gpu_has_no_series_of_one(make_server: Callable[..., Server], root: Path) -> None:
    """Although a model of its settings asks for CUDA, which fails with the reason."""
    server = make_server(models={"judge": ModelSetting(root / "examples" / "models" / "tiny-lm", device="cuda")})
    assert "evald_gpu" not in server.get("/metrics")[1]
