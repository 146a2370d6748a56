from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PlanRequest(_message.Message):
    __slots__ = ("binary", "difference_std", "pilot", "effect", "rows", "power", "confidence_level", "tests", "clusters")
    BINARY_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_STD_FIELD_NUMBER: _ClassVar[int]
    PILOT_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    binary: BinaryScores
    difference_std: float
    pilot: Pilot
    effect: float
    rows: int
    power: float
    confidence_level: float
    tests: int
    clusters: Clusters
    def __init__(self, binary: _Optional[_Union[BinaryScores, _Mapping]] = ..., difference_std: _Optional[float] = ..., pilot: _Optional[_Union[Pilot, _Mapping]] = ..., effect: _Optional[float] = ..., rows: _Optional[int] = ..., power: _Optional[float] = ..., confidence_level: _Optional[float] = ..., tests: _Optional[int] = ..., clusters: _Optional[_Union[Clusters, _Mapping]] = ...) -> None: ...

class BinaryScores(_message.Message):
    __slots__ = ("rate", "discordant")
    RATE_FIELD_NUMBER: _ClassVar[int]
    DISCORDANT_FIELD_NUMBER: _ClassVar[int]
    rate: float
    discordant: float
    def __init__(self, rate: _Optional[float] = ..., discordant: _Optional[float] = ...) -> None: ...

class Pilot(_message.Message):
    __slots__ = ("std_error", "rows")
    STD_ERROR_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    std_error: float
    rows: int
    def __init__(self, std_error: _Optional[float] = ..., rows: _Optional[int] = ...) -> None: ...

class Clusters(_message.Message):
    __slots__ = ("size", "correlation")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_FIELD_NUMBER: _ClassVar[int]
    size: float
    correlation: float
    def __init__(self, size: _Optional[float] = ..., correlation: _Optional[float] = ...) -> None: ...

class PlanResponse(_message.Message):
    __slots__ = ("rows", "effect", "power", "level", "difference_std", "design_effect", "method", "rough")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_STD_FIELD_NUMBER: _ClassVar[int]
    DESIGN_EFFECT_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    ROUGH_FIELD_NUMBER: _ClassVar[int]
    rows: int
    effect: float
    power: float
    level: float
    difference_std: float
    design_effect: float
    method: str
    rough: bool
    def __init__(self, rows: _Optional[int] = ..., effect: _Optional[float] = ..., power: _Optional[float] = ..., level: _Optional[float] = ..., difference_std: _Optional[float] = ..., design_effect: _Optional[float] = ..., method: _Optional[str] = ..., rough: bool = ...) -> None: ...
