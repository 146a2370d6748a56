from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GateTier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_TIER_UNSPECIFIED: _ClassVar[GateTier]
    GATE_TIER_CRITICAL: _ClassVar[GateTier]
    GATE_TIER_SUPPORTING: _ClassVar[GateTier]
    GATE_TIER_ADVISORY: _ClassVar[GateTier]

class GateVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_VERDICT_UNSPECIFIED: _ClassVar[GateVerdict]
    GATE_VERDICT_GO: _ClassVar[GateVerdict]
    GATE_VERDICT_NO_GO: _ClassVar[GateVerdict]
    GATE_VERDICT_INCONCLUSIVE: _ClassVar[GateVerdict]

class GateOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_OUTCOME_UNSPECIFIED: _ClassVar[GateOutcome]
    GATE_OUTCOME_PASSED: _ClassVar[GateOutcome]
    GATE_OUTCOME_FAILED: _ClassVar[GateOutcome]
    GATE_OUTCOME_INCONCLUSIVE: _ClassVar[GateOutcome]

class GateQuantity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_QUANTITY_UNSPECIFIED: _ClassVar[GateQuantity]
    GATE_QUANTITY_DIFFERENCE: _ClassVar[GateQuantity]
    GATE_QUANTITY_VALUE: _ClassVar[GateQuantity]
GATE_TIER_UNSPECIFIED: GateTier
GATE_TIER_CRITICAL: GateTier
GATE_TIER_SUPPORTING: GateTier
GATE_TIER_ADVISORY: GateTier
GATE_VERDICT_UNSPECIFIED: GateVerdict
GATE_VERDICT_GO: GateVerdict
GATE_VERDICT_NO_GO: GateVerdict
GATE_VERDICT_INCONCLUSIVE: GateVerdict
GATE_OUTCOME_UNSPECIFIED: GateOutcome
GATE_OUTCOME_PASSED: GateOutcome
GATE_OUTCOME_FAILED: GateOutcome
GATE_OUTCOME_INCONCLUSIVE: GateOutcome
GATE_QUANTITY_UNSPECIFIED: GateQuantity
GATE_QUANTITY_DIFFERENCE: GateQuantity
GATE_QUANTITY_VALUE: GateQuantity

class GatePolicy(_message.Message):
    __slots__ = ("rules", "allowed_supporting_failures")
    RULES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_SUPPORTING_FAILURES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[GateRule]
    allowed_supporting_failures: int
    def __init__(self, rules: _Optional[_Iterable[_Union[GateRule, _Mapping]]] = ..., allowed_supporting_failures: _Optional[int] = ...) -> None: ...

class GateRule(_message.Message):
    __slots__ = ("metric", "margin", "relative_margin", "threshold", "tier", "slices")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    metric: str
    margin: float
    relative_margin: float
    threshold: float
    tier: GateTier
    slices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, metric: _Optional[str] = ..., margin: _Optional[float] = ..., relative_margin: _Optional[float] = ..., threshold: _Optional[float] = ..., tier: _Optional[_Union[GateTier, str]] = ..., slices: _Optional[_Iterable[str]] = ...) -> None: ...

class GateResult(_message.Message):
    __slots__ = ("verdict", "candidates")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    verdict: GateVerdict
    candidates: _containers.RepeatedCompositeFieldContainer[GateCandidate]
    def __init__(self, verdict: _Optional[_Union[GateVerdict, str]] = ..., candidates: _Optional[_Iterable[_Union[GateCandidate, _Mapping]]] = ...) -> None: ...

class GateCandidate(_message.Message):
    __slots__ = ("candidate", "verdict", "reason", "rules")
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    candidate: str
    verdict: GateVerdict
    reason: str
    rules: _containers.RepeatedCompositeFieldContainer[GateRuleResult]
    def __init__(self, candidate: _Optional[str] = ..., verdict: _Optional[_Union[GateVerdict, str]] = ..., reason: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[GateRuleResult, _Mapping]]] = ...) -> None: ...

class GateRuleResult(_message.Message):
    __slots__ = ("metric", "tier", "outcome", "checks")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    metric: str
    tier: GateTier
    outcome: GateOutcome
    checks: _containers.RepeatedCompositeFieldContainer[GateCheck]
    def __init__(self, metric: _Optional[str] = ..., tier: _Optional[_Union[GateTier, str]] = ..., outcome: _Optional[_Union[GateOutcome, str]] = ..., checks: _Optional[_Iterable[_Union[GateCheck, _Mapping]]] = ...) -> None: ...

class GateCheck(_message.Message):
    __slots__ = ("quantity", "outcome", "value", "limit", "low", "high", "reason", "slice")
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SLICE_FIELD_NUMBER: _ClassVar[int]
    quantity: GateQuantity
    outcome: GateOutcome
    value: float
    limit: float
    low: float
    high: float
    reason: str
    slice: str
    def __init__(self, quantity: _Optional[_Union[GateQuantity, str]] = ..., outcome: _Optional[_Union[GateOutcome, str]] = ..., value: _Optional[float] = ..., limit: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., reason: _Optional[str] = ..., slice: _Optional[str] = ...) -> None: ...
