"""evald.v1.EvaluationService. Rows stay bytes: requests go to the engine as they came, answers come back as bytes."""

from __future__ import annotations

from typing import Literal

import grpc
from google.protobuf.message import Message

from evald.client.template import notes_of_template
from evald.client.trained import notes_of
from evald.engine.evaluate import Engine, RunFacts
from evald.server.calls import Calls
from evald.server.provenance import check_size, cost_of, cut_note, provenance_of
from evald.server.template import expander
from evald.telemetry import Telemetry
from evald.templates.registry import Templates
from evald.v1 import evaluation_pb2

SERVICE = evaluation_pb2.DESCRIPTOR.services_by_name["EvaluationService"]

Kind = Literal["evaluate", "compare"]

_RESPONSES = {"evaluate": evaluation_pb2.EvaluateResponse, "compare": evaluation_pb2.CompareResponse}


class EvaluationService:
    """Scores systems and compares them."""

    def __init__(
        self, engine: Engine, templates: Templates, calls: Calls, telemetry: Telemetry, max_response_bytes: int
    ) -> None:
        self._engine = engine
        self._templates = templates
        self._calls = calls
        self._telemetry = telemetry
        self._max_response_bytes = max_response_bytes

    def evaluate(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Scores every system by every metric."""
        return self._run("evaluate", request, context)

    def compare(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Compares candidates with a baseline."""
        return self._run("compare", request, context)

    def plan(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Rows, effect or power of a comparison; takes microseconds, so it is not admitted like the others."""
        return self._engine.plan(request)

    def _run(self, kind: Kind, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._calls.check_open()
        answer, rows, seconds = self._engine.score_quickly(kind, request) or self._compute(kind, request, context)
        self._telemetry.answered(kind, rows, seconds)
        check_size(len(answer), self._max_response_bytes)
        return answer

    def _compute(self, kind: Kind, request: bytes, context: grpc.ServicerContext) -> tuple[bytes, int, float]:
        """Answer, rows and seconds of scoring."""
        with self._calls.begin(request, context) as call:
            scored = self._engine.score(kind, request, call.cancellation, call.deadline)
            if scored is not None:
                return scored
            expansion = expander(kind, request, self._templates, self._engine, call)
            answer, facts = self._engine.run(kind, request, call.cancellation, call.deadline, expansion)
        # Fields that are appended to a serialised message merge into it.
        return answer + _report(kind, facts), facts.rows, facts.score_seconds


def _report(kind: Kind, facts: RunFacts) -> bytes:
    """What the server knows of a call beside scores."""
    notes = [*notes_of(facts.trained), *map(cut_note, facts.cut), *notes_of_template(facts.template)]
    report: Message = _RESPONSES[kind](provenance=provenance_of(facts), cost=cost_of(facts), notes=notes)
    return report.SerializeToString()
