"""What an evaluation or a comparison found, as frozen dataclasses; `None` means absent, there are no sentinels.

This room knows nothing of protobuf or gRPC. pandas is imported only when a frame is asked for.
"""

from evald.results.adaptation import Adaptation
from evald.results.analysis import (
    Confusion,
    ErrorAnalysis,
    LengthBucket,
    ListedRow,
    MetricErrors,
    Ngram,
    PairErrors,
    RowChanges,
    ScoreBand,
    SystemErrors,
)
from evald.results.catalog import Limits, MetricInfo, ModelInfo, ParameterInfo, Predictions, ServerInfo
from evald.results.findings import (
    Comparison,
    ConfusionCell,
    ConfusionMatrix,
    Cost,
    Evaluation,
    MetricResult,
    ModelProvenance,
    Note,
    PairedResult,
    Provenance,
    Ranking,
    RowError,
    Rows,
    SystemRank,
    SystemResult,
)
from evald.results.gate import Gate, GateCandidate, GateCheck, GateRule
from evald.results.plan import Plan

__all__ = [
    "Adaptation",
    "Comparison",
    "Confusion",
    "ConfusionCell",
    "ConfusionMatrix",
    "Cost",
    "ErrorAnalysis",
    "Evaluation",
    "LengthBucket",
    "Gate",
    "GateCandidate",
    "GateCheck",
    "GateRule",
    "Limits",
    "ListedRow",
    "MetricErrors",
    "MetricInfo",
    "MetricResult",
    "ModelInfo",
    "ModelProvenance",
    "Ngram",
    "Note",
    "PairErrors",
    "PairedResult",
    "ParameterInfo",
    "Plan",
    "Predictions",
    "Provenance",
    "Ranking",
    "RowChanges",
    "RowError",
    "Rows",
    "ScoreBand",
    "ServerInfo",
    "SystemRank",
    "SystemErrors",
    "SystemResult",
]
