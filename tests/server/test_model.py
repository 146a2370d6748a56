"""ModelService and model sources, with the example models of this project."""

from __future__ import annotations

import csv
import logging
import math
from typing import TYPE_CHECKING

import pytest

from evald.settings import ModelSetting
from evald.v1 import analysis_pb2, catalog_pb2, instance_pb2, metric_pb2, model_pb2
from evald.v1 import evaluation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

MODELS = "/evald.v1.ModelService/"
EVALUATE = "/evald.v1.EvaluationService/Evaluate"
CLASSES = ["billing", "cancel", "delivery", "praise", "question", "technical"]


@pytest.fixture(scope="module")
def models(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    """A server that runs both example classifiers."""
    pytest.importorskip("onnxruntime")
    folders = {name: root / "examples" / "models" / name for name in ("support-base", "support-tuned")}
    server = start_server(models={name: ModelSetting(folder) for name, folder in folders.items()})
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    assert server.get("/readyz") == (200, "ready\n")
    yield server
    server.close()


@pytest.fixture(scope="module")
def tickets(root: Path) -> list[tuple[str, str]]:
    """Text and label of test rows."""
    with (root / "examples" / "data" / "support-tickets" / "test.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def inputs(tickets: list[tuple[str, str]]) -> list[instance_pb2.Instance]:
    return [
        instance_pb2.Instance(id=f"t{index}", inputs={"text": text}, labels=[label])
        for index, (text, label) in enumerate(tickets)
    ]


def test_models_are_listed_and_described(models: Server) -> None:
    listed = models.api.call(MODELS + "ListModels", model_pb2.ListModelsRequest(), model_pb2.ListModelsResponse).models
    assert [model.alias for model in listed] == ["support-base", "support-tuned"]
    for model in listed:
        one = models.api.call(
            MODELS + "GetModel", model_pb2.GetModelRequest(alias=model.alias), model_pb2.GetModelResponse
        )
        assert one.model == model
        assert (model.task, model.state) == ("text-classification", model_pb2.MODEL_STATE_READY)
        assert list(model.classes) == CLASSES
        assert len(model.provenance.weights_digest) == 64
        assert model.provenance.engine.startswith("onnxruntime ")
    info = models.api.call(
        "/evald.v1.CatalogService/GetServerInfo",
        catalog_pb2.GetServerInfoRequest(),
        catalog_pb2.GetServerInfoResponse,
    )
    assert list(info.engines) == [listed[0].provenance.engine]


def test_predict_gives_one_prediction_a_row_and_errors_beside_them(
    models: Server, tickets: list[tuple[str, str]]
) -> None:
    rows = [*inputs(tickets[:5]), instance_pb2.Instance(id="lacking")]
    request = model_pb2.PredictRequest(alias="support-tuned", instances=rows)
    answer = models.api.call(MODELS + "Predict", request, model_pb2.PredictResponse)
    assert list(answer.classes) == CLASSES
    assert len(answer.predictions) == 6
    for prediction in answer.predictions[:5]:
        assert math.isclose(sum(prediction.class_scores), 1, rel_tol=1e-5)
        scores = list(prediction.class_scores)
        assert list(prediction.labels) == [CLASSES[scores.index(max(scores))]]
    assert answer.predictions[5] == instance_pb2.Prediction()
    assert [(error.id, error.reason) for error in answer.errors] == [("lacking", "MISSING_INPUT")]
    assert (answer.cost.rows, answer.provenance.alias) == (6, "support-tuned")
    assert answer.cost.tokens > 0


def test_evaluate_runs_a_model_and_says_which(models: Server, tickets: list[tuple[str, str]]) -> None:
    request = pb.EvaluateRequest(
        spec=pb.EvaluationSpec(
            metrics=[metric_pb2.MetricSpec(name="accuracy")],
            systems=[pb.System(name="tuned", model=pb.ModelSource(alias="support-tuned"))],
        ),
        instances=inputs(tickets[:100]),
    )
    answer = models.api.call(EVALUATE, request, pb.EvaluateResponse)
    predict = model_pb2.PredictRequest(alias="support-tuned", instances=inputs(tickets[:100]))
    predicted = models.api.call(MODELS + "Predict", predict, model_pb2.PredictResponse).predictions
    right = sum(prediction.labels[0] == label for prediction, (_, label) in zip(predicted, tickets, strict=False))
    assert answer.systems[0].metrics[0].estimate.value == pytest.approx(right / 100)
    (provenance,) = answer.provenance.models
    assert (provenance.system, provenance.alias, provenance.device) == ("tuned", "support-tuned", "cpu")
    assert answer.cost.tokens > 0
    assert answer.cost.infer_seconds > 0
    assert answer.provenance.evald_version


def test_compare_pairs_two_models(models: Server, tickets: list[tuple[str, str]]) -> None:
    request = pb.CompareRequest(
        spec=pb.EvaluationSpec(
            metrics=[metric_pb2.MetricSpec(name="accuracy")],
            systems=[pb.System(name=name, model=pb.ModelSource(alias=f"support-{name}")) for name in ("base", "tuned")],
            analysis=analysis_pb2.AnalysisSpec(top=100),
        ),
        instances=inputs(tickets[:200]),
    )
    answer = models.api.call("/evald.v1.EvaluationService/Compare", request, pb.CompareResponse)
    assert answer.comparisons[0].difference.value > 0
    assert [model.system for model in answer.provenance.models] == ["base", "tuned"]
    # Wins and losses of rows that are right or wrong are those fixed and broken.
    (changes,) = answer.analysis.pairs[0].metrics
    assert (changes.fixed, changes.broken) == (answer.comparisons[0].wins, answer.comparisons[0].losses)
    labels = {f"t{index}": label for index, (_, label) in enumerate(tickets)}
    for system in answer.analysis.systems:
        assert sum(one.count for one in system.confusions) == sum(band.rows for band in system.metrics[0].bands)
        assert all(labels[row.id] == one.gold for one in system.confusions for row in one.rows)


def test_the_work_of_models_is_on_the_metrics_page(models: Server, tickets: list[tuple[str, str]]) -> None:
    before = models.metric("evald_tokens_total")
    request = model_pb2.PredictRequest(alias="support-base", instances=inputs(tickets[:20]))
    models.api.call(MODELS + "Predict", request, model_pb2.PredictResponse)
    assert models.metric("evald_tokens_total") > before
    assert models.metric("evald_batch_sequences_sum", model="support-base") >= 20
    assert models.metric("evald_batch_tokens_count", model="support-base") >= 1
    assert models.metric("evald_models", state="ready") == 2
    assert models.metric("evald_queue_sequences", model="support-base") == 0
    for stage in ("tokenize", "queue", "infer"):
        assert models.metric("evald_stage_seconds_count", stage=stage) >= 1


def test_wrong_uses_of_a_model_are_refused_and_no_text_is_logged(
    models: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "Xylophone-4711"
    row = instance_pb2.Instance(inputs={"text": secret}, labels=["billing"], references=[secret])
    source = pb.System(name="a", model=pb.ModelSource(alias="support-base"))
    texts = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="bleu")], systems=[source])
    labels = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="accuracy")], systems=[source])
    sent = instance_pb2.Instance(inputs={"text": secret}, labels=["billing"])
    sent.predictions.add(labels=[secret])
    with caplog.at_level(logging.DEBUG):
        mismatch = models.api.failure(EVALUATE, pb.EvaluateRequest(spec=texts, instances=[row]))
        both = models.api.failure(EVALUATE, pb.EvaluateRequest(spec=labels, instances=[sent]))
    assert (mismatch.code, mismatch.reason) == ("INVALID_ARGUMENT", "MODEL_TASK_MISMATCH")
    assert mismatch.fields == ("spec.systems[0].model",)
    assert both.code == "INVALID_ARGUMENT"
    assert both.fields == ("instances[0].predictions[0]",)
    printed = capfd.readouterr()
    for text in (mismatch.message, both.message, caplog.text, printed.out, printed.err):
        assert secret not in text


def test_a_model_that_could_not_be_loaded_says_so(make_server: Callable[..., Server], tmp_path: Path) -> None:
    server = make_server(models={"broken": ModelSetting(tmp_path)})
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    listed = server.api.call(MODELS + "ListModels", model_pb2.ListModelsRequest(), model_pb2.ListModelsResponse).models
    assert (listed[0].state, bool(listed[0].state_reason)) == (model_pb2.MODEL_STATE_FAILED, True)
    request = model_pb2.PredictRequest(alias="broken", instances=[instance_pb2.Instance(inputs={"text": "a"})])
    failure = server.api.failure(MODELS + "Predict", request)
    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_FAILED")
