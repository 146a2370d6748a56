"""LoadModel and UnloadModel, models on demand and the memory that they share, through a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evald.settings import ModelSetting
from evald.v1 import catalog_pb2, instance_pb2, metric_pb2, model_pb2
from evald.v1 import evaluation_pb2 as pb

pytest.importorskip("numpy")

from tests.backends import gated
from tests.server.conftest import SOON, Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.conftest import Server

MODELS = "/evald.v1.ModelService/"
COMPARE = "/evald.v1.EvaluationService/Compare"
HEALTH = "/grpc.health.v1.Health/Check"
LOADING, READY = model_pb2.MODEL_STATE_LOADING, model_pb2.MODEL_STATE_READY
FAILED, UNLOADED = model_pb2.MODEL_STATE_FAILED, model_pb2.MODEL_STATE_UNLOADED

registered = pytest.fixture(autouse=True)(gated.registered)


def load(server: Server, alias: str, **options: Any) -> model_pb2.Model:
    request = model_pb2.LoadModelRequest(alias=alias)
    return server.api.call(MODELS + "LoadModel", request, model_pb2.LoadModelResponse, **options).model


def unload(server: Server, alias: str, **options: Any) -> model_pb2.Model:
    request = model_pb2.UnloadModelRequest(alias=alias)
    return server.api.call(MODELS + "UnloadModel", request, model_pb2.UnloadModelResponse, **options).model


def get(server: Server, alias: str) -> model_pb2.Model:
    request = model_pb2.GetModelRequest(alias=alias)
    return server.api.call(MODELS + "GetModel", request, model_pb2.GetModelResponse).model


def predicting(alias: str) -> model_pb2.PredictRequest:
    return model_pb2.PredictRequest(alias=alias, instances=[instance_pb2.Instance(inputs={"text": "where is it?"})])


def predict(server: Server, alias: str) -> model_pb2.PredictResponse:
    return server.api.call(MODELS + "Predict", predicting(alias), model_pb2.PredictResponse)


@pytest.fixture
def examples(root: Path, make_server: Callable[..., Server]) -> Callable[..., Server]:
    """A server that runs both example classifiers on demand."""
    pytest.importorskip("onnxruntime")
    folders = {alias: root / "examples" / "models" / alias for alias in ("support-base", "support-tuned")}
    return lambda **changes: make_server(
        models={a: ModelSetting(f, load="on_demand") for a, f in folders.items()}, **changes
    )


@pytest.fixture
def gates(tmp_path: Path, make_server: Callable[..., Server]) -> Callable[..., tuple[Server, gated.Gate]]:
    """A server with one gated model "slow", and its gate."""

    def make(**changes: Any) -> tuple[Server, gated.Gate]:
        own = {"load": "on_demand", **changes.pop("own", {})}
        folder = gated.folder(tmp_path / "slow", 1000)
        return make_server(models={"slow": ModelSetting(folder, "gated", **own)}, **changes), gated.GATES[folder]

    return make


def test_a_model_on_demand_is_loaded_by_its_first_request(examples: Callable[..., Server]) -> None:
    server = examples()
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    before = get(server, "support-base")
    assert (before.state, before.on_demand, before.pinned, before.weights_bytes) == (UNLOADED, True, False, 0)
    assert server.metric("evald_models", state="unloaded") == 2
    assert len(predict(server, "support-base").predictions[0].class_scores) == 6
    after = get(server, "support-base")
    assert (after.state, after.task) == (READY, "text-classification")
    assert server.metric("evald_models", state="ready") == 1
    assert server.metric("evald_model_bytes") == after.weights_bytes > 0


def test_load_and_unload(examples: Callable[..., Server]) -> None:
    server = examples()
    one, two = load(server, "support-tuned"), load(server, "support-tuned")
    assert one.state == READY
    assert one == two
    assert unload(server, "support-tuned").state == UNLOADED
    assert unload(server, "support-tuned").weights_bytes == 0
    assert server.metric("evald_model_bytes") == 0
    assert load(server, "support-tuned").provenance == one.provenance


def test_a_comparison_of_models_that_do_not_fit_together(examples: Callable[..., Server], root: Path) -> None:
    # Measured sizes of batches, which provenance tells, may differ between two servers.
    roomy = examples(batch_tokens=256)
    size = load(roomy, "support-base").weights_bytes
    narrow = examples(model_memory=size, batch_tokens=256)
    rows = [instance_pb2.Instance(inputs={"text": "where is my parcel?"}, labels=["delivery"])] * 3
    systems = [pb.System(name=alias, model=pb.ModelSource(alias=alias)) for alias in ("support-base", "support-tuned")]
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="accuracy")], systems=systems)
    request = pb.CompareRequest(spec=spec, baseline="support-base", instances=rows)
    whole, turns = (server.api.call(COMPARE, request, pb.CompareResponse) for server in (roomy, narrow))
    assert turns.comparisons == whole.comparisons
    assert turns.provenance == whole.provenance
    assert [get(narrow, alias).state for alias in ("support-base", "support-tuned")] == [UNLOADED, READY]
    assert get(narrow, "support-base").state_reason == "it made room for support-tuned"
    limits = narrow.api.call("/evald.v1.CatalogService/GetServerInfo", b"", catalog_pb2.GetServerInfoResponse).limits
    assert limits.model_memory == size


def test_a_model_without_room_names_what_is_missing(examples: Callable[..., Server]) -> None:
    failure = examples(model_memory=1000).api.failure(MODELS + "Predict", predicting("support-base"))
    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_TOO_LARGE")
    assert failure.metadata is not None
    assert failure.metadata["alias"] == "support-base"
    assert failure.metadata["freeBytes"] == failure.metadata["maximum"] == "1000"
    assert int(failure.metadata["neededBytes"]) > 1000


def test_a_model_that_answers_is_not_unloaded_for_another_one(
    tmp_path: Path, make_server: Callable[..., Server]
) -> None:
    folders = {alias: gated.folder(tmp_path / alias, 1000) for alias in ("busy", "late")}
    models = {alias: ModelSetting(folder, "gated", load="on_demand") for alias, folder in folders.items()}
    server = make_server(models=models, model_memory=1000)
    load(server, "busy")
    backend = gated.GATES[folders["busy"]].backends[0]
    backend.go_on.clear()
    answer = server.api.start(MODELS + "Predict", predicting("busy"), model_pb2.PredictResponse)
    assert backend.entered.acquire(timeout=SOON)
    failure = server.api.failure(MODELS + "Predict", predicting("late"))
    assert (failure.code, failure.reason) == ("RESOURCE_EXHAUSTED", "MODEL_MEMORY_FULL")
    assert failure.retry_seconds == 1.0
    assert "busy 1000 (answering 1 calls)" in failure.message
    unloading = server.api.start(
        MODELS + "UnloadModel", model_pb2.UnloadModelRequest(alias="busy"), model_pb2.UnloadModelResponse
    )
    server.wait_until(lambda: get(server, "busy").state == model_pb2.MODEL_STATE_UNLOADING)
    backend.go_on.set()
    assert not answer.result().errors
    assert unloading.result().model.state == UNLOADED
    assert backend.closed
    assert len(predict(server, "late").predictions) == 1


def test_who_leaves_does_not_end_the_loading(gates: Callable[..., tuple[Server, gated.Gate]]) -> None:
    server, gate = gates()
    gate.go_on.clear()
    request = model_pb2.LoadModelRequest(alias="slow")
    late = server.api.failure(MODELS + "LoadModel", request, timeout=0.2)
    assert late.code == "DEADLINE_EXCEEDED"
    call = server.api.start(MODELS + "LoadModel", request, model_pb2.LoadModelResponse)
    server.wait_for_calls(1)
    call.cancel()
    server.wait_for_calls(0)
    assert get(server, "slow").state == LOADING
    unloading = server.api.failure(MODELS + "UnloadModel", model_pb2.UnloadModelRequest(alias="slow"))
    assert (unloading.code, unloading.reason) == ("FAILED_PRECONDITION", "MODEL_LOADING")
    gate.go_on.set()
    assert load(server, "slow").state == READY
    assert gate.loads == 1


def test_calls_that_wait_leave_room_for_others(gates: Callable[..., tuple[Server, gated.Gate]]) -> None:
    server, gate = gates(max_concurrent_calls=4)
    gate.go_on.clear()
    waiting = server.api.start(MODELS + "Predict", predicting("slow"), model_pb2.PredictResponse)
    server.wait_for_calls(1)
    assert gate.entered.acquire(timeout=SOON)
    refused = server.api.failure(MODELS + "Predict", predicting("slow"))
    assert (refused.code, refused.reason, refused.retry_seconds) == ("FAILED_PRECONDITION", "MODEL_LOADING", 1.0)
    gate.go_on.set()
    assert len(waiting.result().predictions) == 1


def test_a_model_that_failed_at_the_start_makes_the_server_ready_once_it_is_loaded(
    gates: Callable[..., tuple[Server, gated.Gate]], tmp_path: Path
) -> None:
    digest = tmp_path / "slow" / "digest"
    server, gate = gates(own={"load": "start"})
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    digest.unlink()
    unload(server, "slow")
    failure = server.api.failure(MODELS + "LoadModel", model_pb2.LoadModelRequest(alias="slow"))
    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_FAILED")
    assert get(server, "slow").state == FAILED
    assert server.get("/readyz") == (503, "models cannot answer: slow\n")
    assert readiness(server) == 2
    digest.write_text("second")
    assert load(server, "slow").provenance.weights_digest == "second"
    assert server.get("/readyz")[0] == 200
    assert readiness(server) == 1
    assert gate.loads == 2


def readiness(server: Server) -> int:
    from grpc_health.v1 import health_pb2

    request = health_pb2.HealthCheckRequest(service="readiness")
    return int(server.api.call(HEALTH, request, health_pb2.HealthCheckResponse).status)


def test_a_model_that_changed_on_disk_is_not_mistaken_for_the_one_before(
    gates: Callable[..., tuple[Server, gated.Gate]], tmp_path: Path
) -> None:
    server, _ = gates()
    assert predict(server, "slow").provenance.weights_digest == "first"
    unload(server, "slow")
    (tmp_path / "slow" / "digest").write_text("second")
    failure = server.api.failure(MODELS + "Predict", predicting("slow"))
    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_CHANGED")
    assert predict(server, "slow").provenance.weights_digest == "second"


@pytest.mark.parametrize("method", ["LoadModel", "UnloadModel"])
def test_bad_requests_name_the_field(gates: Callable[..., tuple[Server, gated.Gate]], method: str) -> None:
    server, _ = gates()

    def fail(request: bytes) -> Failure:
        return server.api.failure(MODELS + method, request)

    missing = fail(b"")
    assert (missing.code, missing.reason, missing.fields) == ("INVALID_ARGUMENT", "MISSING_MODEL", ("alias",))
    unknown = fail(model_pb2.LoadModelRequest(alias="slw").SerializeToString())
    assert (unknown.code, unknown.reason) == ("NOT_FOUND", "UNKNOWN_MODEL")
    assert fail(b"\xff").reason == "MALFORMED_REQUEST"
