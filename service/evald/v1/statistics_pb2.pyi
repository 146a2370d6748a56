from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IntervalMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERVAL_METHOD_UNSPECIFIED: _ClassVar[IntervalMethod]
    INTERVAL_METHOD_PERCENTILE_BOOTSTRAP: _ClassVar[IntervalMethod]

class TestMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TEST_METHOD_UNSPECIFIED: _ClassVar[TestMethod]
    TEST_METHOD_PAIRED_RANDOMISATION: _ClassVar[TestMethod]
    TEST_METHOD_MCNEMAR_EXACT: _ClassVar[TestMethod]
    TEST_METHOD_MCNEMAR_MIDP: _ClassVar[TestMethod]
    TEST_METHOD_PAIRED_T: _ClassVar[TestMethod]
    TEST_METHOD_SIGN: _ClassVar[TestMethod]

class CorrectionMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CORRECTION_METHOD_UNSPECIFIED: _ClassVar[CorrectionMethod]
    CORRECTION_METHOD_HOLM: _ClassVar[CorrectionMethod]
    CORRECTION_METHOD_NONE: _ClassVar[CorrectionMethod]
    CORRECTION_METHOD_HOLM_SIDAK: _ClassVar[CorrectionMethod]
    CORRECTION_METHOD_BENJAMINI_HOCHBERG: _ClassVar[CorrectionMethod]
    CORRECTION_METHOD_BENJAMINI_YEKUTIELI: _ClassVar[CorrectionMethod]

class MissingPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MISSING_POLICY_UNSPECIFIED: _ClassVar[MissingPolicy]
    MISSING_POLICY_PAIRWISE: _ClassVar[MissingPolicy]
    MISSING_POLICY_FAIL: _ClassVar[MissingPolicy]

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_IMPROVED: _ClassVar[Decision]
    DECISION_REGRESSED: _ClassVar[Decision]
    DECISION_EQUIVALENT: _ClassVar[Decision]
    DECISION_NOT_WORSE: _ClassVar[Decision]
    DECISION_INCONCLUSIVE: _ClassVar[Decision]
INTERVAL_METHOD_UNSPECIFIED: IntervalMethod
INTERVAL_METHOD_PERCENTILE_BOOTSTRAP: IntervalMethod
TEST_METHOD_UNSPECIFIED: TestMethod
TEST_METHOD_PAIRED_RANDOMISATION: TestMethod
TEST_METHOD_MCNEMAR_EXACT: TestMethod
TEST_METHOD_MCNEMAR_MIDP: TestMethod
TEST_METHOD_PAIRED_T: TestMethod
TEST_METHOD_SIGN: TestMethod
CORRECTION_METHOD_UNSPECIFIED: CorrectionMethod
CORRECTION_METHOD_HOLM: CorrectionMethod
CORRECTION_METHOD_NONE: CorrectionMethod
CORRECTION_METHOD_HOLM_SIDAK: CorrectionMethod
CORRECTION_METHOD_BENJAMINI_HOCHBERG: CorrectionMethod
CORRECTION_METHOD_BENJAMINI_YEKUTIELI: CorrectionMethod
MISSING_POLICY_UNSPECIFIED: MissingPolicy
MISSING_POLICY_PAIRWISE: MissingPolicy
MISSING_POLICY_FAIL: MissingPolicy
DECISION_UNSPECIFIED: Decision
DECISION_IMPROVED: Decision
DECISION_REGRESSED: Decision
DECISION_EQUIVALENT: Decision
DECISION_NOT_WORSE: Decision
DECISION_INCONCLUSIVE: Decision

