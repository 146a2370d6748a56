from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Ranking(_message.Message):
    __slots__ = ("metric", "ranks")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    metric: str
    ranks: _containers.RepeatedCompositeFieldContainer[SystemRank]
    def __init__(self, metric: _Optional[str] = ..., ranks: _Optional[_Iterable[_Union[SystemRank, _Mapping]]] = ...) -> None: ...

class SystemRank(_message.Message):
    __slots__ = ("system", "rank", "best", "worst")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    BEST_FIELD_NUMBER: _ClassVar[int]
    WORST_FIELD_NUMBER: _ClassVar[int]
    system: str
    rank: int
    best: int
    worst: int
    def __init__(self, system: _Optional[str] = ..., rank: _Optional[int] = ..., best: _Optional[int] = ..., worst: _Optional[int] = ...) -> None: ...
