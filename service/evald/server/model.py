"""evald.v1.ModelService: the models of the settings, by alias, and their predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import grpc

from evald.backends.contract import Answer, GenerationOptions, ModelInfo, ModelState, RowKey
from evald.engine.answers import Answers, ModelRows
from evald.engine.evaluate import CutInputs, Engine
from evald.engine.writing import checked
from evald.errors import InvalidRequestError
from evald.server.calls import Call, Calls
from evald.server.performance import performance_of, steady_state_of
from evald.server.predict_stream import PredictStream
from evald.server.provenance import check_size, checked_size, cut_note, model_provenance, remote_cost
from evald.server.rpc import parse
from evald.server.streams import StreamBudget
from evald.settings import Settings
from evald.telemetry import Telemetry
from evald.v1 import instance_pb2, model_pb2, report_pb2

SERVICE = model_pb2.DESCRIPTOR.services_by_name["ModelService"]

_STATES = {
    ModelState.LOADING: model_pb2.MODEL_STATE_LOADING,
    ModelState.READY: model_pb2.MODEL_STATE_READY,
    ModelState.FAILED: model_pb2.MODEL_STATE_FAILED,
    ModelState.UNLOADED: model_pb2.MODEL_STATE_UNLOADED,
    ModelState.UNLOADING: model_pb2.MODEL_STATE_UNLOADING,
}
_DEFAULT_INPUT = "text"

# Rows prepared for Evaluate may be sent as they are; fields of later releases are refused, as everywhere.
_USED_FIELDS = frozenset(
    ("id", "predictions", "references", "labels", "cluster", "sample", "inputs", "choices", "messages")
)
# A class of a multi-label model is a label from this probability on, as for metrics.
_LIKELY = 0.5
_FLOAT_BYTES = 4


class ModelService:
    """Lists and runs models and endpoints."""

    def __init__(
        self, engine: Engine, calls: Calls, telemetry: Telemetry, settings: Settings, streams: StreamBudget
    ) -> None:
        self._engine = engine
        self._calls = calls
        self._telemetry = telemetry
        self._settings = settings
        self._streams = streams

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

    def load_model(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Loads a model; answers when it is ready."""
        with self._calls.begin(request, context) as call:
            alias = _required_alias(parse(model_pb2.LoadModelRequest, request).alias)
            self._engine.load_model(alias, call.cancellation, call.deadline)
            return model_pb2.LoadModelResponse(model=self._model(alias)).SerializeToString()

    def unload_model(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Unloads a model when it is done with what it answers."""
        with self._calls.begin(request, context) as call:
            alias = _required_alias(parse(model_pb2.UnloadModelRequest, request).alias)
            self._engine.unload_model(alias, call.cancellation, call.deadline)
            return model_pb2.UnloadModelResponse(model=self._model(alias)).SerializeToString()

    def predict(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """The predictions of a model."""
        with self._calls.begin(request, context) as call:
            answer = self._predict(parse(model_pb2.PredictRequest, request), call).SerializeToString()
        return checked_size(answer, self._settings.max_response_bytes)

    def stream_predict(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """The predictions of a model, batch by batch."""
        with self._calls.watch(context) as cancellation:

            def ask(message: model_pb2.PredictRequest, data: bytes) -> model_pb2.PredictResponse:
                with self._calls.begin_batch(data, context, cancellation) as call:
                    return self._predict(message, call)

            stream = PredictStream(ask, context, self._settings.stream_idle_seconds)
            with self._streams.hold(context, stream.end):
                for answer in stream.answers(requests):
                    yield checked_size(answer, self._settings.max_response_bytes)

    def _predict(self, message: model_pb2.PredictRequest, call: Call) -> model_pb2.PredictResponse:
        alias = _required_alias(message.alias)
        rows = _rows(message, self._settings)
        self._check_fits(alias, len(rows.inputs))
        steady = steady_state_of(message)
        info, result = self._engine.predict(alias, rows, call.cancellation, call.deadline, steady)
        self._telemetry.answered("predict", len(rows.inputs))
        return _answer(message.instances, info, result)

    def _check_fits(self, alias: str, rows: int) -> None:
        """Refuses rows whose embeddings would be more than an answer may hold, before they are computed."""
        if alias not in self._engine.models.aliases():
            return
        info, _, _ = self._engine.models.describe(alias)
        if info is not None and info.embedding is not None:
            check_size(rows * info.embedding.dimensions * _FLOAT_BYTES, self._settings.max_response_bytes)

    def _model(self, alias: str) -> model_pb2.Model:
        is_remote = alias in self._engine.endpoints.aliases()
        known = self._engine.endpoints if is_remote else self._engine.models
        info, state, reason = known.describe(alias)
        model = model_pb2.Model(alias=alias, state=_STATES[state], state_reason=reason)
        if info is not None:
            model.task, model.max_tokens = info.task, info.max_tokens
            if info.embedding is not None:
                model.max_tokens, model.dimensions = info.embedding.max_tokens, info.embedding.dimensions
                model.layers.extend(info.embedding.layers)
            model.classes.extend(info.classes)
            model.provenance.CopyFrom(model_provenance(info))
        if not is_remote:
            model.base = self._engine.models.base(alias)
            model.weights_bytes, model.pinned, model.on_demand = self._engine.models.residence(alias)
        return model


def _required_alias(alias: str) -> str:
    if not alias:
        raise InvalidRequestError.of_field("MISSING_MODEL", "alias", "name a model; ListModels tells which there are")
    return alias


def _rows(message: model_pb2.PredictRequest, settings: Settings) -> ModelRows:
    """What a model may read of the rows; None where a row has no such text, which fails the row and not the call."""
    instances = message.instances
    if not instances:
        raise InvalidRequestError.of_field("EMPTY_REQUEST", "instances", "at least one row is needed")
    if len(instances) > settings.max_rows:
        problem = (
            f"the request holds {len(instances)} rows, more than the limit max_rows of {settings.max_rows}; "
            "send fewer rows in a call or raise the limit of the server"
        )
        facts = {"limit": "max_rows", "maximum": str(settings.max_rows), "rows": str(len(instances))}
        raise InvalidRequestError.of_field("LIMIT_EXCEEDED", "instances", problem, **facts)
    name = message.input or _DEFAULT_INPUT
    rows = ModelRows(
        inputs=[row.inputs.get(name) for row in instances],
        messages=[[(one.role, one.content) for one in row.messages] for row in instances],
        pair_inputs=[row.inputs.get(message.pair_input) for row in instances] if message.pair_input else (),
        references=[row.references[0] if row.references else None for row in instances],
        choices=[[choice.text for choice in row.choices] for row in instances],
        context_tokens=message.context_tokens if message.HasField("context_tokens") else 1,
        generation=_generation(message),
        keys=[RowKey(row.id, row.sample) for row in instances] if message.HasField("generation") else (),
    )
    for index, row in enumerate(instances):
        _refuse_unused(index, row)
        texts = (rows.inputs[index], rows.references[index], *rows.choices[index], *rows.pair_inputs[index : index + 1])
        chat = (text for message in rows.messages[index] for text in message)
        size = sum(len((text or "").encode()) for text in (*texts, *chat))
        if size > settings.max_row_bytes:
            most = settings.max_row_bytes
            problem = f"{size} bytes of text are more than the limit max_row_bytes of {most}"
            raise InvalidRequestError.of_field(
                "LIMIT_EXCEEDED", f"instances[{index}]", problem, limit="max_row_bytes", maximum=str(most)
            )
    return rows


def _generation(message: model_pb2.PredictRequest) -> GenerationOptions | None:
    if not message.HasField("generation"):
        return None
    given = {field.name: value for field, value in message.generation.ListFields()}
    return checked(GenerationOptions(**given), "generation")


def _refuse_unused(index: int, row: instance_pb2.Instance) -> None:
    for field, _ in row.ListFields():
        if field.name not in _USED_FIELDS:
            path = f"instances[{index}].{field.name}"
            text = "this field is reserved for a later release; leave it out"
            raise InvalidRequestError.of_field("UNSUPPORTED_FIELD", path, text)


def _answer(rows: Sequence[instance_pb2.Instance], info: ModelInfo, result: Answers) -> model_pb2.PredictResponse:
    failed = {failure.row: failure for failure in result.failures}
    predictions = _predictions(info, result)
    names = tuple(rows[row].id or f"#{row}" for row in sorted(result.cut))
    return model_pb2.PredictResponse(
        predictions=[
            instance_pb2.Prediction() if index in failed else prediction for index, prediction in enumerate(predictions)
        ],
        errors=[
            report_pb2.RowError(id=rows[row].id or f"#{row}", reason=failure.reason, message=failure.message)
            for row, failure in sorted(failed.items())
        ],
        classes=info.classes,
        provenance=model_provenance(info),
        cost=_cost(len(rows), info, result),
        notes=[cut_note(CutInputs("", info.too_long, names))] if names else (),
    )


def _cost(rows: int, info: ModelInfo, result: Answers) -> report_pb2.Cost:
    timings = result.timings
    return report_pb2.Cost(
        rows=rows,
        tokens=timings.tokens,
        queue_seconds=timings.queue_seconds,
        tokenize_seconds=timings.tokenize_seconds,
        infer_seconds=timings.infer_seconds,
        remote=remote_cost([] if result.remote is None else [result.remote]),
        performance=[] if timings.trace is None else [performance_of(timings.trace, info.alias)],
        output_tokens=timings.output_tokens,
        truncated=result.truncated,
        cut_inputs=len(result.cut),
    )


def _predictions(info: ModelInfo, result: Answers) -> list[instance_pb2.Prediction]:
    if result.texts is not None:
        return [_written(text) for text in result.texts]
    if result.embeddings is not None:
        vectors: Any = result.embeddings.tolist()
        return [instance_pb2.Prediction(embedding=vector) for vector in vectors]
    if result.class_scores is not None:
        scores: Any = result.class_scores.tolist()
        return [_classified(row, info) for row in scores]
    columns = zip(result.token_logprobs or (), result.choice_scores or (), strict=True)
    return [instance_pb2.Prediction(token_logprobs=tokens, choice_scores=choices) for tokens, choices in columns]


def _written(answer: Answer | None) -> instance_pb2.Prediction:
    if answer is None:
        return instance_pb2.Prediction()
    usage = instance_pb2.Usage(
        latency_seconds=answer.latency_seconds,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost=answer.cost,
    )
    return instance_pb2.Prediction(
        text=answer.text, finish_reason=answer.finish_reason, usage=usage, reasoning=answer.reasoning
    )


def _classified(scores: Sequence[float], info: ModelInfo) -> instance_pb2.Prediction:
    """Scores, and the class of the highest one, the first on ties, or all likely ones of a multi-label model."""
    best = max(range(len(scores)), key=scores.__getitem__)
    chosen = [at for at, score in enumerate(scores) if (score >= _LIKELY if info.multilabel else at == best)]
    return instance_pb2.Prediction(labels=[info.classes[at] for at in chosen], class_scores=scores)
