"""What running a model took, text by text and batch by batch, and what the process used meanwhile. Plain numbers."""

from __future__ import annotations

import functools
import itertools
import math
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evald.backends.gpu import GpuUse

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Latency:
    """Seconds, summed up; percentiles by nearest rank."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency | None:
        """The summary of measured values; None if there are none."""
        if not seconds:
            return None
        ranked = sorted(seconds)
        # In whole numbers, as 0.95 * 20 is a little more than 19.
        p50, p90, p95, p99 = (ranked[-(-percent * len(ranked) // 100) - 1] for percent in (50, 90, 95, 99))
        return cls(math.fsum(ranked) / len(ranked), p50, p90, p95, p99, ranked[-1])


@dataclass(frozen=True)
class Steadiness:
    """Whether the last windows of a repeated measurement agreed, and how many windows there were."""

    stable: bool
    windows: int


@dataclass(frozen=True)
class Trace:
    """What answering texts took; the lists hold seconds, one entry a text that was answered, or a batch.

    Tokens are those that the model read, without and with padding.
    """

    seconds: float
    cpu_seconds: float
    tokens: int
    padded_tokens: int
    tokenize: Sequence[float]
    queue: Sequence[float]
    infer: Sequence[float]
    batches: Sequence[float]
    peak_memory_bytes: int | None
    # Of a model on a GPU that can be read, while it ran.
    gpu: GpuUse | None = None
    # Of a measurement that was repeated.
    steadiness: Steadiness | None = None

    @classmethod
    def joined(cls, traces: Sequence[Trace]) -> Trace:
        """One trace of calls that came one after the other, at least one."""
        uses = [(trace.gpu, trace.seconds) for trace in traces if trace.gpu is not None]
        return cls(
            seconds=math.fsum(trace.seconds for trace in traces),
            cpu_seconds=math.fsum(trace.cpu_seconds for trace in traces),
            tokens=sum(trace.tokens for trace in traces),
            padded_tokens=sum(trace.padded_tokens for trace in traces),
            tokenize=list(itertools.chain.from_iterable(trace.tokenize for trace in traces)),
            queue=list(itertools.chain.from_iterable(trace.queue for trace in traces)),
            infer=list(itertools.chain.from_iterable(trace.infer for trace in traces)),
            batches=list(itertools.chain.from_iterable(trace.batches for trace in traces)),
            peak_memory_bytes=traces[-1].peak_memory_bytes,
            gpu=GpuUse.joined(uses) if uses else None,
        )

    @property
    def latencies(self) -> list[float]:
        """Seconds from the start of the call to the answer of each text."""
        return [sum(parts) for parts in zip(self.tokenize, self.queue, self.infer, strict=True)]


class Stopwatch:
    """Measures from its making on; `stop` tells of texts that ran meanwhile."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._cpu = time.process_time()

    def stop(
        self,
        tokens: int,
        padded_tokens: int,
        texts: Sequence[tuple[float, float, float]],
        batches: Sequence[float],
        gpu: GpuUse | None = None,
    ) -> Trace:
        """The trace of texts, each with its seconds until tokenised, in the queue and in the model."""
        return Trace(
            seconds=time.monotonic() - self.began,
            cpu_seconds=time.process_time() - self._cpu,
            tokens=tokens,
            padded_tokens=padded_tokens,
            tokenize=[text[0] for text in texts],
            queue=[text[1] for text in texts],
            infer=[text[2] for text in texts],
            batches=batches,
            peak_memory_bytes=peak_memory_bytes(),
            gpu=gpu,
        )


def peak_memory_bytes() -> int | None:
    """Most memory that this process ever held; None where the system does not tell."""
    inherited = _inherited_peak()
    peak = _peak()
    return peak << 10 if inherited is not None and peak > inherited else _own_peak()


@functools.cache
def _inherited_peak() -> int | None:
    """What `_peak` tells of the process that started this one, as long as that is more; None off Linux."""
    peak, own = _peak(), _own_peak()
    if own is None:
        return None
    return peak if own < peak << 10 else 0


def _peak() -> int:
    """In KiB; may be that of the process that started this one."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _own_peak() -> int | None:
    """In bytes; from a page that takes the system a tenth of a short call to write."""
    try:
        with _STATUS.open("rb") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(b"VmHWM:")) << 10
    except (OSError, StopIteration):
        return None
