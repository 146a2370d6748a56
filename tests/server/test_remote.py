"""Systems that a remote endpoint answers for, through a real server and a real endpoint on loopback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.remote_stub import Asked, Reply, Stub, echo, refuses, says
from tests.server.conftest import EVALUATE, Server

import evald
from evald.endpoints import parse_endpoint
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2, statistics_pb2

pytest.importorskip("httpx2")

MODELS = "/evald.v1.ModelService/"
COMPARE = "/evald.v1.EvaluationService/Compare"
KEY = "sk-Zanzibar-0815"


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.close()


Start = Callable[..., Server]


@pytest.fixture
def start(make_server: Callable[..., Server], stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts a server with the endpoint "echo" and waits until it was asked once."""

    def start(**values: Any) -> Server:
        monkeypatch.setenv("TEST_KEY", KEY)
        endpoint = parse_endpoint({"url": stub.url, "model": "tiny-1", "key_env": "TEST_KEY", **values})
        server = make_server(endpoints={"echo": endpoint})
        server.wait_until(lambda: server.get("/startupz")[0] == 200)
        return server

    return start


def rows(texts: list[str], references: list[str] | None = None) -> list[instance_pb2.Instance]:
    references = references or [text.upper() for text in texts]
    return [
        instance_pb2.Instance(id=f"r{index}", inputs={"text": text}, references=[reference])
        for index, (text, reference) in enumerate(zip(texts, references, strict=True))
    ]


def evaluate_request(texts: list[str], *metrics: str, references: list[str] | None = None) -> pb.EvaluateRequest:
    spec = pb.EvaluationSpec(
        systems=[pb.System(name="remote", remote=pb.RemoteSource(alias="echo"))],
        metrics=[metric_pb2.MetricSpec(name=name) for name in metrics or ("exact_match",)],
        statistics=statistics_pb2.StatisticsSpec(replicates=0),
    )
    return pb.EvaluateRequest(spec=spec, instances=rows(texts, references))


def evaluate(
    server: Server, texts: list[str], *metrics: str, references: list[str] | None = None
) -> pb.EvaluateResponse:
    return server.api.call(EVALUATE, evaluate_request(texts, *metrics, references=references), pb.EvaluateResponse)


def model_of(server: Server) -> model_pb2.Model:
    request = model_pb2.GetModelRequest(alias="echo")
    return server.api.call(MODELS + "GetModel", request, model_pb2.GetModelResponse).model


def errors_of(answer: pb.EvaluateResponse) -> list[tuple[str, str]]:
    return [(error.id, error.reason) for error in answer.systems[0].rows.errors]


