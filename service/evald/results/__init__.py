"""What an evaluation or a comparison found, as frozen dataclasses; `None` means absent, there are no sentinels.

This room knows nothing of protobuf or gRPC. pandas is imported only when a frame is asked for.
"""

from evald.results.catalog import Limits, MetricInfo, ModelInfo, ParameterInfo, Predictions, ServerInfo
from evald.results.findings import (
    Comparison,
    ConfusionCell,
    ConfusionMatrix,
    Consistency,
    Cost,
    Evaluation,
    Heterogeneity,
    MetricResult,
    ModelProvenance,
    Note,
    PairedResult,
    Provenance,
    Ranking,
    RowError,
    Rows,
    SliceComparison,
    SliceResult,
    SystemRank,
    SystemResult,
)
from evald.results.gate import Gate, GateCandidate, GateCheck, GateRule
from evald.results.plan import Plan

__all__ = [
    "Comparison",
    "ConfusionCell",
    "ConfusionMatrix",
    "Consistency",
    "Cost",
    "Evaluation",
    "Gate",
    "GateCandidate",
    "GateCheck",
    "GateRule",
    "Heterogeneity",
    "Limits",
    "MetricInfo",
    "MetricResult",
    "ModelInfo",
    "ModelProvenance",
    "Note",
    "PairedResult",
    "ParameterInfo",
    "Plan",
    "Predictions",
    "Provenance",
    "Ranking",
    "RowError",
    "Rows",
    "ServerInfo",
    "SliceComparison",
    "SliceResult",
    "SystemRank",
    "SystemResult",
]
