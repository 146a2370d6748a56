"""What the server adds to an answer of the engine: which models and baselines answered, and what answering took."""

from __future__ import annotations

from evald.backends.contract import ModelInfo
from evald.client.trained import baselines_of
from evald.engine.evaluate import RunFacts
from evald.errors import InvalidRequestError
from evald.v1 import report_pb2


def model_provenance(info: ModelInfo, system: str = "") -> report_pb2.ModelProvenance:
    """Which model answered for a system."""
    return report_pb2.ModelProvenance(
        system=system,
        alias=info.alias,
        weights_digest=info.weights_digest,
        tokenizer_digest=info.tokenizer_digest,
        engine=info.engine,
        device=info.device,
        precision=info.precision,
        batch_invariant=info.batch_invariant,
    )


def provenance_of(facts: RunFacts) -> report_pb2.Provenance:
    """The part of the provenance that native code cannot know."""
    return report_pb2.Provenance(
        models=[model_provenance(info, system) for system, info in facts.models],
        baselines=baselines_of(facts.trained),
    )


def cost_of(facts: RunFacts) -> report_pb2.Cost:
    """What answering took."""
    return report_pb2.Cost(
        rows=facts.rows,
        tokens=facts.tokens,
        queue_seconds=facts.queue_seconds,
        tokenize_seconds=facts.tokenize_seconds,
        infer_seconds=facts.infer_seconds,
        score_seconds=facts.score_seconds,
        train_seconds=facts.trained.seconds,
    )


def checked_size(answer: bytes, most: int) -> bytes:
    """The answer, unless it is larger than clients accept."""
    if len(answer) > most:
        message = (
            f"the answer would have {len(answer)} bytes, the limit max_response_bytes is {most}; "
            "send fewer rows a call or ask for fewer row results"
        )
        metadata = {"limit": "max_response_bytes", "maxResponseBytes": str(most), "responseBytes": str(len(answer))}
        raise InvalidRequestError(message, reason="RESPONSE_TOO_LARGE", metadata=metadata)
    return answer
