"""What a call with baselines says beside its values, as messages: for answers of a server and of the embedded API."""

from __future__ import annotations

from evald.engine.baselines import Trained
from evald.v1 import metric_pb2, report_pb2


def baselines_of(trained: Trained) -> list[report_pb2.BaselineProvenance]:
    """Which baselines answered, one a system."""
    return [
        report_pb2.BaselineProvenance(
            system=one.system,
            kind=one.kind,
            engine=one.engine,
            parameters=one.parameters,
            training_rows=one.training_rows,
            training_digest=one.training_digest,
        )
        for one in trained.facts
    ]


def notes_of(trained: Trained) -> list[metric_pb2.Note]:
    """What a reader should know about the rows."""
    return [
        metric_pb2.Note(code=one.code, text=one.text, count=one.count, row_ids=one.row_ids) for one in trained.notes
    ]
