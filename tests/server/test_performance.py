"""Speed and use of resources in the answers of a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import evald
from evald.settings import ModelSetting
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2, performance_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

PREDICT = "/evald.v1.ModelService/Predict"
COMPARE = "/evald.v1.EvaluationService/Compare"


@pytest.fixture(scope="module")
def models(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    pytest.importorskip("onnxruntime")
    names = ("support-base", "support-tuned", "tiny-lm")
    folders = {name: root / "examples" / "models" / name for name in names}
    server = start_server(models={name: ModelSetting(folder) for name, folder in folders.items()})
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    yield server
    server.close()


def check(found: performance_pb2.ModelPerformance, texts: int) -> None:
    """What holds of every measurement."""
    assert found.texts == texts
    assert found.texts_per_second == pytest.approx(texts / found.seconds)
    assert found.tokens_per_second > 0
    assert 0 <= found.padding_share < 1
    assert 1 <= found.batches <= texts
    assert found.cpu_seconds > 0
    assert found.peak_memory_bytes > 10_000_000
    for name in ("latency", "tokenize", "queue", "infer", "batch"):
        one = getattr(found, name)
        ranks = [one.p50_seconds, one.p90_seconds, one.p95_seconds, one.p99_seconds, one.max_seconds]
        assert ranks == sorted(ranks)
        assert 0 < one.mean_seconds <= one.max_seconds <= found.seconds
    parts = (found.tokenize, found.queue, found.infer)
    assert found.latency.mean_seconds == pytest.approx(sum(part.mean_seconds for part in parts))


def test_predict_tells_how_fast_it_was(models: Server) -> None:
    rows = [instance_pb2.Instance(inputs={"text": "my parcel is late " * (1 + row % 7)}) for row in range(50)]
    rows.append(instance_pb2.Instance(id="lacking"))
    request = model_pb2.PredictRequest(alias="support-tuned", instances=rows)
    answer = models.api.call(PREDICT, request, model_pb2.PredictResponse)
    (found,) = answer.cost.performance
    assert (found.system, found.alias) == ("", "support-tuned")
    check(found, texts=50)
    assert models.metric("evald_model_answer_seconds_count", model="support-tuned") >= 1


def test_each_system_of_a_comparison_has_its_own(models: Server) -> None:
    names = ("base", "tuned")
    systems = [pb.System(name=name, model=pb.ModelSource(alias=f"support-{name}")) for name in names]
    rows = [instance_pb2.Instance(inputs={"text": f"ticket {row}"}, labels=["billing"]) for row in range(20)]
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="accuracy")], systems=systems)
    answer = models.api.call(COMPARE, pb.CompareRequest(spec=spec, instances=rows), pb.CompareResponse)
    assert [(found.system, found.alias) for found in answer.cost.performance] == [
        ("base", "support-base"),
        ("tuned", "support-tuned"),
    ]
    for found in answer.cost.performance:
        check(found, texts=20)


def test_a_choice_is_a_text(models: Server) -> None:
    row = instance_pb2.Instance(inputs={"text": "Return the"})
    row.choices.extend(instance_pb2.Choice(text=text) for text in (" list", " number", " x" * 300))
    request = model_pb2.PredictRequest(alias="tiny-lm", instances=[row])
    answer = models.api.call(PREDICT, request, model_pb2.PredictResponse)
    assert answer.errors[0].reason == "INPUT_TOO_LONG"
    check(answer.cost.performance[0], texts=2)


def test_a_call_without_answers_has_no_latencies(models: Server) -> None:
    request = model_pb2.PredictRequest(alias="tiny-lm", instances=[instance_pb2.Instance(id="lacking")])
    (found,) = models.api.call(PREDICT, request, model_pb2.PredictResponse).cost.performance
    assert (found.texts, found.texts_per_second, found.batches) == (0, 0, 0)
    assert not found.HasField("latency")


def test_results_hold_and_print_it(models: Server) -> None:
    with evald.Client(f"127.0.0.1:{models.app.grpc_port}") as client:
        found = client.evaluate(
            systems={"tuned": evald.Model("support-tuned")},
            inputs=["my parcel is late", "the bill is wrong"],
            references=["delivery", "billing"],
            metrics="accuracy",
        )
        alone = client.predict("support-tuned", ["my parcel is late"])
    assert found.cost is not None
    (one,) = found.cost.performance
    assert one.latency is not None
    assert (one.system, one.texts) == ("tuned", 2)
    assert one.latency.p50 <= one.latency.max
    shown = str(found)
    assert "models, measured while they answered" in shown
    assert f"{one.texts_per_second:,.1f}" in shown
    assert found.to_dict()["cost"]["performance"][0]["latency"]["p99"] == one.latency.p99
    assert alone.cost is not None
    assert alone.cost.performance[0].texts == 1


def test_the_size_of_batches_is_measured_and_told(
    models: Server, root: Path, start_server: Callable[..., Server]
) -> None:
    def size(server: Server) -> int:
        request = model_pb2.GetModelRequest(alias="support-base")
        answer = server.api.call("/evald.v1.ModelService/GetModel", request, model_pb2.GetModelResponse)
        return answer.model.provenance.batch_tokens

    assert size(models) in (128, 256, 512, 1024, 2048)
    folder = root / "examples" / "models" / "support-base"
    fixed = start_server(models={"support-base": ModelSetting(folder)}, batch_tokens=384)
    fixed.wait_until(lambda: fixed.get("/readyz")[0] == 200)
    assert size(fixed) == 384
    row = instance_pb2.Instance(inputs={"text": "a"})
    request = model_pb2.PredictRequest(alias="support-base", instances=[row])
    answer = fixed.api.call(PREDICT, request, model_pb2.PredictResponse)
    fixed.close()
    assert answer.provenance.batch_tokens == 384


def test_a_measurement_is_repeated_until_it_is_stable(models: Server) -> None:
    rows = [instance_pb2.Instance(inputs={"text": f"ticket {row} is late"}) for row in range(8)]
    request = model_pb2.PredictRequest(alias="support-base", instances=rows)
    once = models.api.call(PREDICT, request, model_pb2.PredictResponse)
    request.steady_state.max_seconds = 4
    before = models.metric("evald_batch_sequences_sum", model="support-base")
    answer = models.api.call(PREDICT, request, model_pb2.PredictResponse)
    ran = models.metric("evald_batch_sequences_sum", model="support-base") - before
    assert list(answer.predictions) == list(once.predictions)
    (found,) = answer.cost.performance
    # Three windows of a second, or of what was left; the run that warms up is in none.
    assert found.steadiness.windows >= 1
    assert found.texts % 8 == 0
    assert 0 < found.texts <= ran - 8
    check(found, texts=found.texts)
    assert not once.cost.performance[0].HasField("steadiness")
    assert answer.cost.tokens == once.cost.tokens


def test_a_deadline_ends_the_measurement_and_not_the_call(models: Server) -> None:
    with evald.Client(f"127.0.0.1:{models.app.grpc_port}") as client:
        # Long enough for a busy machine to measure a window.
        found = client.predict("support-base", ["late"], steady_seconds=600, timeout=8)
    assert found.cost is not None
    assert found.cost.performance[0].windows is not None


def test_a_measurement_can_be_cancelled(models: Server) -> None:
    row = instance_pb2.Instance(inputs={"text": "late"})
    request = model_pb2.PredictRequest(alias="support-base", instances=[row])
    request.steady_state.max_seconds = 600
    call = models.api.start(PREDICT, request, model_pb2.PredictResponse)
    models.wait_until(lambda: models.metric("evald_calls_in_progress") == 1)
    call.cancel()
    models.wait_until(lambda: models.metric("evald_calls_in_progress") == 0)


@pytest.mark.parametrize("seconds", [0, -1, 601, float("nan")])
def test_a_measurement_has_bounds(models: Server, seconds: float) -> None:
    row = instance_pb2.Instance(inputs={"text": "late"})
    request = model_pb2.PredictRequest(alias="support-base", instances=[row])
    request.steady_state.max_seconds = seconds
    request.steady_state.SetInParent()
    failure = models.api.failure(PREDICT, request)
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "BAD_STEADY_STATE")
    assert failure.fields == ("steady_state.max_seconds",)
