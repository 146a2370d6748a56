from evald.v1 import metric_pb2 as _metric_pb2
from evald.v1 import statistics_pb2 as _statistics_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EmarVariant(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMAR_VARIANT_UNSPECIFIED: _ClassVar[EmarVariant]
    EMAR_VARIANT_FORMULA: _ClassVar[EmarVariant]
    EMAR_VARIANT_PROSE: _ClassVar[EmarVariant]
    EMAR_VARIANT_EXAMPLE: _ClassVar[EmarVariant]
    EMAR_VARIANT_RELATIVE_IMPROVEMENT: _ClassVar[EmarVariant]
EMAR_VARIANT_UNSPECIFIED: EmarVariant
EMAR_VARIANT_FORMULA: EmarVariant
EMAR_VARIANT_PROSE: EmarVariant
EMAR_VARIANT_EXAMPLE: EmarVariant
EMAR_VARIANT_RELATIVE_IMPROVEMENT: EmarVariant

class ForgettingSpec(_message.Message):
    __slots__ = ("target_tasks", "emar")
    TARGET_TASKS_FIELD_NUMBER: _ClassVar[int]
    EMAR_FIELD_NUMBER: _ClassVar[int]
    target_tasks: _containers.RepeatedScalarFieldContainer[str]
    emar: _containers.RepeatedCompositeFieldContainer[EmarSpec]
    def __init__(self, target_tasks: _Optional[_Iterable[str]] = ..., emar: _Optional[_Iterable[_Union[EmarSpec, _Mapping]]] = ...) -> None: ...

class EmarSpec(_message.Message):
    __slots__ = ("metric", "target_task", "benchmark_task", "variant")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    TARGET_TASK_FIELD_NUMBER: _ClassVar[int]
    BENCHMARK_TASK_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    metric: str
    target_task: str
    benchmark_task: str
    variant: EmarVariant
    def __init__(self, metric: _Optional[str] = ..., target_task: _Optional[str] = ..., benchmark_task: _Optional[str] = ..., variant: _Optional[_Union[EmarVariant, str]] = ...) -> None: ...

class Forgetting(_message.Message):
    __slots__ = ("metric", "candidate", "tasks", "average_forgetting", "backward_transfer", "macro_baseline", "macro_candidate", "macro_difference", "notes")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_FORGETTING_FIELD_NUMBER: _ClassVar[int]
    BACKWARD_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    MACRO_BASELINE_FIELD_NUMBER: _ClassVar[int]
    MACRO_CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    MACRO_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    metric: str
    candidate: str
    tasks: _containers.RepeatedCompositeFieldContainer[TaskChange]
    average_forgetting: _statistics_pb2.Estimate
    backward_transfer: _statistics_pb2.Estimate
    macro_baseline: _statistics_pb2.Estimate
    macro_candidate: _statistics_pb2.Estimate
    macro_difference: _statistics_pb2.Estimate
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, metric: _Optional[str] = ..., candidate: _Optional[str] = ..., tasks: _Optional[_Iterable[_Union[TaskChange, _Mapping]]] = ..., average_forgetting: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., backward_transfer: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., macro_baseline: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., macro_candidate: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., macro_difference: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...

class TaskChange(_message.Message):
    __slots__ = ("task", "target", "rows", "change", "relative_improvement", "retained", "gained", "lost", "never", "notes")
    TASK_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_IMPROVEMENT_FIELD_NUMBER: _ClassVar[int]
    RETAINED_FIELD_NUMBER: _ClassVar[int]
    GAINED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    NEVER_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    task: str
    target: bool
    rows: int
    change: _statistics_pb2.PairedResult
    relative_improvement: _statistics_pb2.Estimate
    retained: int
    gained: int
    lost: int
    never: int
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, task: _Optional[str] = ..., target: bool = ..., rows: _Optional[int] = ..., change: _Optional[_Union[_statistics_pb2.PairedResult, _Mapping]] = ..., relative_improvement: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., retained: _Optional[int] = ..., gained: _Optional[int] = ..., lost: _Optional[int] = ..., never: _Optional[int] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...

class EmarResult(_message.Message):
    __slots__ = ("metric", "candidate", "target_task", "benchmark_task", "variant", "definition", "estimate", "before", "after", "benchmark", "notes")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_TASK_FIELD_NUMBER: _ClassVar[int]
    BENCHMARK_TASK_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    BENCHMARK_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    metric: str
    candidate: str
    target_task: str
    benchmark_task: str
    variant: EmarVariant
    definition: str
    estimate: _statistics_pb2.Estimate
    before: float
    after: float
    benchmark: float
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, metric: _Optional[str] = ..., candidate: _Optional[str] = ..., target_task: _Optional[str] = ..., benchmark_task: _Optional[str] = ..., variant: _Optional[_Union[EmarVariant, str]] = ..., definition: _Optional[str] = ..., estimate: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., before: _Optional[float] = ..., after: _Optional[float] = ..., benchmark: _Optional[float] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...
