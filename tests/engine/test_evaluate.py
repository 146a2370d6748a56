"""The engine on the real extension and the real example models."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from evald.backends.registry import ModelRegistry
from evald.engine.answers import ModelRows
from evald.engine.evaluate import Cancellation, Engine, Limits
from evald.errors import (
    CancelledError,
    DeadlineError,
    InvalidRequestError,
    ModelNotReadyError,
    NotFoundError,
    UnavailableError,
)
from evald.v1 import catalog_pb2, evaluation_pb2, instance_pb2, metric_pb2, report_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture(scope="module")
def engine(root: Path) -> Iterator[Engine]:
    pytest.importorskip("onnxruntime")
    folder = root / "examples" / "models"
    registry = ModelRegistry(
        {"base": folder / "support-base", "tuned": folder / "support-tuned", "broken": folder / "none"}
    )
    registry.load()
    yield Engine(registry)
    registry.close()


@pytest.fixture(scope="module")
def tickets(root: Path) -> list[instance_pb2.Instance]:
    """The test split as rows that only models can answer."""
    with (root / "examples" / "data" / "support-tickets" / "test.csv").open(encoding="utf-8", newline="") as stream:
        return [
            instance_pb2.Instance(id=str(number), labels=[row["label"]], inputs={"text": row["text"]})
            for number, row in enumerate(csv.DictReader(stream))
        ]


def correct_rows(root: Path, model: str) -> int:
    config = json.loads((root / "examples" / "models" / model / "config.json").read_text())
    return int(config["evaluation"]["correct"])


def spec_of(
    *aliases: str, metrics: Sequence[str] = ("accuracy",), input_key: str = ""
) -> evaluation_pb2.EvaluationSpec:
    return evaluation_pb2.EvaluationSpec(
        systems=[
            evaluation_pb2.System(name=f"with {alias}", model=evaluation_pb2.ModelSource(alias=alias, input=input_key))
            for alias in aliases
        ],
        metrics=[metric_pb2.MetricSpec(name=name) for name in metrics],
        row_report=report_pb2.ROW_REPORT_FAILED,
    )


def evaluate(
    spec: evaluation_pb2.EvaluationSpec, rows: Sequence[instance_pb2.Instance]
) -> evaluation_pb2.EvaluateRequest:
    return evaluation_pb2.EvaluateRequest(spec=spec, instances=rows)


def test_a_model_is_evaluated_on_all_rows(engine: Engine, tickets: list[instance_pb2.Instance], root: Path) -> None:
    request = evaluate(spec_of("tuned"), tickets).SerializeToString()
    response, facts = engine.run("evaluate", request, Cancellation())
    result = evaluation_pb2.EvaluateResponse.FromString(response).systems[0]
    assert result.system == "with tuned"
    assert result.metrics[0].estimate.value == pytest.approx(correct_rows(root, "support-tuned") / len(tickets))
    assert result.metrics[0].estimate.n == len(tickets)
    assert facts.rows == len(tickets)
    assert facts.tokens > 5 * len(tickets)
    assert [(name, info.alias) for name, info in facts.models] == [("with tuned", "tuned")]
    assert min(facts.tokenize_seconds, facts.infer_seconds, facts.score_seconds) > 0
    assert facts.queue_seconds >= 0
    again, _ = engine.run("evaluate", request, Cancellation())
    assert again == response


def test_two_models_are_compared(engine: Engine, tickets: list[instance_pb2.Instance], root: Path) -> None:
    request = evaluation_pb2.CompareRequest(
        spec=spec_of("base", "tuned", metrics=["accuracy", "f1(average=macro)"]), instances=tickets
    )
    response, facts = engine.run("compare", request.SerializeToString(), Cancellation())
    compared = evaluation_pb2.CompareResponse.FromString(response)
    gain = correct_rows(root, "support-tuned") - correct_rows(root, "support-base")
    assert compared.baseline == "with base"
    assert compared.comparisons[0].difference.value == pytest.approx(gain / len(tickets))
    assert [info.alias for _, info in facts.models] == ["base", "tuned"]


def test_rows_fail_with_the_reason_of_the_model(engine: Engine) -> None:
    rows = [
        instance_pb2.Instance(id="good", labels=["billing"], inputs={"body": "refund my invoice"}),
        instance_pb2.Instance(id="none", labels=["billing"], inputs={"text": "refund my invoice"}),
        instance_pb2.Instance(id="long", labels=["billing"], inputs={"body": "refund " * 200}),
        instance_pb2.Instance(id="empty", labels=["billing"], inputs={"body": ""}),
    ]
    request = evaluate(spec_of("tuned", input_key="body"), rows).SerializeToString()
    response, facts = engine.run("evaluate", request, Cancellation())
    result = evaluation_pb2.EvaluateResponse.FromString(response).systems[0]
    assert [(error.id, error.reason) for error in result.rows.errors] == [
        ("none", "MISSING_INPUT"),
        ("long", "INPUT_TOO_LONG"),
    ]
    assert (result.metrics[0].estimate.n, result.metrics[0].estimate.n_failed) == (2, 2)
    assert facts.rows == 4


def test_inline_systems_need_no_model(engine: Engine) -> None:
    row = instance_pb2.Instance(id="1", labels=["a"], predictions=[instance_pb2.Prediction(labels=["a"])])
    spec = evaluation_pb2.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="accuracy")])
    response, facts = engine.run("evaluate", evaluate(spec, [row]).SerializeToString(), Cancellation())
    assert evaluation_pb2.EvaluateResponse.FromString(response).systems[0].metrics[0].estimate.value == 1.0
    assert (facts.models, facts.tokens, facts.infer_seconds) == ((), 0, 0)


def test_a_text_metric_on_a_classifier_is_refused(engine: Engine, tickets: list[instance_pb2.Instance]) -> None:
    request = evaluate(spec_of("tuned", metrics=["accuracy", "bleu"]), tickets[:2]).SerializeToString()
    with pytest.raises(InvalidRequestError) as caught:
        engine.run("evaluate", request, Cancellation())
    assert caught.value.reason == "MODEL_TASK_MISMATCH"
    assert caught.value.violations[0].field == "spec.systems[0].model"


@pytest.mark.parametrize(
    ("alias", "kind", "reason"),
    [("tunde", NotFoundError, "UNKNOWN_MODEL"), ("broken", ModelNotReadyError, "MODEL_FAILED")],
)
def test_a_model_that_cannot_answer_is_named_with_its_field(
    engine: Engine, tickets: list[instance_pb2.Instance], alias: str, kind: type[NotFoundError], reason: str
) -> None:
    request = evaluation_pb2.CompareRequest(spec=spec_of("tuned", alias), instances=tickets[:2]).SerializeToString()
    with pytest.raises(kind) as caught:
        engine.run("compare", request, Cancellation())
    assert caught.value.reason == reason
    assert caught.value.violations[0].field == "spec.systems[1].model.alias"


@pytest.mark.parametrize(
    ("reason", "error"),
    [("cancelled", CancelledError), ("deadline", DeadlineError), ("shutdown", UnavailableError)],
)
def test_the_reason_of_a_cancellation_decides_the_error(
    engine: Engine, tickets: list[instance_pb2.Instance], reason: str, error: type[Exception]
) -> None:
    request = evaluate(spec_of("tuned"), tickets).SerializeToString()
    before = Cancellation()
    before.set(reason)
    with pytest.raises(error):
        engine.run("evaluate", request, before)
    with pytest.raises(error):
        engine.predict("tuned", ModelRows(["text"]), before)
    during = Cancellation()
    timer = threading.Timer(0.02, during.set, args=(reason,))
    timer.start()
    many = [instance_pb2.Instance(labels=["billing"], inputs={"text": "refund my invoice " * 10})] * 20_000
    with pytest.raises(error):
        engine.run("evaluate", evaluate(spec_of("tuned"), many).SerializeToString(), during)
    timer.join()


def test_a_passed_deadline_starts_nothing(engine: Engine, tickets: list[instance_pb2.Instance]) -> None:
    request = evaluate(spec_of("tuned"), tickets).SerializeToString()
    with pytest.raises(DeadlineError):
        engine.run("evaluate", request, Cancellation(), time.monotonic() - 1)
    with pytest.raises(DeadlineError):
        engine.predict("tuned", ModelRows(["text"]), Cancellation(), time.monotonic() - 1)


def test_a_cancellation_without_a_reason_is_a_deadline_when_that_has_passed(engine: Engine) -> None:
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(DeadlineError):
        engine.predict("tuned", ModelRows(["text"]), cancellation, time.monotonic() - 1)


def test_predictions_alone(engine: Engine, tickets: list[instance_pb2.Instance]) -> None:
    texts = [tickets[0].inputs["text"], None, "word " * 100, ""]
    info, result = engine.predict("tuned", ModelRows(texts), Cancellation(), time.monotonic() + 60)
    assert info.alias == "tuned"
    assert result.class_scores is not None
    assert result.class_scores.shape == (4, len(info.classes))
    assert [(failure.row, failure.reason) for failure in result.failures] == [
        (1, "MISSING_INPUT"),
        (2, "INPUT_TOO_LONG"),
    ]
    assert np.flatnonzero(result.class_scores.sum(axis=1)).tolist() == [0, 3]


def test_predictions_of_an_unknown_model(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        engine.predict("tunde", ModelRows(["text"]), Cancellation())


def test_limits_are_set_once_and_named_in_errors(engine: Engine, tickets: list[instance_pb2.Instance]) -> None:
    small = Engine(engine.models, Limits(max_rows=3))
    assert small.limits.max_rows == 3
    assert small.limits.max_classes == engine.limits.max_classes
    with pytest.raises(InvalidRequestError, match="3"):
        small.run("evaluate", evaluate(spec_of("tuned"), tickets[:4]).SerializeToString(), Cancellation())


def test_metrics_are_listed_and_described(engine: Engine) -> None:
    listed = catalog_pb2.ListMetricsResponse.FromString(engine.list_metrics())
    assert "accuracy" in {metric.name for metric in listed.metrics}
    described = catalog_pb2.GetMetricResponse.FromString(engine.get_metric("accuracy"))
    assert described.metric.name == "accuracy"
    with pytest.raises(NotFoundError):
        engine.get_metric("acuracy")


def test_an_engine_without_models_imports_no_heavy_library(root: Path) -> None:
    code = """
import sys
from evald.backends.registry import ModelRegistry
from evald.engine.evaluate import Cancellation, Engine
from evald.errors import EvaldError
engine = Engine(ModelRegistry())
engine.list_metrics()
try:
    engine.run("evaluate", b"", Cancellation())
except EvaldError:
    pass
print(sorted({"numpy", "onnxruntime", "tokenizers", "grpc"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root / "service")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
