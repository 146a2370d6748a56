"""Every wrong request: right code, reason and field path, and no text of a row in a log or in an error."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

import pytest

from evald.v1 import catalog_pb2, instance_pb2, metric_pb2, model_pb2
from evald.v1 import evaluation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message
    from tests.server.conftest import Failure, Server

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
COMPARE = "/evald.v1.EvaluationService/Compare"
PREDICT = "/evald.v1.ModelService/Predict"

# Stands in every row of every wrong request.
SECRET = "Xylophone-4711"


def row(**changes: Any) -> instance_pb2.Instance:
    """A good row with some fields replaced; None removes one."""
    fields: dict[str, Any] = {
        "predictions": [instance_pb2.Prediction(text=SECRET, labels=["yes"])],
        "references": [SECRET],
        "labels": ["yes"],
        "inputs": {"text": SECRET},
        **changes,
    }
    return instance_pb2.Instance(**{name: value for name, value in fields.items() if value is not None})


def request(metric: str, *rows: instance_pb2.Instance, **spec: Any) -> pb.EvaluateRequest:
    metrics = [metric_pb2.MetricSpec(name=metric)]
    return pb.EvaluateRequest(spec=pb.EvaluationSpec(metrics=metrics, **spec), instances=rows or [row()])


def scored(scores: list[float], **spec: Any) -> pb.EvaluateRequest:
    prediction = instance_pb2.Prediction(text=SECRET, class_scores=scores)
    return request("accuracy", row(), row(predictions=[prediction]), **spec)


def answered(**fields: Any) -> pb.EvaluateRequest:
    """A request whose second row has a prediction with these fields."""
    return request("bleu", row(), row(predictions=[instance_pb2.Prediction(text=SECRET, **fields)]))


def spoiled() -> bytes:
    """A request whose second row has a reference that is not UTF-8."""
    bad = row(references=["spoil here " + SECRET])
    return request("bleu", row(), bad).SerializeToString().replace(b"spoil", b"sp\xffil")


def with_parameter() -> pb.EvaluateRequest:
    wrong = request("rouge_l")
    wrong.spec.metrics[0].params.update({"stemer": True})
    return wrong


def asking_model(alias: str) -> pb.EvaluateRequest:
    return request("accuracy", row(predictions=None), systems=[pb.System(name="a", model=pb.ModelSource(alias=alias))])


CASES: dict[str, tuple[str, Message | bytes, str, str, tuple[str, ...]]] = {
    "empty request": (EVALUATE, b"", "INVALID_ARGUMENT", "MISSING_METRIC", ("spec.metrics",)),
    "no rows": (
        EVALUATE,
        pb.EvaluateRequest(spec=pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="bleu")])),
        "INVALID_ARGUMENT",
        "EMPTY_REQUEST",
        ("instances",),
    ),
    "unknown metric": (EVALUATE, request("blue"), "INVALID_ARGUMENT", "UNKNOWN_METRIC", ("spec.metrics[0].name",)),
    "unknown parameter": (
        EVALUATE,
        with_parameter(),
        "INVALID_ARGUMENT",
        "UNKNOWN_PARAMETER",
        ("spec.metrics[0].params.stemer",),
    ),
    "row without reference": (
        EVALUATE,
        request("bleu", row(), row(references=None)),
        "INVALID_ARGUMENT",
        "MISSING_REFERENCE",
        ("instances[1].references",),
    ),
    "unknown label": (
        EVALUATE,
        request("accuracy", row(), row(labels=[SECRET]), classes=["yes", "no"]),
        "INVALID_ARGUMENT",
        "UNKNOWN_LABEL",
        ("instances[1].labels[0]",),
    ),
    "NaN score": (
        EVALUATE,
        scored([math.nan, 0.5], classes=["yes", "no"]),
        "INVALID_ARGUMENT",
        "NAN_SCORE",
        ("instances[1].predictions[0].class_scores[0]",),
    ),
    "scores of another length than classes": (
        EVALUATE,
        scored([0.1, 0.2, 0.7], classes=["yes", "no"]),
        "INVALID_ARGUMENT",
        "CLASS_SCORES_LENGTH",
        ("instances[1].predictions[0].class_scores",),
    ),
    "text that is not UTF-8": (
        EVALUATE,
        spoiled(),
        "INVALID_ARGUMENT",
        "INVALID_UTF8",
        ("instances[1].references[0]",),
    ),
    "malformed bytes": (
        EVALUATE,
        request("bleu").SerializeToString()[:-3],
        "INVALID_ARGUMENT",
        "MALFORMED_REQUEST",
        ("request",),
    ),
    "unknown model": (
        EVALUATE,
        asking_model("nobody"),
        "NOT_FOUND",
        "UNKNOWN_MODEL",
        ("spec.systems[0].model.alias",),
    ),
    "duplicate ids": (
        EVALUATE,
        request("bleu", row(id="a"), row(id="b"), row(id="a")),
        "INVALID_ARGUMENT",
        "DUPLICATE_ID",
        ("instances[2].id",),
    ),
    "unsupported field": (
        EVALUATE,
        request("bleu", row(), row(predictions=[instance_pb2.Prediction(text="t", finish_reason="stop")])),
        "INVALID_ARGUMENT",
        "UNSUPPORTED_FIELD",
        ("instances[1].predictions[0].finish_reason",),
    ),
    "comparison of one system": (
        COMPARE,
        pb.CompareRequest(spec=request("bleu").spec, instances=[row()]),
        "INVALID_ARGUMENT",
        "TOO_FEW_SYSTEMS",
        ("spec.systems",),
    ),
    "prediction of an unknown model": (
        PREDICT,
        model_pb2.PredictRequest(alias="nobody", instances=[row()]),
        "NOT_FOUND",
        "UNKNOWN_MODEL",
        (),
    ),
    "prediction without model": (
        PREDICT,
        model_pb2.PredictRequest(instances=[row()]),
        "INVALID_ARGUMENT",
        "MISSING_MODEL",
        ("alias",),
    ),
    "prediction without rows": (
        PREDICT,
        model_pb2.PredictRequest(alias="nobody"),
        "INVALID_ARGUMENT",
        "EMPTY_REQUEST",
        ("instances",),
    ),
    "prediction with an unsupported field": (
        PREDICT,
        model_pb2.PredictRequest(alias="nobody", instances=[row(), row(wrong_references=["t"])]),
        "INVALID_ARGUMENT",
        "UNSUPPORTED_FIELD",
        ("instances[1].wrong_references",),
    ),
    "malformed prediction": (
        PREDICT,
        model_pb2.PredictRequest(alias="nobody", instances=[row()]).SerializeToString()[:-3],
        "INVALID_ARGUMENT",
        "MALFORMED_REQUEST",
        ("request",),
    ),
    "model without name": (
        "/evald.v1.ModelService/GetModel",
        model_pb2.GetModelRequest(),
        "INVALID_ARGUMENT",
        "MISSING_MODEL",
        ("alias",),
    ),
    "unknown model described": (
        "/evald.v1.ModelService/GetModel",
        model_pb2.GetModelRequest(alias="nobody"),
        "NOT_FOUND",
        "UNKNOWN_MODEL",
        (),
    ),
    "unknown metric described": (
        "/evald.v1.CatalogService/GetMetric",
        catalog_pb2.GetMetricRequest(name="blue"),
        "NOT_FOUND",
        "UNKNOWN_METRIC",
        ("name",),
    ),
}


# What no metric could make sense of is refused whatever the metrics of the call.
NO_NUMBERS: dict[str, tuple[pb.EvaluateRequest, str, str]] = {
    "value": (request("bleu", row(), row(value=math.inf)), "NOT_FINITE", "value"),
    "weight": (request("bleu", row(), row(weight=0.0)), "BAD_WEIGHT", "weight"),
    "negative weight": (request("bleu", row(), row(weight=-1.0)), "BAD_WEIGHT", "weight"),
    "predicted value": (answered(value=math.nan), "NOT_FINITE", "predictions[0].value"),
    "usage below 0": (
        answered(usage=instance_pb2.Usage(latency_seconds=-0.1)),
        "BAD_USAGE",
        "predictions[0].usage.latency_seconds",
    ),
    "usage that is no number": (
        answered(usage=instance_pb2.Usage(cost=math.nan)),
        "BAD_USAGE",
        "predictions[0].usage.cost",
    ),
    "no-answer score": (answered(no_answer_score=-math.inf), "NOT_FINITE", "predictions[0].no_answer_score"),
    "named score": (answered(scores={"a": 1.0, "comet": math.nan}), "NOT_FINITE", 'predictions[0].scores["comet"]'),
    "score of a secret name": (answered(scores={SECRET: math.nan}), "NOT_FINITE", 'predictions[0].scores["?"]'),
    "choice score": (answered(choice_scores=[1.0, math.nan]), "NAN_SCORE", "predictions[0].choice_scores[1]"),
    "log-likelihood": (answered(token_logprobs=[math.nan]), "NAN_SCORE", "predictions[0].token_logprobs[0]"),
}
CASES |= {
    name: (EVALUATE, wrong, "INVALID_ARGUMENT", reason, (f"instances[1].{field}",))
    for name, (wrong, reason, field) in NO_NUMBERS.items()
}


@pytest.fixture
def checked(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Callable[[str, Message | bytes], Failure]:
    """Makes a call that fails, and checks that nothing of its rows is logged or told."""

    def call(path: str, wrong: Message | bytes) -> Failure:
        with caplog.at_level(logging.DEBUG):
            failure = server.api.failure(path, wrong)
        printed = capfd.readouterr()
        for text in (failure.message, failure.raw.decode("latin-1"), caplog.text, printed.out, printed.err):
            assert SECRET not in text
        return failure

    return call


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_request_is_refused(name: str, checked: Callable[[str, Message | bytes], Failure]) -> None:
    path, wrong, code, reason, fields = CASES[name]
    failure = checked(path, wrong)
    assert (failure.code, failure.reason, failure.fields) == (code, reason, fields)
    assert failure.domain == "evald"


def test_an_unknown_metric_or_parameter_comes_with_the_nearest_name(
    checked: Callable[[str, Message | bytes], Failure],
) -> None:
    assert "bleu" in checked(EVALUATE, request("blue")).message
    assert "stemmer" in checked(EVALUATE, with_parameter()).message
    assert "bleu" in checked("/evald.v1.CatalogService/GetMetric", catalog_pb2.GetMetricRequest(name="blue")).message


def test_an_oversized_message_is_refused_by_the_transport(make_server: Callable[..., Server]) -> None:
    server = make_server(max_request_bytes=1 << 16)
    large = request("bleu", row(references=["x" * (1 << 17)]))
    failure = server.api.failure(EVALUATE, large)
    assert failure.code == "RESOURCE_EXHAUSTED"
    assert "larger than max" in failure.message
    assert not failure.reason


@pytest.mark.parametrize(
    ("limit", "wrong"),
    [
        ({"max_rows": 2}, request("bleu", row(), row(), row())),
        ({"max_row_bytes": 64}, request("bleu", row(references=["x" * 100]))),
        ({"max_row_bytes": 100}, answered(token_logprobs=[-1.0] * 13)),
        ({"max_systems": 1}, request("bleu", systems=[pb.System(name="a"), pb.System(name="b")])),
        ({"max_classes": 2}, request("accuracy", classes=["yes", "no", "maybe"])),
        ({"max_response_bytes": 100}, request("bleu")),
        ({"max_resampling_cost": 10}, request("bleu")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_limit_is_named_in_the_error_it_causes(
    make_server: Callable[..., Server], limit: dict[str, int], wrong: pb.EvaluateRequest
) -> None:
    named(make_server(**limit).api.failure(EVALUATE, wrong), limit)


@pytest.mark.parametrize("limit", [{"max_rows": 1}, {"max_row_bytes": 10}])
def test_predict_names_limits_as_evaluate_does(make_server: Callable[..., Server], limit: dict[str, int]) -> None:
    rows = [instance_pb2.Instance(inputs={"text": "x" * 11}), instance_pb2.Instance(inputs={"text": "y"})]
    wrong = model_pb2.PredictRequest(alias="toy", instances=rows)
    named(make_server(**limit).api.failure(PREDICT, wrong), limit)


def named(failure: Failure, limit: dict[str, int]) -> None:
    """Whether the limit stands in the words and among the variables of an error."""
    (name, most) = next(iter(limit.items()))
    assert failure.code in ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")
    assert name in failure.message
    assert failure.reason in ("LIMIT_EXCEEDED", "RESPONSE_TOO_LARGE")
    assert failure.metadata is not None
    assert (failure.metadata["limit"], failure.metadata["maximum"]) == (name, str(most))
