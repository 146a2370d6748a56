"""Predict with a model that turns texts into vectors, over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from evald.settings import ModelSetting
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

PREDICT = "/evald.v1.ModelService/Predict"
EVALUATE = "/evald.v1.EvaluationService/Evaluate"


@pytest.fixture(scope="module")
def encoder(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    """A server that runs the example encoder as its folder says, and once with other pooling."""
    pytest.importorskip("onnxruntime")
    folder = root / "examples" / "models" / "tiny-encoder"
    models = {"tiny-encoder": ModelSetting(folder), "first-token": ModelSetting(folder, pooling="cls")}
    server = start_server(models=models, max_response_bytes=16 << 10)
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    yield server
    server.close()


def rows(*texts: str) -> list[instance_pb2.Instance]:
    return [instance_pb2.Instance(inputs={"text": text}) for text in texts]


def predict(server: Server, alias: str, *texts: str) -> model_pb2.PredictResponse:
    request = model_pb2.PredictRequest(alias=alias, instances=rows(*texts))
    return server.api.call(PREDICT, request, model_pb2.PredictResponse)


def test_embeddings_and_what_made_them(encoder: Server) -> None:
    answer = predict(encoder, "tiny-encoder", "my parcel is late", "the parcel is still late", "cancel it")
    vectors = np.array([prediction.embedding for prediction in answer.predictions])
    assert vectors.shape == (3, 64)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    close, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert close > far
    made = answer.provenance
    assert (made.alias, made.pooling, len(made.embedding_digest)) == ("tiny-encoder", "mean+normalize", 64)
    assert answer.cost.tokens > 0


def test_the_model_says_what_it_gives(encoder: Server) -> None:
    request = model_pb2.GetModelRequest(alias="tiny-encoder")
    model = encoder.api.call("/evald.v1.ModelService/GetModel", request, model_pb2.GetModelResponse).model
    assert (model.task, model.max_tokens, model.dimensions, list(model.layers)) == ("embedding", 64, 64, [0, 1, 2, 3])


def test_the_pooling_is_a_setting_of_the_alias(encoder: Server) -> None:
    found = {alias: predict(encoder, alias, "late").predictions[0] for alias in ("tiny-encoder", "first-token")}
    assert found["tiny-encoder"] != found["first-token"]
    provenance = predict(encoder, "first-token", "late").provenance
    assert provenance.pooling == "cls+normalize"
    assert provenance.embedding_digest != predict(encoder, "tiny-encoder", "late").provenance.embedding_digest


def test_rows_that_are_too_long_or_lack_the_text_fail_beside_the_others(encoder: Server) -> None:
    request = model_pb2.PredictRequest(
        alias="tiny-encoder",
        instances=[*rows("late", "again and " * 100), instance_pb2.Instance()],
    )
    answer = encoder.api.call(PREDICT, request, model_pb2.PredictResponse)
    assert [len(prediction.embedding) for prediction in answer.predictions] == [64, 0, 0]
    assert [(error.id, error.reason) for error in answer.errors] == [
        ("#1", "INPUT_TOO_LONG"),
        ("#2", "MISSING_INPUT"),
    ]
    assert "the model takes at most 64" in answer.errors[0].message


def test_more_embeddings_than_an_answer_holds_are_refused_before_they_are_made(encoder: Server) -> None:
    before = encoder.metric("evald_batch_tokens_count", model="tiny-encoder")
    request = model_pb2.PredictRequest(alias="tiny-encoder", instances=rows(*["late"] * 65))
    failure = encoder.api.failure(PREDICT, request)
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "RESPONSE_TOO_LARGE")
    assert encoder.metric("evald_batch_tokens_count", model="tiny-encoder") == before


def test_an_encoder_answers_no_rows_and_reads_no_pairs(encoder: Server) -> None:
    pair = model_pb2.PredictRequest(alias="tiny-encoder", instances=rows("late"), pair_input="text")
    assert encoder.api.failure(PREDICT, pair).reason == "MODEL_TASK_MISMATCH"
    system = pb.System(name="a", model=pb.ModelSource(alias="tiny-encoder"))
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="bleu")], systems=[system])
    row = instance_pb2.Instance(inputs={"text": "late"}, references=["late"])
    failure = encoder.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec, instances=[row]))
    assert (failure.reason, failure.fields) == ("MODEL_TASK_MISMATCH", ("spec.systems[0].model",))


def test_rows_that_callers_send_hold_no_embedding(encoder: Server) -> None:
    row = instance_pb2.Instance(references=["late"], predictions=[instance_pb2.Prediction(text="late", embedding=[1])])
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="bleu")])
    failure = encoder.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec, instances=[row]))
    assert (failure.reason, failure.fields) == ("UNSUPPORTED_FIELD", ("instances[0].predictions[0].embedding",))
