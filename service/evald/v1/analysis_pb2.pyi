from evald.v1 import metric_pb2 as _metric_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AnalysisSpec(_message.Message):
    __slots__ = ("samples", "top", "ngrams")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    NGRAMS_FIELD_NUMBER: _ClassVar[int]
    samples: int
    top: int
    ngrams: int
    def __init__(self, samples: _Optional[int] = ..., top: _Optional[int] = ..., ngrams: _Optional[int] = ...) -> None: ...

class ErrorAnalysis(_message.Message):
    __slots__ = ("systems", "pairs", "hardest", "notes")
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    HARDEST_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    systems: _containers.RepeatedCompositeFieldContainer[SystemErrors]
    pairs: _containers.RepeatedCompositeFieldContainer[PairErrors]
    hardest: _containers.RepeatedCompositeFieldContainer[HardestRows]
    notes: _containers.RepeatedCompositeFieldContainer[_metric_pb2.Note]
    def __init__(self, systems: _Optional[_Iterable[_Union[SystemErrors, _Mapping]]] = ..., pairs: _Optional[_Iterable[_Union[PairErrors, _Mapping]]] = ..., hardest: _Optional[_Iterable[_Union[HardestRows, _Mapping]]] = ..., notes: _Optional[_Iterable[_Union[_metric_pb2.Note, _Mapping]]] = ...) -> None: ...

class ListedRow(_message.Message):
    __slots__ = ("id", "scores")
    ID_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    id: str
    scores: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, id: _Optional[str] = ..., scores: _Optional[_Iterable[float]] = ...) -> None: ...

class SystemErrors(_message.Message):
    __slots__ = ("system", "confusion_matrix", "confusions", "metrics", "overproduced", "underproduced")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    CONFUSION_MATRIX_FIELD_NUMBER: _ClassVar[int]
    CONFUSIONS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    OVERPRODUCED_FIELD_NUMBER: _ClassVar[int]
    UNDERPRODUCED_FIELD_NUMBER: _ClassVar[int]
    system: str
    confusion_matrix: _metric_pb2.ConfusionMatrix
    confusions: _containers.RepeatedCompositeFieldContainer[Confusion]
    metrics: _containers.RepeatedCompositeFieldContainer[MetricErrors]
    overproduced: _containers.RepeatedCompositeFieldContainer[Ngram]
    underproduced: _containers.RepeatedCompositeFieldContainer[Ngram]
    def __init__(self, system: _Optional[str] = ..., confusion_matrix: _Optional[_Union[_metric_pb2.ConfusionMatrix, _Mapping]] = ..., confusions: _Optional[_Iterable[_Union[Confusion, _Mapping]]] = ..., metrics: _Optional[_Iterable[_Union[MetricErrors, _Mapping]]] = ..., overproduced: _Optional[_Iterable[_Union[Ngram, _Mapping]]] = ..., underproduced: _Optional[_Iterable[_Union[Ngram, _Mapping]]] = ...) -> None: ...

class Ngram(_message.Message):
    __slots__ = ("text", "produced", "referenced", "log_likelihood")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PRODUCED_FIELD_NUMBER: _ClassVar[int]
    REFERENCED_FIELD_NUMBER: _ClassVar[int]
    LOG_LIKELIHOOD_FIELD_NUMBER: _ClassVar[int]
    text: str
    produced: int
    referenced: int
    log_likelihood: float
    def __init__(self, text: _Optional[str] = ..., produced: _Optional[int] = ..., referenced: _Optional[int] = ..., log_likelihood: _Optional[float] = ...) -> None: ...

class Confusion(_message.Message):
    __slots__ = ("gold", "predicted", "count", "share", "rows")
    GOLD_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    gold: str
    predicted: str
    count: float
    share: float
    rows: _containers.RepeatedCompositeFieldContainer[ListedRow]
    def __init__(self, gold: _Optional[str] = ..., predicted: _Optional[str] = ..., count: _Optional[float] = ..., share: _Optional[float] = ..., rows: _Optional[_Iterable[_Union[ListedRow, _Mapping]]] = ...) -> None: ...

