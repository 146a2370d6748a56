"""What the server adds to an answer of the engine: which models answered, and what answering took."""

from __future__ import annotations

from collections.abc import Sequence

from evald.backends.contract import ModelInfo
from evald.backends.remote.contract import RemoteUse
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
        remote_host=info.host,
        remote_model=info.remote_model,
        request_digest=info.request_digest,
        chat_template_digest=info.chat_template_digest,
    )


def models_of(facts: RunFacts) -> report_pb2.Provenance:
    """The part of the provenance that native code cannot know."""
    return report_pb2.Provenance(models=[model_provenance(info, system) for system, info in facts.models])


def cost_of(facts: RunFacts) -> report_pb2.Cost:
    """What answering took."""
    return report_pb2.Cost(
        rows=facts.rows,
        tokens=facts.tokens,
        queue_seconds=facts.queue_seconds,
        tokenize_seconds=facts.tokenize_seconds,
        infer_seconds=facts.infer_seconds,
        score_seconds=facts.score_seconds,
        remote=remote_cost(facts.remote),
        output_tokens=facts.output_tokens,
        truncated=facts.truncated,
    )


def remote_cost(uses: Sequence[RemoteUse]) -> report_pb2.RemoteCost | None:
    """What endpoints took; None if none was asked."""
    if not uses:
        return None
    prices = [use.price for use in uses if use.price is not None]
    return report_pb2.RemoteCost(
        requests=sum(use.requests for use in uses),
        retries=sum(use.retries for use in uses),
        cached_rows=sum(use.cached_rows for use in uses),
        input_tokens=sum(use.input_tokens for use in uses),
        output_tokens=sum(use.output_tokens for use in uses),
        price=sum(prices) if prices else None,
    )


def checked_size(answer: bytes, most: int) -> bytes:
    """The answer, unless it is larger than clients accept."""
    if len(answer) > most:
        message = (
            f"the answer has {len(answer)} bytes, more than max_response_bytes = {most}; "
            "ask for fewer row results, or send the rows in several calls"
        )
        metadata = {"limit": "max_response_bytes", "maximum": str(most), "bytes": str(len(answer))}
        raise InvalidRequestError(message, reason="RESPONSE_TOO_LARGE", metadata=metadata)
    return answer
