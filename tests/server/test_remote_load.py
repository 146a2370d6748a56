"""Endpoints that are slow, broken or busy: calls end when they should, and each has its own answers."""

from __future__ import annotations

import random
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.remote_stub import Asked, Reply, Stub, echo, refuses, says
from tests.server.conftest import EVALUATE, Server
from tests.server.test_remote import MODELS, errors_of, evaluate, evaluate_request, model_of, rows

from evald.endpoints import parse_endpoint
from evald.v1 import model_pb2

pytest.importorskip("httpx2")

Start = Callable[..., Server]


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.close()


@pytest.fixture
def start(make_server: Callable[..., Server], stub: Stub) -> Start:
    """Starts a server with the endpoint "echo" and waits until it was asked once."""

    def start(**values: Any) -> Server:
        server = make_server(endpoints={"echo": parse_endpoint({"url": stub.url, "model": "tiny-1", **values})})
        server.wait_until(lambda: server.get("/startupz")[0] == 200)
        return server

    return start


def predict(server: Server, texts: list[str], timeout: float = 60.0) -> list[str]:
    request = model_pb2.PredictRequest(alias="echo", instances=rows(texts))
    answer = server.api.call(MODELS + "Predict", request, model_pb2.PredictResponse, timeout)
    assert not answer.errors
    return [prediction.text for prediction in answer.predictions]


def test_fifty_calls_at_once_get_their_own_answers_in_order(start: Start, stub: Stub) -> None:
    server = start(concurrency=16)

    def reply(asked: Asked) -> Reply:
        time.sleep(random.random() * 0.01)
        return refuses(503) if random.random() < 0.05 else echo(asked)

    stub.reply = reply

    def one(number: int) -> None:
        texts = [f"call {number} row {row}" for row in range(number % 7 + 1)]
        assert predict(server, texts) == [text.upper() for text in texts]

    with ThreadPoolExecutor(50) as callers:
        list(callers.map(one, range(50)))
    assert stub.most_at_once <= 16


@pytest.mark.parametrize("how", ["cancel", "deadline", "shutdown"])
def test_a_call_that_ends_takes_its_requests_along(
    start: Start, stub: Stub, how: str, make_server: Callable[..., Server]
) -> None:
    server = start(concurrency=4)
    stub.reply = stub.hang
    began = time.monotonic()
    timeout = 1.0 if how == "deadline" else 60.0
    call = server.api.start(EVALUATE, evaluate_request(["a"] * 100), bytes_type(), timeout)
    server.wait_until(lambda: len(stub.rows) == 4)
    if how == "cancel":
        call.cancel()
    elif how == "shutdown":
        server.app._calls.end_all()  # What the end of the grace does.
        assert server.api.failure_of(call).reason == "SHUTTING_DOWN"
    else:
        assert server.api.failure_of(call).code == "DEADLINE_EXCEEDED"
    server.wait_for_calls(0)
    # Far less than the endpoint hangs for.
    assert time.monotonic() - began < 30
    stub.released.set()
    stub.reply = echo
    # Nothing of the call that ended is asked any more, and its places are free.
    assert predict(server, ["b", "c", "d", "e", "f"]) == ["B", "C", "D", "E", "F"]
    assert [asked.text for asked in stub.rows].count("a") == 4


def bytes_type() -> Any:
    from evald.v1 import evaluation_pb2

    return evaluation_pb2.EvaluateResponse


def test_a_small_call_does_not_wait_for_a_large_one(start: Start, stub: Stub) -> None:
    server = start(concurrency=2)

    def slow(asked: Asked) -> Reply:
        time.sleep(0.02)
        return echo(asked)

    stub.reply = slow
    large = server.api.start(
        MODELS + "Predict",
        model_pb2.PredictRequest(alias="echo", instances=rows([f"large {row}" for row in range(300)])),
        model_pb2.PredictResponse,
    )
    server.wait_until(lambda: len(stub.rows) >= 4)
    assert predict(server, ["small 1", "small 2"]) == ["SMALL 1", "SMALL 2"]
    texts = [asked.text for asked in stub.rows]
    before_small = texts.index("small 2")
    assert before_small < 150, "the small call waited for the large one"
    assert len(large.result().predictions) == 300


def test_a_row_has_a_time_whatever_the_endpoint_does(start: Start, stub: Stub) -> None:
    server = start(row_seconds=0.4, read_seconds=0.2, retries=100, concurrency=8)
    replies: dict[str, Reply] = {
        "silent": Reply(b"{}", after=5),
        "dripping": Reply(b" " * 1000, drip=0.05),
        "busy": refuses(503),
        "later": refuses(429, Retry_After="3600"),
    }
    stub.reply = lambda asked: replies.get(asked.text) or echo(asked)
    began = time.monotonic()
    answer = evaluate(server, ["silent", "dripping", "busy"])
    assert [reason for _, reason in errors_of(answer)] == ["REMOTE_TIMEOUT", "REMOTE_TIMEOUT", "REMOTE_ERROR"]
    # A time that the endpoint names and that is too late is not waited for.
    assert errors_of(evaluate(server, ["later"])) == [("r0", "REMOTE_RATE_LIMITED")]
    # The other rows do not ask before it, so they fail at once.
    answer = evaluate(server, ["other"] * 30)
    assert {reason for _, reason in errors_of(answer)} == {"REMOTE_RATE_LIMITED"}
    assert answer.cost.remote.requests == 0
    assert time.monotonic() - began < 30


