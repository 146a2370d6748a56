"""How fast models answered, from messages."""

from __future__ import annotations

from evald import results
from evald.v1 import performance_pb2 as performance


def performance_of(message: performance.ModelPerformance) -> results.ModelPerformance:
    """What one model took."""
    return results.ModelPerformance(
        system=message.system,
        alias=message.alias,
        texts=message.texts,
        seconds=message.seconds,
        texts_per_second=message.texts_per_second,
        tokens_per_second=message.tokens_per_second,
        padding_share=message.padding_share,
        latency=_latency(message.latency),
        tokenize=_latency(message.tokenize),
        queue=_latency(message.queue),
        infer=_latency(message.infer),
        batch=_latency(message.batch),
        batches=message.batches,
        cpu_seconds=message.cpu_seconds,
        peak_memory_bytes=message.peak_memory_bytes if message.HasField("peak_memory_bytes") else None,
        stable=message.steadiness.stable if message.HasField("steadiness") else None,
        windows=message.steadiness.windows if message.HasField("steadiness") else None,
        gpu_memory_bytes=message.gpu.memory_bytes if message.gpu.HasField("memory_bytes") else None,
        gpu_utilization=message.gpu.utilization if message.gpu.HasField("utilization") else None,
        gpu_energy_joules=message.gpu.energy_joules if message.gpu.HasField("energy_joules") else None,
    )


def _latency(message: performance.Latency) -> results.Latency | None:
    # A text takes more than no time: a summary of nothing is one that was not set.
    if not message.ByteSize():
        return None
    return results.Latency(
        mean=message.mean_seconds,
        p50=message.p50_seconds,
        p90=message.p90_seconds,
        p95=message.p95_seconds,
        p99=message.p99_seconds,
        max=message.max_seconds,
    )