class StatisticsSpec(_message.Message):
    __slots__ = ("confidence_level", "replicates", "seed", "interval", "test", "correction", "margin", "cluster", "min_slice_size", "missing")
    CONFIDENCE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    REPLICATES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    MIN_SLICE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    confidence_level: float
    replicates: int
    seed: int
    interval: IntervalMethod
    test: TestMethod
    correction: CorrectionMethod
    margin: float
    cluster: str
    min_slice_size: int
    missing: MissingPolicy
    def __init__(self, confidence_level: _Optional[float] = ..., replicates: _Optional[int] = ..., seed: _Optional[int] = ..., interval: _Optional[_Union[IntervalMethod, str]] = ..., test: _Optional[_Union[TestMethod, str]] = ..., correction: _Optional[_Union[CorrectionMethod, str]] = ..., margin: _Optional[float] = ..., cluster: _Optional[str] = ..., min_slice_size: _Optional[int] = ..., missing: _Optional[_Union[MissingPolicy, str]] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("value", "low", "high", "std_error", "method", "n", "n_failed", "undefined_reason")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    STD_ERROR_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    N_FAILED_FIELD_NUMBER: _ClassVar[int]
    UNDEFINED_REASON_FIELD_NUMBER: _ClassVar[int]
    value: float
    low: float
    high: float
    std_error: float
    method: str
    n: int
    n_failed: int
    undefined_reason: str
    def __init__(self, value: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., std_error: _Optional[float] = ..., method: _Optional[str] = ..., n: _Optional[int] = ..., n_failed: _Optional[int] = ..., undefined_reason: _Optional[str] = ...) -> None: ...

class PairedResult(_message.Message):
    __slots__ = ("metric", "candidate", "difference", "p_value", "p_adjusted", "p_at_floor", "test", "draws", "family", "effect_sizes", "wins", "losses", "ties", "mde", "decision", "baseline_value", "candidate_value", "margin", "p_not_worse", "p_equivalent", "within_margin", "lowest_difference", "highest_difference")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    P_ADJUSTED_FIELD_NUMBER: _ClassVar[int]
    P_AT_FLOOR_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    EFFECT_SIZES_FIELD_NUMBER: _ClassVar[int]
    WINS_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    TIES_FIELD_NUMBER: _ClassVar[int]
    MDE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    BASELINE_VALUE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_VALUE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    P_NOT_WORSE_FIELD_NUMBER: _ClassVar[int]
    P_EQUIVALENT_FIELD_NUMBER: _ClassVar[int]
    WITHIN_MARGIN_FIELD_NUMBER: _ClassVar[int]
    LOWEST_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    metric: str
    candidate: str
    difference: Estimate
    p_value: float
    p_adjusted: float
    p_at_floor: bool
    test: str
    draws: int
    family: str
    effect_sizes: _containers.RepeatedCompositeFieldContainer[EffectSize]
    wins: int
    losses: int
    ties: int
    mde: float
    decision: Decision
    baseline_value: float
    candidate_value: float
    margin: float
    p_not_worse: float
    p_equivalent: float
    within_margin: bool
    lowest_difference: float
    highest_difference: float
    def __init__(self, metric: _Optional[str] = ..., candidate: _Optional[str] = ..., difference: _Optional[_Union[Estimate, _Mapping]] = ..., p_value: _Optional[float] = ..., p_adjusted: _Optional[float] = ..., p_at_floor: bool = ..., test: _Optional[str] = ..., draws: _Optional[int] = ..., family: _Optional[str] = ..., effect_sizes: _Optional[_Iterable[_Union[EffectSize, _Mapping]]] = ..., wins: _Optional[int] = ..., losses: _Optional[int] = ..., ties: _Optional[int] = ..., mde: _Optional[float] = ..., decision: _Optional[_Union[Decision, str]] = ..., baseline_value: _Optional[float] = ..., candidate_value: _Optional[float] = ..., margin: _Optional[float] = ..., p_not_worse: _Optional[float] = ..., p_equivalent: _Optional[float] = ..., within_margin: bool = ..., lowest_difference: _Optional[float] = ..., highest_difference: _Optional[float] = ...) -> None: ...

class EffectSize(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