def test_requests_and_tokens_a_minute_are_kept(start: Start, stub: Stub) -> None:
    # Ten at once, then ten a second.
    server = start(requests_per_minute=600, concurrency=64)
    began = time.monotonic()
    predict(server, [f"row {row}" for row in range(74)])
    # The probe took one of the sixty that a tenth of a minute grants.
    assert time.monotonic() - began >= 1.4


def test_an_endpoint_that_fails_every_row_is_given_up_and_comes_back(start: Start, stub: Stub) -> None:
    server = start(retries=0, concurrency=1)
    stub.reply = lambda asked: refuses(500)
    answer = evaluate(server, ["a"] * 40)
    assert len(stub.rows) == 16
    assert {reason for _, reason in errors_of(answer)} == {"REMOTE_ERROR", "REMOTE_UNREACHABLE"}
    server.wait_until(lambda: model_of(server).state == model_pb2.MODEL_STATE_FAILED)
    failure = server.api.failure(EVALUATE, evaluate_request(["a"]))
    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_FAILED")
    # Others are served meanwhile.
    assert server.get("/readyz")[0] == 200
    stub.reply = echo
    server.wait_until(lambda: model_of(server).state == model_pb2.MODEL_STATE_READY)
    assert predict(server, ["a"]) == ["A"]


def test_a_failed_probe_says_why_and_is_repeated(start: Start, stub: Stub, tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    stub.reply = lambda asked: (
        echo(asked) if asked.headers.get("api-key") == "right" else refuses(401, "invalid_api_key")
    )
    server = start(key_file=str(key_file), key_header="api-key")
    model = model_of(server)
    assert (model.state, model.state_reason) == (
        model_pb2.MODEL_STATE_FAILED,
        "the key cannot be read from the file key: FileNotFoundError",
    )
    key_file.write_text("wrong-0815\n")
    server.wait_until(lambda: "401 (invalid_api_key)" in model_of(server).state_reason)
    key_file.write_text("right\n")
    server.wait_until(lambda: model_of(server).state == model_pb2.MODEL_STATE_READY)
    assert predict(server, ["a"]) == ["A"]


def test_a_certificate_that_nobody_signed_is_refused_before_the_key_is_sent(
    make_server: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so there is no certificate")
    key, certificate = str(tmp_path / "key"), str(tmp_path / "certificate")
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *subject]
    subprocess.run(command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    monkeypatch.setenv("TEST_KEY", "sk-1")
    stub = Stub(tls=tls)
    try:
        values = {"url": stub.url, "model": "m", "key_env": "TEST_KEY"}
        server = make_server(endpoints={"echo": parse_endpoint(values)})
        server.wait_until(lambda: model_of(server).state == model_pb2.MODEL_STATE_FAILED)
        assert "REMOTE_UNREACHABLE: the certificate" in model_of(server).state_reason
        assert stub.asked == []
    finally:
        stub.close()


def test_a_cache_that_cannot_be_opened_is_said(start: Start, tmp_path: Path) -> None:
    assert model_of(start(cache=str(tmp_path / "none" / "a"))).state_reason == (
        "the file of its cache cannot be opened: FileNotFoundError"
    )
    (tmp_path / "text").write_text("no database " * 100)
    assert "DatabaseError" in model_of(start(cache=str(tmp_path / "text"))).state_reason


def test_answers_are_kept_if_asked_for(make_server: Callable[..., Server], stub: Stub, tmp_path: Path) -> None:
    values: dict[str, Any] = {"url": stub.url, "model": "tiny-1", "output_price": 1.0}
    values["cache"] = str(tmp_path / "answers.sqlite")
    counter = iter(range(1000))
    lock = threading.Lock()

    def reply(asked: Asked) -> Reply:
        with lock:
            return says(f"{asked.text} {next(counter)}", usage={"completion_tokens": 5})

    stub.reply = reply

    def ask(**changes: Any) -> tuple[list[str], Any]:
        server = make_server(endpoints={"echo": parse_endpoint({**values, **changes})})
        server.wait_until(lambda: server.get("/startupz")[0] == 200)
        request = model_pb2.PredictRequest(alias="echo", instances=rows(["a", "b", "a"]))
        answer = server.api.call(MODELS + "Predict", request, model_pb2.PredictResponse)
        cost = 5e-6 * changes.get("output_price", 1.0)
        for prediction in answer.predictions:
            assert prediction.usage.output_tokens == 5
            assert prediction.usage.cost == pytest.approx(cost)
        return [prediction.text for prediction in answer.predictions], answer.cost.remote

    first, paid = ask()
    # Two rows of one text are two samples.
    assert len(set(first)) == 3
    assert (paid.cached_rows, paid.requests, paid.output_tokens) == (0, 3, 15)
    again, free = ask()
    assert again == first
    assert (free.cached_rows, free.requests, free.output_tokens, free.price) == (3, 0, 0, 0.0)
    # Prices are no part of the question: a kept answer costs what it would cost today.
    again, free = ask(output_price=2.0)
    assert (again, free.cached_rows) == (first, 3)
    other, paid = ask(temperature=0.5)
    assert set(other).isdisjoint(first)
    assert paid.requests == 3
    # Only their owner may read them.
    assert (tmp_path / "answers.sqlite").stat().st_mode & 0o077 == 0
