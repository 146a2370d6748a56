"""evald.v1.ModelService: the models of the settings, by alias, and their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc

from evald.backends.contract import Classification, ModelInfo, ModelState
from evald.backends.remote.contract import Answer, Generation
from evald.engine.evaluate import Engine
from evald.errors import InvalidRequestError
from evald.server.calls import Calls
from evald.server.provenance import checked_size, model_provenance, remote_cost
from evald.server.rpc import parse
from evald.settings import Settings
from evald.telemetry import Telemetry
from evald.v1 import instance_pb2, model_pb2, report_pb2

SERVICE = model_pb2.DESCRIPTOR.services_by_name["ModelService"]

_STATES = {
    ModelState.LOADING: model_pb2.MODEL_STATE_LOADING,
    ModelState.READY: model_pb2.MODEL_STATE_READY,
    ModelState.FAILED: model_pb2.MODEL_STATE_FAILED,
}
_DEFAULT_INPUT = "text"

# Rows prepared for Evaluate may be sent as they are; fields of later releases are refused, as everywhere.
_USED_FIELDS = frozenset(("id", "predictions", "references", "labels", "cluster", "sample", "inputs"))


class ModelService:
    """Lists and runs models and endpoints."""

    def __init__(self, engine: Engine, calls: Calls, telemetry: Telemetry, settings: Settings) -> None:
        self._engine = engine
        self._calls = calls
        self._telemetry = telemetry
        self._settings = settings

    def list_models(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """The models by alias."""
        parse(model_pb2.ListModelsRequest, request)
        aliases = (*self._engine.models.aliases(), *self._engine.endpoints.aliases())
        models = [self._model(alias) for alias in aliases]
        return model_pb2.ListModelsResponse(models=models).SerializeToString()

    def get_model(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """One model."""
        alias = _required_alias(parse(model_pb2.GetModelRequest, request).alias)
        return model_pb2.GetModelResponse(model=self._model(alias)).SerializeToString()

    def predict(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """The predictions of a model."""
        with self._calls.begin(request, context) as call:
            message = parse(model_pb2.PredictRequest, request)
            alias = _required_alias(message.alias)
            texts = _texts(message, self._settings)
            info, result = self._engine.predict(alias, texts, call.cancellation, call.deadline)
            answer = _answer(message.instances, info, result).SerializeToString()
        self._telemetry.answered("predict", len(texts))
        return checked_size(answer, self._settings.max_response_bytes)

    def _model(self, alias: str) -> model_pb2.Model:
        is_remote = alias in self._engine.endpoints.aliases()
        known = self._engine.endpoints if is_remote else self._engine.models
        info, state, reason = known.describe(alias)
        model = model_pb2.Model(alias=alias, state=_STATES[state], state_reason=reason)
        if info is not None:
            model.task, model.max_tokens = info.task, info.max_tokens
            model.classes.extend(info.classes)
            model.provenance.CopyFrom(model_provenance(info))
        return model


def _required_alias(alias: str) -> str:
    if not alias:
        raise InvalidRequestError.of_field("MISSING_MODEL", "alias", "name a model; ListModels tells which there are")
    return alias


def _texts(message: model_pb2.PredictRequest, settings: Settings) -> list[str | None]:
    """The text of every row; None where a row has none, which fails the row and not the call."""
    if not message.instances:
        raise InvalidRequestError.of_field("EMPTY_REQUEST", "instances", "at least one row is needed")
    if len(message.instances) > settings.max_rows:
        most = f"{len(message.instances)} rows are more than the limit max_rows of {settings.max_rows}"
        raise InvalidRequestError.of_field("LIMIT_EXCEEDED", "instances", most, maxRows=str(settings.max_rows))
    name = message.input or _DEFAULT_INPUT
    texts = [row.inputs.get(name) for row in message.instances]
    for index, text in enumerate(texts):
        _refuse_unused(index, message.instances[index])
        size = len((text or "").encode())
        if size > settings.max_row_bytes:
            most = f"{size} bytes of text are more than the limit max_row_bytes of {settings.max_row_bytes}"
            field = f"instances[{index}].inputs"
            raise InvalidRequestError.of_field("LIMIT_EXCEEDED", field, most, maxRowBytes=str(settings.max_row_bytes))
    return texts


def _refuse_unused(index: int, row: instance_pb2.Instance) -> None:
    for field, _ in row.ListFields():
        if field.name not in _USED_FIELDS:
            path = f"instances[{index}].{field.name}"
            text = "this field is reserved for a later release; leave it out"
            raise InvalidRequestError.of_field("UNSUPPORTED_FIELD", path, text)


def _answer(
    rows: Sequence[instance_pb2.Instance], info: ModelInfo, result: Classification | Generation
) -> model_pb2.PredictResponse:
    failed = {failure.row: failure for failure in result.failures}
    if isinstance(result, Generation):
        predictions = [_text(answer) for answer in result.answers]
    else:
        scores: Any = result.scores.tolist()
        predictions = [
            instance_pb2.Prediction() if index in failed else _prediction(row, info) for index, row in enumerate(scores)
        ]
    return model_pb2.PredictResponse(
        predictions=predictions,
        errors=[
            report_pb2.RowError(id=rows[row].id or f"#{row}", reason=failure.reason, message=failure.message)
            for row, failure in sorted(failed.items())
        ],
        classes=info.classes,
        provenance=model_provenance(info),
        cost=_cost(len(rows), result),
    )


def _cost(rows: int, result: Classification | Generation) -> report_pb2.Cost:
    timings = result.timings
    return report_pb2.Cost(
        rows=rows,
        tokens=timings.tokens,
        queue_seconds=timings.queue_seconds,
        tokenize_seconds=timings.tokenize_seconds,
        infer_seconds=timings.infer_seconds,
        remote=remote_cost([result.use] if isinstance(result, Generation) else []),
    )


def _text(answer: Answer | None) -> instance_pb2.Prediction:
    if answer is None:
        return instance_pb2.Prediction()
    usage = instance_pb2.Usage(
        latency_seconds=answer.latency_seconds,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost=answer.cost,
    )
    return instance_pb2.Prediction(text=answer.text, finish_reason=answer.finish_reason, usage=usage)


def _prediction(scores: Sequence[float], info: ModelInfo) -> instance_pb2.Prediction:
    """Scores and the class of the highest one, the first on ties."""
    best = max(range(len(scores)), key=scores.__getitem__)
    return instance_pb2.Prediction(labels=[info.classes[best]], class_scores=scores)