def test_one_call_asks_the_endpoint_and_scores(start: Start, stub: Stub) -> None:
    server = start(input_price=2.0, output_price=10.0, system="Shout.", prompt="Say: {input}")
    stub.reply = lambda asked: says(
        asked.text.removeprefix("Say: ").upper(), usage={"prompt_tokens": 100, "completion_tokens": 10}
    )
    texts = ["drei Äpfel", "two pears", "日本語"]
    answer = evaluate(server, texts, "exact_match", "latency", "input_tokens", "output_tokens", "cost")
    values = {metric.metric: metric.estimate.value for metric in answer.systems[0].metrics}
    assert values["exact_match"] == 100
    assert (values["input_tokens"], values["output_tokens"]) == (100, 10)
    assert values["cost"] == pytest.approx(300e-6)
    assert 0 < values["latency"] < 60
    (provenance,) = answer.provenance.models
    assert (provenance.system, provenance.alias, provenance.remote_model) == ("remote", "echo", "tiny-1")
    assert (provenance.remote_host, provenance.engine) == (stub.url.split("/")[2], "openai chat")
    assert len(provenance.request_digest) == 64
    remote = answer.cost.remote
    assert (remote.requests, remote.retries, remote.input_tokens, remote.output_tokens) == (3, 0, 300, 30)
    assert remote.price == pytest.approx(900e-6)
    assert sorted(asked.text for asked in stub.rows) == sorted(f"Say: {text}" for text in texts)
    asked = stub.rows[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.body["messages"][0] == {"role": "system", "content": "Shout."}
    assert (asked.body["model"], asked.body["temperature"], asked.body["max_tokens"]) == ("tiny-1", 0.0, 256)


def test_predict_gives_texts_usage_and_why_they_ended(start: Start, stub: Stub) -> None:
    server = start(kind="completions", max_tokens=2)
    stub.reply = lambda asked: (
        says("cut of", "length", {"completion_tokens": 2}, chat=False) if asked.text == "long" else says("", chat=False)
    )
    request = model_pb2.PredictRequest(alias="echo", instances=rows(["long", "short"]))
    request.instances.add(id="none")
    answer = server.api.call(MODELS + "Predict", request, model_pb2.PredictResponse)
    cut, empty, none = answer.predictions
    assert (cut.text, cut.finish_reason, cut.usage.output_tokens) == ("cut of", "length", 2)
    assert not cut.usage.HasField("input_tokens")
    assert (empty.HasField("text"), empty.text, empty.finish_reason) == (True, "", "stop")
    assert none == instance_pb2.Prediction()
    assert [(error.id, error.reason) for error in answer.errors] == [("none", "MISSING_INPUT")]
    assert (answer.cost.remote.requests, answer.provenance.remote_model) == (2, "tiny-1")
    assert {asked.path for asked in stub.rows} == {"/v1/completions"}


def test_reasoning_is_kept_and_not_scored(start: Start, stub: Stub) -> None:
    server = start()
    stub.reply = lambda asked: says(f"<think>louder</think>{asked.text.upper()}")
    assert evaluate(server, ["a", "b"]).systems[0].metrics[0].estimate.value == 100
    request = model_pb2.PredictRequest(alias="echo", instances=rows(["a"]))
    (prediction,) = server.api.call(MODELS + "Predict", request, model_pb2.PredictResponse).predictions
    assert (prediction.reasoning, prediction.text) == ("louder", "A")


def test_truncated_answers_are_noted(start: Start, stub: Stub) -> None:
    server = start()
    stub.reply = lambda asked: says(asked.text.upper(), "length" if asked.text == "b" else "stop")
    (metric,) = evaluate(server, ["a", "b"]).systems[0].metrics
    (note,) = [note for note in metric.notes if note.code == "TRUNCATED_ANSWERS"]
    assert (note.count, list(note.row_ids)) == (1, ["r1"])


def test_compare_pairs_an_endpoint_with_predictions_of_the_rows(start: Start) -> None:
    server = start()
    sent = rows(["a", "b", "c"])
    for row, text in zip(sent, ["A", "x", "y"], strict=True):
        row.predictions.add(text=text)
    systems = [pb.System(name="old"), pb.System(name="new", remote=pb.RemoteSource(alias="echo"))]
    spec = pb.EvaluationSpec(systems=systems, metrics=[metric_pb2.MetricSpec(name="exact_match")])
    answer = server.api.call(COMPARE, pb.CompareRequest(spec=spec, instances=sent), pb.CompareResponse)
    (pair,) = answer.comparisons
    assert pair.difference.value == pytest.approx(200 / 3)
    assert (pair.wins, pair.losses, pair.ties) == (2, 0, 1)
    assert [model.system for model in answer.provenance.models] == ["new"]


def test_failures_are_rows_with_reasons_and_no_text_or_key_shows(
    start: Start, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "Xylophone-4711"
    replies: dict[str, Reply | None] = {
        "refused": refuses(400, "context_length_exceeded"),
        "redirect": refuses(307, Location="http://127.0.0.1:1/stolen"),
        "nonsense": Reply(b"<html>" + secret.encode()),
        "wrong": Reply(b'{"choices": [{"message": {"content": 7}}]}'),
        "surrogate": Reply(b'{"choices": [{"message": {"content": "\\ud800"}}]}'),
        "deep": Reply(b"[" * 200_000),
        "packed": Reply(b"x", headers={"Content-Encoding": "gzip"}),
        "huge": Reply(b" " * (1 << 20)),
        "cut": None,
        "short": Reply(b'{"choices": [', missing=10),
    }
    with caplog.at_level(logging.DEBUG):
        server = start(retries=0)
        stub.reply = lambda asked: replies[asked.text.split()[0]] if asked.text.split()[0] in replies else echo(asked)
        texts = [f"{name} {secret}" for name in replies]
        answer = evaluate(server, [*texts, "fine"])
    reasons = dict(errors_of(answer))
    assert reasons == {
        "r0": "REMOTE_REFUSED",
        "r1": "REMOTE_REFUSED",
        "r2": "REMOTE_BAD_ANSWER",
        "r3": "REMOTE_BAD_ANSWER",
        "r4": "REMOTE_BAD_ANSWER",
        "r5": "REMOTE_BAD_ANSWER",
        "r6": "REMOTE_BAD_ANSWER",
        "r7": "REMOTE_TOO_LARGE",
        "r8": "REMOTE_UNREACHABLE",
        "r9": "REMOTE_UNREACHABLE",
    }
    estimate = answer.systems[0].metrics[0].estimate
    assert (estimate.value, estimate.n, estimate.n_failed) == (100, 1, 10)
    messages = [error.message for error in answer.systems[0].rows.errors]
    assert "400 (context_length_exceeded)" in messages[0]
    assert "redirect" in messages[1]
    shown = f"{messages} {caplog.text} {answer} {server.get('/metrics')[1]}"
    assert secret not in shown
    assert KEY not in shown
    assert server.metric("evald_remote_requests_total", model="echo", outcome="failed") == 10


def test_what_would_be_refused_is_refused_before_anything_is_asked(start: Start, stub: Stub) -> None:
    server = start()
    twice = evaluate_request(["a", "b"])
    twice.instances[1].id = "r0"
    assert server.api.failure(EVALUATE, twice).reason == "DUPLICATE_ID"
    answered = evaluate_request(["a"])
    answered.instances[0].predictions.add(text="mine")
    failure = server.api.failure(EVALUATE, answered)
    assert (failure.reason, failure.fields) == ("UNEXPECTED_PREDICTION", ("instances[0].predictions[0]",))
    assert server.api.failure(EVALUATE, evaluate_request(["a"], "accuracy")).reason == "MODEL_TASK_MISMATCH"
    assert server.api.failure(EVALUATE, evaluate_request(["a"], "cost")).reason == "MODEL_TASK_MISMATCH"
    unknown = evaluate_request(["a"])
    unknown.spec.systems[0].remote.alias = "ecco"
    failure = server.api.failure(EVALUATE, unknown)
    assert (failure.code, failure.reason, failure.metadata and failure.metadata["nearest"]) == (
        "NOT_FOUND",
        "UNKNOWN_ENDPOINT",
        "echo",
    )
    assert failure.fields == ("spec.systems[0].remote.alias",)
    assert stub.rows == []


def test_what_is_busy_or_broken_is_asked_again(start: Start, stub: Stub) -> None:
    server = start(retries=3)
    failures = {text: iter(replies) for text, replies in BUSY.items()}

    def reply(asked: Asked) -> Reply | None:
        return next(failures[asked.text], echo(asked)) if asked.text in failures else echo(asked)

    stub.reply = reply
    answer = evaluate(server, list(BUSY))
    assert errors_of(answer) == [(f"r{list(BUSY).index('refused')}", "REMOTE_REFUSED")]
    assert answer.cost.remote.retries == 6
    assert answer.cost.remote.requests == len(BUSY) + 6
    limited = [asked.at for asked in stub.rows if asked.text == "limited"]
    assert limited[1] - limited[0] >= 0.2


BUSY: dict[str, list[Reply | None]] = {
    "limited": [refuses(429, Retry_After="0.2")],
    "down": [refuses(503), refuses(500)],
    "gateway": [refuses(502), refuses(504)],
    "cut": [None],
    "refused": [refuses(422)],
}


def test_the_python_client_asks_endpoints(start: Start, stub: Stub) -> None:
    server = start(output_price=1.0)
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        endpoint = evald.Remote("echo", input="question")
        inputs = [{"question": "a b"}, {"question": "c"}]
        result = client.evaluate(endpoint, ["A B", "x"], inputs=inputs, metrics="exact_match")
        assert result["exact_match"].value == 50.0
        (model,) = result.provenance.models
        assert (model.remote_model, model.remote_host) == ("tiny-1", stub.url.split("/")[2])
        assert result.cost is not None
        assert result.cost.remote is not None
        assert (result.cost.remote.requests, result.cost.remote.output_tokens) == (2, 3)
        assert result.cost.remote.price == pytest.approx(3e-6)
        found = client.predict("echo", ["a b"])
        assert (found.texts, found.finish_reasons) == (("A B",), ("stop",))
        (usage,) = found.usages
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (2, 2)
        assert usage.cost == pytest.approx(2e-6)
        assert client.list_models()[0].task == "text-generation"


def test_an_endpoint_is_not_asked_again_to_measure_it(start: Start, stub: Stub) -> None:
    server = start()
    request = model_pb2.PredictRequest(alias="echo", instances=[instance_pb2.Instance(inputs={"text": "a"})])
    request.steady_state.max_seconds = 1
    failure = server.api.failure("/evald.v1.ModelService/Predict", request)
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "BAD_STEADY_STATE")
    assert failure.fields == ("steady_state",)
    assert not stub.rows
