from evald.v1 import statistics_pb2 as _statistics_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RowField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROW_FIELD_UNSPECIFIED: _ClassVar[RowField]
    ROW_FIELD_PREDICTION_TEXT: _ClassVar[RowField]
    ROW_FIELD_REFERENCES: _ClassVar[RowField]
    ROW_FIELD_PREDICTION_LABEL: _ClassVar[RowField]
    ROW_FIELD_LABELS: _ClassVar[RowField]
    ROW_FIELD_PREDICTION_LABEL_SET: _ClassVar[RowField]
    ROW_FIELD_LABEL_SET: _ClassVar[RowField]
    ROW_FIELD_CLASS_SCORES: _ClassVar[RowField]
    ROW_FIELD_WRONG_REFERENCES: _ClassVar[RowField]
    ROW_FIELD_PREDICTION_TOKENS: _ClassVar[RowField]
    ROW_FIELD_REFERENCE_TOKENS: _ClassVar[RowField]
    ROW_FIELD_PREDICTION_VALUE: _ClassVar[RowField]
    ROW_FIELD_VALUE: _ClassVar[RowField]
    ROW_FIELD_TOKEN_LOGPROBS: _ClassVar[RowField]
    ROW_FIELD_CHOICES: _ClassVar[RowField]
    ROW_FIELD_CHOICE_SCORES: _ClassVar[RowField]
    ROW_FIELD_NO_ANSWER_SCORE: _ClassVar[RowField]
    ROW_FIELD_SCORES: _ClassVar[RowField]
    ROW_FIELD_HUMAN_LABELS: _ClassVar[RowField]
    ROW_FIELD_LATENCY_SECONDS: _ClassVar[RowField]
    ROW_FIELD_INPUT_TOKENS: _ClassVar[RowField]
    ROW_FIELD_OUTPUT_TOKENS: _ClassVar[RowField]
    ROW_FIELD_COST: _ClassVar[RowField]
    ROW_FIELD_PEAK_MEMORY_BYTES: _ClassVar[RowField]

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTION_UNSPECIFIED: _ClassVar[Direction]
    DIRECTION_HIGHER: _ClassVar[Direction]
    DIRECTION_LOWER: _ClassVar[Direction]

class Mergeable(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MERGEABLE_UNSPECIFIED: _ClassVar[Mergeable]
    MERGEABLE_EXACT: _ClassVar[Mergeable]
    MERGEABLE_SKETCH: _ClassVar[Mergeable]
    MERGEABLE_NO: _ClassVar[Mergeable]
ROW_FIELD_UNSPECIFIED: RowField
ROW_FIELD_PREDICTION_TEXT: RowField
ROW_FIELD_REFERENCES: RowField
ROW_FIELD_PREDICTION_LABEL: RowField
ROW_FIELD_LABELS: RowField
ROW_FIELD_PREDICTION_LABEL_SET: RowField
ROW_FIELD_LABEL_SET: RowField
ROW_FIELD_CLASS_SCORES: RowField
ROW_FIELD_WRONG_REFERENCES: RowField
ROW_FIELD_PREDICTION_TOKENS: RowField
ROW_FIELD_REFERENCE_TOKENS: RowField
ROW_FIELD_PREDICTION_VALUE: RowField
ROW_FIELD_VALUE: RowField
ROW_FIELD_TOKEN_LOGPROBS: RowField
ROW_FIELD_CHOICES: RowField
ROW_FIELD_CHOICE_SCORES: RowField
ROW_FIELD_NO_ANSWER_SCORE: RowField
ROW_FIELD_SCORES: RowField
ROW_FIELD_HUMAN_LABELS: RowField
ROW_FIELD_LATENCY_SECONDS: RowField
ROW_FIELD_INPUT_TOKENS: RowField
ROW_FIELD_OUTPUT_TOKENS: RowField
ROW_FIELD_COST: RowField
ROW_FIELD_PEAK_MEMORY_BYTES: RowField
DIRECTION_UNSPECIFIED: Direction
DIRECTION_HIGHER: Direction
DIRECTION_LOWER: Direction
MERGEABLE_UNSPECIFIED: Mergeable
MERGEABLE_EXACT: Mergeable
MERGEABLE_SKETCH: Mergeable
MERGEABLE_NO: Mergeable

class MetricSpec(_message.Message):
    __slots__ = ("name", "params", "profile", "key", "margin")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    name: str
    params: _struct_pb2.Struct
    profile: str
    key: str
    margin: float
    def __init__(self, name: _Optional[str] = ..., params: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., profile: _Optional[str] = ..., key: _Optional[str] = ..., margin: _Optional[float] = ...) -> None: ...

class MetricDescriptor(_message.Message):
    __slots__ = ("name", "summary", "parameters", "profiles", "needs", "direction", "range_low", "range_high", "row_score", "mergeable", "reference", "signature", "source", "weighted", "interval", "model")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    RANGE_LOW_FIELD_NUMBER: _ClassVar[int]
    RANGE_HIGH_FIELD_NUMBER: _ClassVar[int]
    ROW_SCORE_FIELD_NUMBER: _ClassVar[int]
    MERGEABLE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTED_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    name: str
    summary: str
    parameters: _containers.RepeatedCompositeFieldContainer[ParameterDescriptor]
    profiles: _containers.RepeatedScalarFieldContainer[str]
    needs: _containers.RepeatedScalarFieldContainer[RowField]
    direction: Direction
    range_low: float
    range_high: float
    row_score: bool
    mergeable: Mergeable
    reference: str
    signature: str
    source: str
    weighted: bool
    interval: bool
    model: bool
    def __init__(self, name: _Optional[str] = ..., summary: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[ParameterDescriptor, _Mapping]]] = ..., profiles: _Optional[_Iterable[str]] = ..., needs: _Optional[_Iterable[_Union[RowField, str]]] = ..., direction: _Optional[_Union[Direction, str]] = ..., range_low: _Optional[float] = ..., range_high: _Optional[float] = ..., row_score: bool = ..., mergeable: _Optional[_Union[Mergeable, str]] = ..., reference: _Optional[str] = ..., signature: _Optional[str] = ..., source: _Optional[str] = ..., weighted: bool = ..., interval: bool = ..., model: bool = ...) -> None: ...

