"""How fast models of the server answered and what they used; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evald.results.text import Block

if TYPE_CHECKING:
    from evald.results.cost import Cost


@dataclass(frozen=True)
class Latency:
    """Seconds, summed up; percentiles by nearest rank."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True)
class ModelPerformance:
    """What one model took in a call; a text is an input, or each choice of a row.

    A text's `latency` is the sum of `tokenize`, `queue` and `infer`, the time of its batch; None if no text was
    answered. CPU seconds and memory are those of the server's process, with other calls at the same time.
    """

    system: str
    alias: str
    texts: int
    seconds: float
    texts_per_second: float
    tokens_per_second: float
    padding_share: float
    latency: Latency | None
    tokenize: Latency | None
    queue: Latency | None
    infer: Latency | None
    batch: Latency | None
    batches: int
    cpu_seconds: float
    peak_memory_bytes: int | None
    # Of a measurement that was repeated: whether its last windows agreed, and how many there were.
    stable: bool | None = None
    windows: int | None = None
    # Of a GPU that tells, by all processes on it: memory taken at the end, share of the time in use, energy.
    gpu_memory_bytes: int | None = None
    gpu_utilization: float | None = None
    gpu_energy_joules: float | None = None


HEAD = ["model", "texts/s", "tokens/s", "p50", "p95", "p99", "queue p50", "model p50", "padding", "CPU", "peak memory"]
GPU_HEAD = ["GPU", "GPU memory", "energy"]


def blocks(cost: Cost | None) -> list[Block]:
    """A table of the models that answered in a call; none if none did."""
    found = cost.performance if cost is not None else ()
    answered = [one for one in found if one.latency is not None]
    has_gpu = any(any(_gpu_cells(one)) for one in answered)
    lines = [[*_cells(one), *(_gpu_cells(one) if has_gpu else ())] for one in answered]
    head = [*HEAD, *(GPU_HEAD if has_gpu else ())]
    return [Block("models, measured while they answered: latency of a text", head, lines)] if lines else []


def _cells(one: ModelPerformance) -> list[str]:
    return [
        one.system or one.alias,
        f"{one.texts_per_second:,.1f}",
        f"{one.tokens_per_second:,.0f}",
        *(_time(getattr(one.latency, name)) for name in ("p50", "p95", "p99")),
        *(_time(found.p50 if found else 0.0) for found in (one.queue, one.infer)),
        f"{one.padding_share:.1%}",
        _time(one.cpu_seconds),
        "" if one.peak_memory_bytes is None else f"{one.peak_memory_bytes / 1e6:,.0f} MB",
    ]


def _gpu_cells(one: ModelPerformance) -> list[str]:
    return [
        "" if one.gpu_utilization is None else f"{one.gpu_utilization:.0%}",
        "" if one.gpu_memory_bytes is None else f"{one.gpu_memory_bytes / 1e6:,.0f} MB",
        "" if one.gpu_energy_joules is None else f"{one.gpu_energy_joules:,.1f} J",
    ]


def _time(seconds: float) -> str:
    return f"{seconds:,.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
