from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelPerformance(_message.Message):
    __slots__ = ("system", "alias", "texts", "seconds", "texts_per_second", "tokens_per_second", "padding_share", "latency", "tokenize", "queue", "infer", "batch", "batches", "cpu_seconds", "peak_memory_bytes", "steadiness", "gpu")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    TEXTS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    PADDING_SHARE_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    TOKENIZE_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    INFER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PEAK_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    STEADINESS_FIELD_NUMBER: _ClassVar[int]
    GPU_FIELD_NUMBER: _ClassVar[int]
    system: str
    alias: str
    texts: int
    seconds: float
    texts_per_second: float
    tokens_per_second: float
    padding_share: float
    latency: Latency
    tokenize: Latency
    queue: Latency
    infer: Latency
    batch: Latency
    batches: int
    cpu_seconds: float
    peak_memory_bytes: int
    steadiness: Steadiness
    gpu: GpuUse
    def __init__(self, system: _Optional[str] = ..., alias: _Optional[str] = ..., texts: _Optional[int] = ..., seconds: _Optional[float] = ..., texts_per_second: _Optional[float] = ..., tokens_per_second: _Optional[float] = ..., padding_share: _Optional[float] = ..., latency: _Optional[_Union[Latency, _Mapping]] = ..., tokenize: _Optional[_Union[Latency, _Mapping]] = ..., queue: _Optional[_Union[Latency, _Mapping]] = ..., infer: _Optional[_Union[Latency, _Mapping]] = ..., batch: _Optional[_Union[Latency, _Mapping]] = ..., batches: _Optional[int] = ..., cpu_seconds: _Optional[float] = ..., peak_memory_bytes: _Optional[int] = ..., steadiness: _Optional[_Union[Steadiness, _Mapping]] = ..., gpu: _Optional[_Union[GpuUse, _Mapping]] = ...) -> None: ...

class GpuUse(_message.Message):
    __slots__ = ("memory_bytes", "utilization", "energy_joules")
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_FIELD_NUMBER: _ClassVar[int]
    ENERGY_JOULES_FIELD_NUMBER: _ClassVar[int]
    memory_bytes: int
    utilization: float
    energy_joules: float
    def __init__(self, memory_bytes: _Optional[int] = ..., utilization: _Optional[float] = ..., energy_joules: _Optional[float] = ...) -> None: ...

class Steadiness(_message.Message):
    __slots__ = ("stable", "windows")
    STABLE_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    stable: bool
    windows: int
    def __init__(self, stable: bool = ..., windows: _Optional[int] = ...) -> None: ...

class SteadyState(_message.Message):
    __slots__ = ("max_seconds",)
    MAX_SECONDS_FIELD_NUMBER: _ClassVar[int]
    max_seconds: float
    def __init__(self, max_seconds: _Optional[float] = ...) -> None: ...

class Latency(_message.Message):
    __slots__ = ("mean_seconds", "p50_seconds", "p90_seconds", "p95_seconds", "p99_seconds", "max_seconds")
    MEAN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P50_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P90_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P95_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P99_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_SECONDS_FIELD_NUMBER: _ClassVar[int]
    mean_seconds: float
    p50_seconds: float
    p90_seconds: float
    p95_seconds: float
    p99_seconds: float
    max_seconds: float
    def __init__(self, mean_seconds: _Optional[float] = ..., p50_seconds: _Optional[float] = ..., p90_seconds: _Optional[float] = ..., p95_seconds: _Optional[float] = ..., p99_seconds: _Optional[float] = ..., max_seconds: _Optional[float] = ...) -> None: ...
