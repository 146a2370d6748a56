from evald.v1 import generation_pb2 as _generation_pb2
from evald.v1 import instance_pb2 as _instance_pb2
from evald.v1 import metric_pb2 as _metric_pb2
from evald.v1 import report_pb2 as _report_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StreamPredictHeader(_message.Message):
    __slots__ = ("alias", "input", "pair_input", "context_tokens", "generation")
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    PAIR_INPUT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    alias: str
    input: str
    pair_input: str
    context_tokens: int
    generation: _generation_pb2.GenerationOptions
    def __init__(self, alias: _Optional[str] = ..., input: _Optional[str] = ..., pair_input: _Optional[str] = ..., context_tokens: _Optional[int] = ..., generation: _Optional[_Union[_generation_pb2.GenerationOptions, _Mapping]] = ...) -> None: ...

class StreamPredictRequest(_message.Message):
    __slots__ = ("header", "instances")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    header: StreamPredictHeader
    instances: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Instance]
    def __init__(self, header: _Optional[_Union[StreamPredictHeader, _Mapping]] = ..., instances: _Optional[_Iterable[_Union[_instance_pb2.Instance, _Mapping]]] = ...) -> None: ...

class StreamPredictResponse(_message.Message):
    __slots__ = ("message", "predictions", "errors", "classes", "provenance", "cost", "notes")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    message: int
    predictions: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Prediction]
    errors: _containers.RepeatedCompositeFieldContainer[_report_pb2.RowError]
    classes: _containers.RepeatedScalarFieldContainer[str]
    provenance: _report_pb2.ModelProvenance
    cost: _report_pb2.Cost
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, message: _Optional[int] = ..., predictions: _Optional[_Iterable[_Union[_instance_pb2.Prediction, _Mapping]]] = ..., errors: _Optional[_Iterable[_Union[_report_pb2.RowError, _Mapping]]] = ..., classes: _Optional[_Iterable[str]] = ..., provenance: _Optional[_Union[_report_pb2.ModelProvenance, _Mapping]] = ..., cost: _Optional[_Union[_report_pb2.Cost, _Mapping]] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...
