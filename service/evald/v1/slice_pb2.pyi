from evald.v1 import metric_pb2 as _metric_pb2
from evald.v1 import statistics_pb2 as _statistics_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SliceSpec(_message.Message):
    __slots__ = ("by",)
    BY_FIELD_NUMBER: _ClassVar[int]
    by: str
    def __init__(self, by: _Optional[str] = ...) -> None: ...

class SliceComparison(_message.Message):
    __slots__ = ("by", "values", "rows", "comparisons", "notes")
    BY_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    by: str
    values: _containers.RepeatedScalarFieldContainer[str]
    rows: int
    comparisons: _containers.RepeatedCompositeFieldContainer[_statistics_pb2.PairedResult]
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, by: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ..., rows: _Optional[int] = ..., comparisons: _Optional[_Iterable[_Union[_statistics_pb2.PairedResult, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...

class Consistency(_message.Message):
    __slots__ = ("by", "metric", "candidate", "slices", "improved", "improved_rows", "worst", "worst_difference", "heterogeneity", "notes")
    BY_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    IMPROVED_FIELD_NUMBER: _ClassVar[int]
    IMPROVED_ROWS_FIELD_NUMBER: _ClassVar[int]
    WORST_FIELD_NUMBER: _ClassVar[int]
    WORST_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    HETEROGENEITY_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    by: str
    metric: str
    candidate: str
    slices: int
    improved: int
    improved_rows: float
    worst: _containers.RepeatedScalarFieldContainer[str]
    worst_difference: _statistics_pb2.Estimate
    heterogeneity: Heterogeneity
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, by: _Optional[str] = ..., metric: _Optional[str] = ..., candidate: _Optional[str] = ..., slices: _Optional[int] = ..., improved: _Optional[int] = ..., improved_rows: _Optional[float] = ..., worst: _Optional[_Iterable[str]] = ..., worst_difference: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., heterogeneity: _Optional[_Union[Heterogeneity, _Mapping]] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...

class Heterogeneity(_message.Message):
    __slots__ = ("q", "degrees", "p_value", "i_squared", "f", "denominator_degrees")
    Q_FIELD_NUMBER: _ClassVar[int]
    DEGREES_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    I_SQUARED_FIELD_NUMBER: _ClassVar[int]
    F_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_DEGREES_FIELD_NUMBER: _ClassVar[int]
    q: float
    degrees: int
    p_value: float
    i_squared: float
    f: float
    denominator_degrees: float
    def __init__(self, q: _Optional[float] = ..., degrees: _Optional[int] = ..., p_value: _Optional[float] = ..., i_squared: _Optional[float] = ..., f: _Optional[float] = ..., denominator_degrees: _Optional[float] = ...) -> None: ...
