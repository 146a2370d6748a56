"""How fast models answered, as messages."""

from __future__ import annotations

from evald.backends.gpu import GpuUse
from evald.backends.trace import Latency, Steadiness, Trace
from evald.engine.steady import SteadyState
from evald.errors import InvalidRequestError
from evald.v1 import model_pb2, performance_pb2

_MOST_SECONDS = 600


def performance_of(trace: Trace, alias: str, system: str = "") -> performance_pb2.ModelPerformance:
    """What a model took for a system."""
    # A call so short that the clock does not tell it from nothing has no rate.
    seconds = trace.seconds or 1.0
    return performance_pb2.ModelPerformance(
        system=system,
        alias=alias,
        texts=len(trace.infer),
        seconds=trace.seconds,
        texts_per_second=len(trace.infer) / seconds,
        tokens_per_second=trace.tokens / seconds,
        padding_share=1 - trace.tokens / trace.padded_tokens if trace.padded_tokens else 0.0,
        latency=_latency(Latency.of(trace.latencies)),
        tokenize=_latency(Latency.of(trace.tokenize)),
        queue=_latency(Latency.of(trace.queue)),
        infer=_latency(Latency.of(trace.infer)),
        batch=_latency(Latency.of(trace.batches)),
        batches=len(trace.batches),
        cpu_seconds=trace.cpu_seconds,
        peak_memory_bytes=trace.peak_memory_bytes,
        steadiness=_steadiness(trace.steadiness),
        gpu=_gpu(trace.gpu),
    )


def steady_state_of(message: model_pb2.PredictRequest) -> SteadyState | None:
    """The repeated measurement that a request asks for."""
    if not message.HasField("steady_state"):
        return None
    seconds = message.steady_state.max_seconds
    if not 0 < seconds <= _MOST_SECONDS:
        problem = f"must be above 0 and at most {_MOST_SECONDS}"
        raise InvalidRequestError.of_field("BAD_STEADY_STATE", "steady_state.max_seconds", problem)
    return SteadyState(seconds)


def _steadiness(found: Steadiness | None) -> performance_pb2.Steadiness | None:
    return None if found is None else performance_pb2.Steadiness(stable=found.stable, windows=found.windows)


def _gpu(found: GpuUse | None) -> performance_pb2.GpuUse | None:
    if found is None:
        return None
    return performance_pb2.GpuUse(
        memory_bytes=found.memory_bytes, utilization=found.utilization, energy_joules=found.energy_joules
    )


def _latency(found: Latency | None) -> performance_pb2.Latency | None:
    if found is None:
        return None
    return performance_pb2.Latency(
        mean_seconds=found.mean,
        p50_seconds=found.p50,
        p90_seconds=found.p90,
        p95_seconds=found.p95,
        p99_seconds=found.p99,
        max_seconds=found.max,
    )