class ParameterDescriptor(_message.Message):
    __slots__ = ("name", "summary", "type", "default_value", "allowed")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    name: str
    summary: str
    type: str
    default_value: str
    allowed: str
    def __init__(self, name: _Optional[str] = ..., summary: _Optional[str] = ..., type: _Optional[str] = ..., default_value: _Optional[str] = ..., allowed: _Optional[str] = ...) -> None: ...

class MetricResult(_message.Message):
    __slots__ = ("metric", "signature", "estimate", "scale", "components", "confusion_matrix", "slices", "notes", "row_signature", "reference_signature", "direction")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    CONFUSION_MATRIX_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    ROW_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    metric: str
    signature: str
    estimate: _statistics_pb2.Estimate
    scale: float
    components: _containers.RepeatedCompositeFieldContainer[Component]
    confusion_matrix: ConfusionMatrix
    slices: _containers.RepeatedCompositeFieldContainer[SliceResult]
    notes: _containers.RepeatedCompositeFieldContainer[Note]
    row_signature: str
    reference_signature: str
    direction: Direction
    def __init__(self, metric: _Optional[str] = ..., signature: _Optional[str] = ..., estimate: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., scale: _Optional[float] = ..., components: _Optional[_Iterable[_Union[Component, _Mapping]]] = ..., confusion_matrix: _Optional[_Union[ConfusionMatrix, _Mapping]] = ..., slices: _Optional[_Iterable[_Union[SliceResult, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[Note, _Mapping]]] = ..., row_signature: _Optional[str] = ..., reference_signature: _Optional[str] = ..., direction: _Optional[_Union[Direction, str]] = ...) -> None: ...

class Component(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class ConfusionMatrix(_message.Message):
    __slots__ = ("labels", "counts", "cell_gold", "cell_predicted", "cell_value")
    LABELS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    CELL_GOLD_FIELD_NUMBER: _ClassVar[int]
    CELL_PREDICTED_FIELD_NUMBER: _ClassVar[int]
    CELL_VALUE_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.RepeatedScalarFieldContainer[str]
    counts: _containers.RepeatedScalarFieldContainer[int]
    cell_gold: _containers.RepeatedScalarFieldContainer[int]
    cell_predicted: _containers.RepeatedScalarFieldContainer[int]
    cell_value: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, labels: _Optional[_Iterable[str]] = ..., counts: _Optional[_Iterable[int]] = ..., cell_gold: _Optional[_Iterable[int]] = ..., cell_predicted: _Optional[_Iterable[int]] = ..., cell_value: _Optional[_Iterable[float]] = ...) -> None: ...

class SliceResult(_message.Message):
    __slots__ = ("by", "values", "estimate", "notes")
    BY_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    by: str
    values: _containers.RepeatedScalarFieldContainer[str]
    estimate: _statistics_pb2.Estimate
    notes: _containers.RepeatedCompositeFieldContainer[Note]
    def __init__(self, by: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ..., estimate: _Optional[_Union[_statistics_pb2.Estimate, _Mapping]] = ..., notes: _Optional[_Iterable[_Union[Note, _Mapping]]] = ...) -> None: ...

class Note(_message.Message):
    __slots__ = ("code", "text", "count", "row_ids")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ROW_IDS_FIELD_NUMBER: _ClassVar[int]
    code: str
    text: str
    count: int
    row_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, code: _Optional[str] = ..., text: _Optional[str] = ..., count: _Optional[int] = ..., row_ids: _Optional[_Iterable[str]] = ...) -> None: ...