class MetricErrors(_message.Message):
    __slots__ = ("metric", "right", "bands", "by_reference_length", "by_prediction_length")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    BANDS_FIELD_NUMBER: _ClassVar[int]
    BY_REFERENCE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    BY_PREDICTION_LENGTH_FIELD_NUMBER: _ClassVar[int]
    metric: str
    right: int
    bands: _containers.RepeatedCompositeFieldContainer[ScoreBand]
    by_reference_length: _containers.RepeatedCompositeFieldContainer[LengthBucket]
    by_prediction_length: _containers.RepeatedCompositeFieldContainer[LengthBucket]
    def __init__(self, metric: _Optional[str] = ..., right: _Optional[int] = ..., bands: _Optional[_Iterable[_Union[ScoreBand, _Mapping]]] = ..., by_reference_length: _Optional[_Iterable[_Union[LengthBucket, _Mapping]]] = ..., by_prediction_length: _Optional[_Iterable[_Union[LengthBucket, _Mapping]]] = ...) -> None: ...

class ScoreBand(_message.Message):
    __slots__ = ("worst", "best", "rows", "samples")
    WORST_FIELD_NUMBER: _ClassVar[int]
    BEST_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    worst: float
    best: float
    rows: int
    samples: _containers.RepeatedCompositeFieldContainer[ListedRow]
    def __init__(self, worst: _Optional[float] = ..., best: _Optional[float] = ..., rows: _Optional[int] = ..., samples: _Optional[_Iterable[_Union[ListedRow, _Mapping]]] = ...) -> None: ...

class LengthBucket(_message.Message):
    __slots__ = ("low", "high", "rows", "mean_score", "error_rate")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    MEAN_SCORE_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_FIELD_NUMBER: _ClassVar[int]
    low: int
    high: int
    rows: int
    mean_score: float
    error_rate: float
    def __init__(self, low: _Optional[int] = ..., high: _Optional[int] = ..., rows: _Optional[int] = ..., mean_score: _Optional[float] = ..., error_rate: _Optional[float] = ...) -> None: ...

class PairErrors(_message.Message):
    __slots__ = ("candidate", "confusion_difference", "metrics")
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    CONFUSION_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    candidate: str
    confusion_difference: _metric_pb2.ConfusionMatrix
    metrics: _containers.RepeatedCompositeFieldContainer[RowChanges]
    def __init__(self, candidate: _Optional[str] = ..., confusion_difference: _Optional[_Union[_metric_pb2.ConfusionMatrix, _Mapping]] = ..., metrics: _Optional[_Iterable[_Union[RowChanges, _Mapping]]] = ...) -> None: ...

class RowChanges(_message.Message):
    __slots__ = ("metric", "fixed", "broken", "both_right", "both_wrong", "gains", "losses")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    FIXED_FIELD_NUMBER: _ClassVar[int]
    BROKEN_FIELD_NUMBER: _ClassVar[int]
    BOTH_RIGHT_FIELD_NUMBER: _ClassVar[int]
    BOTH_WRONG_FIELD_NUMBER: _ClassVar[int]
    GAINS_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    metric: str
    fixed: int
    broken: int
    both_right: int
    both_wrong: int
    gains: _containers.RepeatedCompositeFieldContainer[ListedRow]
    losses: _containers.RepeatedCompositeFieldContainer[ListedRow]
    def __init__(self, metric: _Optional[str] = ..., fixed: _Optional[int] = ..., broken: _Optional[int] = ..., both_right: _Optional[int] = ..., both_wrong: _Optional[int] = ..., gains: _Optional[_Iterable[_Union[ListedRow, _Mapping]]] = ..., losses: _Optional[_Iterable[_Union[ListedRow, _Mapping]]] = ...) -> None: ...

class HardestRows(_message.Message):
    __slots__ = ("metric", "rows")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    metric: str
    rows: _containers.RepeatedCompositeFieldContainer[ListedRow]
    def __init__(self, metric: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[ListedRow, _Mapping]]] = ...) -> None: ...
