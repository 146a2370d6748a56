"""StreamPredict of a real server: order, flow control, bad input, cancelling, deadlines, idling, drain."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.server.conftest import SOON, failure_of

from evald.settings import ModelSetting
from evald.v1 import instance_pb2, model_pb2, stream_predict_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

STREAM = "/evald.v1.ModelService/StreamPredict"
PREDICT = "/evald.v1.ModelService/Predict"
HEADER = stream_predict_pb2.StreamPredictHeader(alias="support-tuned")

Request = stream_predict_pb2.StreamPredictRequest


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    pytest.importorskip("onnxruntime")
    return root / "examples" / "models" / "support-tuned"


@pytest.fixture(scope="module")
def models(start_server: Callable[..., Server], folder: Path) -> Iterator[Server]:
    server = start_server(models={"support-tuned": ModelSetting(folder)})
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    yield server
    server.close()


def rows(*texts: str) -> list[instance_pb2.Instance]:
    return [instance_pb2.Instance(inputs={"text": text}) for text in texts]


def start(server: Server, messages: Iterable[Request], timeout: float = SOON) -> Any:
    method: Any = server.api.channel.stream_stream(
        STREAM,
        request_serializer=Request.SerializeToString,
        response_deserializer=stream_predict_pb2.StreamPredictResponse.FromString,
    )
    return method(iter(messages), timeout=timeout)


def failure(answers: Any) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        list(answers)
    return failure_of(caught.value)


def held_open(first: Iterable[Request], go_on: threading.Event) -> Iterator[Request]:
    """Messages of a client that sends some and then thinks."""
    yield from first
    go_on.wait(SOON)


def test_batches_are_answered_in_order_as_predict_answers_them(models: Server) -> None:
    texts = [[f"parcel {batch} is late " * (1 + row % 5) for row in range(1 + batch % 7)] for batch in range(20)]
    messages = [Request(header=HEADER), *(Request(instances=rows(*batch)) for batch in texts)]
    answers = list(start(models, messages))
    # The first message had a header alone.
    assert [answer.message for answer in answers] == list(range(1, 21))
    for batch, answer in zip(texts, answers, strict=True):
        request = model_pb2.PredictRequest(alias="support-tuned", instances=rows(*batch))
        alone = models.api.call(PREDICT, request, model_pb2.PredictResponse)
        assert list(answer.predictions) == list(alone.predictions)
        assert (answer.classes, answer.provenance) == (alone.classes, alone.provenance)
        assert answer.cost.performance[0].texts == len(batch)
    assert models.metric("evald_calls_in_progress") == 0


def test_a_client_may_wait_for_each_answer_before_it_goes_on(models: Server) -> None:
    answered = threading.Semaphore(0)

    def messages() -> Iterator[Request]:
        yield Request(header=HEADER, instances=rows("late"))
        for _ in range(3):
            assert answered.acquire(timeout=SOON)
            yield Request(instances=[*rows("late"), instance_pb2.Instance(id="lacking")])

    found = []
    for answer in start(models, messages()):
        found.append([error.id for error in answer.errors])
        answered.release()
    assert found == [[], ["lacking"], ["lacking"], ["lacking"]]


def test_a_client_that_reads_nothing_is_held_back(models: Server) -> None:
    sent, go_on = [], threading.Event()
    # Some hundred KiB each, so that a few of them fill the windows of the transport.
    batch = Request(instances=rows(*["late " * 50] * 1500))

    def messages() -> Iterator[Request]:
        yield Request(header=HEADER)
        for number in range(200):
            if go_on.is_set():
                return
            sent.append(number)
            yield batch

    answers = start(models, messages())
    assert next(answers).message == 1
    before = -1
    while before < len(sent):
        before = len(sent)
        time.sleep(1.5)
    assert len(sent) < 100
    go_on.set()
    answers.cancel()
    models.wait_until(lambda: models.metric("evald_calls_in_progress") == 0)


def test_a_bad_message_in_the_middle_ends_the_stream_after_what_came_before(models: Server) -> None:
    bad = rows("late", "late")
    bad[1].weight = 2.0
    messages = [
        Request(header=HEADER, instances=rows("late")),
        Request(instances=rows("late")),
        Request(instances=bad),
        Request(instances=rows("late")),
    ]
    answers = start(models, messages)
    assert [next(answers).message, next(answers).message] == [0, 1]
    found = failure(answers)
    assert (found.code, found.reason) == ("INVALID_ARGUMENT", "UNSUPPORTED_FIELD")
    assert found.fields == ("messages[2].instances[1].weight",)


@pytest.mark.parametrize(
    ("messages", "reason", "field"),
    [
        ([Request(instances=rows("late"))], "BAD_STREAM", "messages[0].header"),
        ([Request(header=HEADER), Request(header=HEADER)], "BAD_STREAM", "messages[1].header"),
        ([Request(header=HEADER), Request()], "EMPTY_REQUEST", "messages[1].instances"),
        (
            [Request(header=stream_predict_pb2.StreamPredictHeader(), instances=rows("late"))],
            "MISSING_MODEL",
            "messages[0].alias",
        ),
    ],
)
def test_messages_that_make_no_stream_are_named(
    models: Server, messages: list[Request], reason: str, field: str
) -> None:
    found = failure(start(models, messages))
    assert (found.code, found.reason, found.fields) == ("INVALID_ARGUMENT", reason, (field,))


def test_bytes_that_are_no_message_are_refused(models: Server) -> None:
    method: Any = models.api.channel.stream_stream(STREAM)
    found = failure(method(iter([b"\xff\xff"]), timeout=SOON))
    assert (found.code, found.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")


def test_an_unknown_model_is_not_found(models: Server) -> None:
    header = stream_predict_pb2.StreamPredictHeader(alias="support-tune")
    found = failure(start(models, [Request(header=header, instances=rows("late"))]))
    assert (found.code, found.reason) == ("NOT_FOUND", "UNKNOWN_MODEL")


def test_a_stream_without_rows_ends_well(models: Server) -> None:
    assert list(start(models, [Request(header=HEADER)])) == []
    assert list(start(models, [])) == []


def test_a_cancelled_stream_leaves_nothing_behind(models: Server) -> None:
    go_on = threading.Event()
    before = threading.active_count()
    answers = start(models, held_open([Request(header=HEADER, instances=rows("late"))], go_on))
    assert next(answers).message == 0
    answers.cancel()
    go_on.set()
    models.wait_until(lambda: models.metric("evald_calls_in_progress") == 0)
    models.wait_until(lambda: not [one for one in threading.enumerate() if one.name.startswith("evald-stream")])
    assert threading.active_count() <= before + 5


def test_a_deadline_ends_a_stream(models: Server) -> None:
    go_on = threading.Event()
    answers = start(models, held_open([Request(header=HEADER, instances=rows("late"))], go_on), timeout=2)
    assert next(answers).message == 0
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    go_on.set()
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    models.wait_until(lambda: not [one for one in threading.enumerate() if one.name.startswith("evald-stream")])


def test_an_idle_stream_is_ended(make_server: Callable[..., Server], folder: Path) -> None:
    server = make_server(models={"support-tuned": ModelSetting(folder)}, stream_idle_seconds=0.3)
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    go_on = threading.Event()
    found = failure(start(server, held_open([Request(header=HEADER)], go_on)))
    go_on.set()
    assert (found.code, found.reason) == ("DEADLINE_EXCEEDED", "STREAM_IDLE")
    assert found.metadata["limit"] == "stream_idle_seconds"


def test_a_stream_waits_where_a_call_is_refused(make_server: Callable[..., Server], folder: Path) -> None:
    """A queue for one text: batches of several streams at once are more than it takes."""
    server = make_server(models={"support-tuned": ModelSetting(folder)}, queue_tokens=1, max_concurrent_calls=1)
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    messages = [Request(header=HEADER, instances=rows("late " * 20))] + [Request(instances=rows("late " * 20))] * 9
    streams = [start(server, messages) for _ in range(3)]
    assert [len(list(answers)) for answers in streams] == [10, 10, 10]


def test_a_draining_server_ends_idle_streams(make_server: Callable[..., Server], folder: Path) -> None:
    server = make_server(models={"support-tuned": ModelSetting(folder)}, pre_stop_seconds=0.0, grace_seconds=20.0)
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    go_on = threading.Event()
    answers = start(server, held_open([Request(header=HEADER, instances=rows("late"))], go_on))
    assert next(answers).message == 0
    drained = threading.Thread(target=server.app.drain)
    drained.start()
    found = failure(answers)
    go_on.set()
    drained.join(15)
    assert not drained.is_alive()
    assert (found.code, found.reason) == ("UNAVAILABLE", "SHUTTING_DOWN")
