"""What an evaluation or a comparison found, as frozen dataclasses; `None` means absent, there are no sentinels.

This room knows nothing of protobuf or gRPC. pandas is imported only when a frame is asked for.
"""

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
    ResampledMean,
    RowError,
    Rows,
    SystemRank,
    SystemResult,
)
from evald.results.gate import Gate, GateCandidate, GateCheck, GateRule
from evald.results.plan import Plan

__all__ = [
    "Comparison",
    "ConfusionCell",
    "ConfusionMatrix",
    "Cost",
    "Evaluation",
    "Gate",
    "GateCandidate",
    "GateCheck",
    "GateRule",
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
    "ResampledMean",
    "RowError",
    "Rows",
    "ServerInfo",
    "SystemRank",
    "SystemResult",
]
