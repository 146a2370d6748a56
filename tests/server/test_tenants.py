"""Tenants of a real server: who sends ten calls gets no more of a model than who sends one."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.server.conftest import SOON

import evald
from evald import errors
from evald.settings import ModelSetting
from evald.v1 import instance_pb2, model_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

PREDICT = "/evald.v1.ModelService/Predict"
ROWS, CALLS = 1000, 10


@pytest.fixture(scope="module")
def models(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    pytest.importorskip("onnxruntime")
    setting = ModelSetting(root / "examples" / "models" / "support-base")
    server = start_server(models={"support-base": setting}, queue_tokens=1 << 20)
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    yield server
    server.close()


def test_one_call_is_served_as_much_as_ten_of_another_tenant(models: Server) -> None:
    """When it is done the ten have had as many tokens between them, a tenth of what they need. The first of them may be
    done, as it had the model for itself while the others were tokenised.
    """
    rows = [instance_pb2.Instance(inputs={"text": "the parcel is late " * (6 + row % 3)}) for row in range(ROWS)]
    request = model_pb2.PredictRequest(alias="support-base", instances=rows).SerializeToString()
    method: Any = models.api.channel.unary_unary(PREDICT)
    done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def begin(tenant: str) -> Any:
        call = method.future(request, timeout=SOON, metadata=(("evald-tenant", tenant),))
        call.add_done_callback(lambda _: done.put(tenant))
        return call

    many = [begin("many") for _ in range(CALLS)]
    models.wait_until(lambda: models.metric("evald_queue_sequences", model="support-base") > CALLS * ROWS / 2)
    one = begin("one")
    order = list(iter(lambda: done.get(timeout=SOON), "one"))
    assert one.code() is grpc.StatusCode.OK
    assert len(order) <= 2
    assert {call.code() for call in many} == {grpc.StatusCode.OK}


def test_a_client_names_its_tenant(models: Server) -> None:
    address = f"127.0.0.1:{models.app.grpc_port}"
    with evald.Client(address, tenant="nightly") as named, evald.Client(address) as nameless:
        assert named.predict("support-base", ["late"]).labels == nameless.predict("support-base", ["late"]).labels
        assert [len(one) for one in named.predict_stream("support-base", [["late"], ["late", "later"]])] == [1, 2]
    with pytest.raises(errors.InvalidRequestError, match="printable ASCII"):
        evald.Client(address, tenant="Team Ä")
