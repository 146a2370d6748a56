from evald.v1 import generation_pb2 as _generation_pb2
from evald.v1 import instance_pb2 as _instance_pb2
from evald.v1 import metric_pb2 as _metric_pb2
from evald.v1 import performance_pb2 as _performance_pb2
from evald.v1 import report_pb2 as _report_pb2
from evald.v1 import stream_predict_pb2 as _stream_predict_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STATE_UNSPECIFIED: _ClassVar[ModelState]
    MODEL_STATE_LOADING: _ClassVar[ModelState]
    MODEL_STATE_READY: _ClassVar[ModelState]
    MODEL_STATE_FAILED: _ClassVar[ModelState]
    MODEL_STATE_UNLOADED: _ClassVar[ModelState]
    MODEL_STATE_UNLOADING: _ClassVar[ModelState]
MODEL_STATE_UNSPECIFIED: ModelState
MODEL_STATE_LOADING: ModelState
MODEL_STATE_READY: ModelState
MODEL_STATE_FAILED: ModelState
MODEL_STATE_UNLOADED: ModelState
MODEL_STATE_UNLOADING: ModelState

class ListModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("alias",)
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    alias: str
    def __init__(self, alias: _Optional[str] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class LoadModelRequest(_message.Message):
    __slots__ = ("alias",)
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    alias: str
    def __init__(self, alias: _Optional[str] = ...) -> None: ...

class LoadModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class UnloadModelRequest(_message.Message):
    __slots__ = ("alias",)
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    alias: str
    def __init__(self, alias: _Optional[str] = ...) -> None: ...

class UnloadModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("alias", "task", "state", "state_reason", "classes", "max_tokens", "dimensions", "layers", "base", "provenance", "weights_bytes", "pinned", "on_demand")
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_BYTES_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    ON_DEMAND_FIELD_NUMBER: _ClassVar[int]
    alias: str
    task: str
    state: ModelState
    state_reason: str
    classes: _containers.RepeatedScalarFieldContainer[str]
    max_tokens: int
    dimensions: int
    layers: _containers.RepeatedScalarFieldContainer[int]
    base: str
    provenance: _report_pb2.ModelProvenance
    weights_bytes: int
    pinned: bool
    on_demand: bool
    def __init__(self, alias: _Optional[str] = ..., task: _Optional[str] = ..., state: _Optional[_Union[ModelState, str]] = ..., state_reason: _Optional[str] = ..., classes: _Optional[_Iterable[str]] = ..., max_tokens: _Optional[int] = ..., dimensions: _Optional[int] = ..., layers: _Optional[_Iterable[int]] = ..., base: _Optional[str] = ..., provenance: _Optional[_Union[_report_pb2.ModelProvenance, _Mapping]] = ..., weights_bytes: _Optional[int] = ..., pinned: bool = ..., on_demand: bool = ...) -> None: ...

class PredictRequest(_message.Message):
    __slots__ = ("alias", "instances", "input", "pair_input", "context_tokens", "generation", "steady_state")
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    PAIR_INPUT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    STEADY_STATE_FIELD_NUMBER: _ClassVar[int]
    alias: str
    instances: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Instance]
    input: str
    pair_input: str
    context_tokens: int
    generation: _generation_pb2.GenerationOptions
    steady_state: _performance_pb2.SteadyState
    def __init__(self, alias: _Optional[str] = ..., instances: _Optional[_Iterable[_Union[_instance_pb2.Instance, _Mapping]]] = ..., input: _Optional[str] = ..., pair_input: _Optional[str] = ..., context_tokens: _Optional[int] = ..., generation: _Optional[_Union[_generation_pb2.GenerationOptions, _Mapping]] = ..., steady_state: _Optional[_Union[_performance_pb2.SteadyState, _Mapping]] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("predictions", "errors", "classes", "provenance", "cost", "notes")
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    predictions: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Prediction]
    errors: _containers.RepeatedCompositeFieldContainer[_report_pb2.RowError]
    classes: _containers.RepeatedScalarFieldContainer[str]
    provenance: _report_pb2.ModelProvenance
    cost: _report_pb2.Cost
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, predictions: _Optional[_Iterable[_Union[_instance_pb2.Prediction, _Mapping]]] = ..., errors: _Optional[_Iterable[_Union[_report_pb2.RowError, _Mapping]]] = ..., classes: _Optional[_Iterable[str]] = ..., provenance: _Optional[_Union[_report_pb2.ModelProvenance, _Mapping]] = ..., cost: _Optional[_Union[_report_pb2.Cost, _Mapping]] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...
