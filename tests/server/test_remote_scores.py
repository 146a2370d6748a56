"""How likely texts are, by an endpoint that repeats them, through a real server and a real endpoint on loopback."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.remote_stub import Asked, Reply, Stub, likelihood, repeats, says
from tests.server.conftest import EVALUATE, Server

from evald.endpoints import parse_endpoint
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2, statistics_pb2

pytest.importorskip("httpx2")

Start = Callable[..., Server]
PREDICT, GET_MODEL = "/evald.v1.ModelService/Predict", "/evald.v1.ModelService/GetModel"


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub(repeats)
    yield stub
    stub.close()


@pytest.fixture
def start(make_server: Callable[..., Server], stub: Stub) -> Start:
    def start(**values: Any) -> Server:
        settings = {"url": stub.url, "model": "m", "kind": "completions", "echo": True, "retries": 0, **values}
        server = make_server(endpoints={"lm": parse_endpoint(settings)})
        server.wait_until(lambda: server.get("/startupz")[0] == 200)
        return server

    return start


def evaluate(server: Server, rows: list[instance_pb2.Instance], *metrics: str) -> pb.SystemResult:
    spec = pb.EvaluationSpec(
        systems=[pb.System(name="lm", remote=pb.RemoteSource(alias="lm"))],
        metrics=[metric_pb2.MetricSpec(name=name) for name in metrics],
        statistics=statistics_pb2.StatisticsSpec(replicates=0),
    )
    for number, row in enumerate(rows):
        row.id = f"r{number}"
    return server.api.call(EVALUATE, pb.EvaluateRequest(spec=spec, instances=rows), pb.EvaluateResponse).systems[0]


def values(system: pb.SystemResult) -> dict[str, float]:
    return {one.metric: one.estimate.value for one in system.metrics}


def texts(stub: Stub) -> list[str]:
    """What rows were asked, in some order."""
    return sorted(asked.text for asked in stub.rows if "Say OK." not in asked.text)


def row(reference: str, **prompt: str) -> instance_pb2.Instance:
    return instance_pb2.Instance(references=[reference], inputs=prompt)


def test_texts_are_scored_behind_their_prompts(start: Start, stub: Stub) -> None:
    server = start()
    found = evaluate(server, [row("b cc", text="a a"), row("dé 🙂")], "nll", "perplexity")
    behind_prompt = [likelihood(["<s>", "a", " ab", " cc"])]
    alone = [likelihood(["<s>", "dé"]), likelihood(["<s>", "dé", " 🙂"])]
    # As many tokens as the prompt has are not scored, although the last one became another.
    assert texts(stub) == ["a a", "a ab cc", "dé 🙂"]
    total = math.fsum(behind_prompt + alone)
    assert values(found)["nll"] == pytest.approx(total / 3, rel=1e-12)
    assert values(found)["perplexity"] == pytest.approx(math.exp(total / 3), rel=1e-12)


def test_spaces_at_the_end_of_a_prompt_are_scored(start: Start, stub: Stub) -> None:
    found = evaluate(start(prompt="Q: {input} A: "), [row("b cc", text="x")], "nll")
    assert texts(stub) == ["Q: x A:", "Q: x A: b cc"]
    before = ["<s>", "Q:", " x", " A:"]
    expected = [likelihood([*before, " b"]), likelihood([*before, " b", " cc"])]
    assert values(found)["nll"] == pytest.approx(math.fsum(expected) / 2, rel=1e-12)


def test_choices_are_ranked_and_each_text_is_asked_once(start: Start, stub: Stub) -> None:
    def choices(right: int) -> instance_pb2.Instance:
        found = [instance_pb2.Choice(text=text, correct=at == right) for at, text in enumerate((" long one", " no"))]
        return instance_pb2.Instance(inputs={"text": "Is it?"}, choices=found)

    found = evaluate(start(), [choices(1), choices(0)], "choice_accuracy")
    assert values(found) == {"choice_accuracy": 0.5}
    assert texts(stub) == ["Is it?", "Is it? long one", "Is it? no"]


def test_the_first_token_needs_something_before_it(start: Start, stub: Stub) -> None:
    stub.reply = lambda asked: repeats(asked, start="")
    found = evaluate(start(), [row("b cc"), row(" b", text="a")], "nll")
    (error,) = found.rows.errors
    assert (error.id, error.reason) == ("r0", "REMOTE_BAD_ANSWER")
    assert "echo_prefix" in error.message
    assert values(found)["nll"] == pytest.approx(likelihood(["a", " b"]), rel=1e-12)
    prefixed = evaluate(start(echo_prefix="<s>"), [row(" b cc")], "nll")
    expected = [likelihood(["<s>", " b"]), likelihood(["<s>", " b", " cc"])]
    assert values(prefixed)["nll"] == pytest.approx(math.fsum(expected) / 2, rel=1e-12)


def test_rows_fail_one_by_one(start: Start, stub: Stub) -> None:
    def reply(asked: Asked) -> Reply:
        return Reply(b"{}", 400) if "bad" in asked.text else repeats(asked)

    stub.reply = reply
    rows = [row("ok"), row("bad"), row(""), row("", text="a"), row(" b", text="bad prompt"), instance_pb2.Instance()]
    found = evaluate(start(), rows, "nll")
    reasons = {error.id: error.reason for error in found.rows.errors}
    assert reasons == {
        "r1": "REMOTE_REFUSED",
        "r2": "EMPTY_INPUT",
        "r3": "EMPTY_INPUT",
        "r4": "REMOTE_REFUSED",
        "r5": "MISSING_INPUT",
    }
    assert values(found)["nll"] == pytest.approx(likelihood(["<s>", "ok"]), rel=1e-12)


def test_texts_and_scores_come_from_one_call(start: Start, stub: Stub) -> None:
    stub.reply = lambda asked: repeats(asked) if asked.body.get("echo") else says(" b", chat=False)
    found = evaluate(start(), [row(" b", text="a")], "exact_match", "nll")
    assert values(found) == {"exact_match": 100.0, "nll": pytest.approx(likelihood(["<s>", "a", " b"]), rel=1e-12)}
    assert sorted(bool(asked.body.get("echo")) for asked in stub.rows) == [False, True, True]


def test_predict_writes_texts(start: Start) -> None:
    request = model_pb2.PredictRequest(alias="lm", instances=[row("", text="a")])
    (prediction,) = start().api.call(PREDICT, request, model_pb2.PredictResponse).predictions
    assert (prediction.text, list(prediction.token_logprobs)) == ("A", [])


def test_an_endpoint_that_repeats_without_logprobs_is_not_ready(start: Start, stub: Stub) -> None:
    stub.reply = lambda asked: says("OK", chat=False)
    server = start()
    failure = server.api.failure(
        EVALUATE,
        pb.EvaluateRequest(
            spec=pb.EvaluationSpec(
                systems=[pb.System(name="lm", remote=pb.RemoteSource(alias="lm"))],
                metrics=[metric_pb2.MetricSpec(name="nll")],
            ),
            instances=[instance_pb2.Instance(id="a", references=["b"])],
        ),
    )
    assert failure.reason == "MODEL_FAILED"
    model = server.api.call(GET_MODEL, model_pb2.GetModelRequest(alias="lm"), model_pb2.GetModelResponse).model
    assert "does the endpoint know echo?" in model.state_reason
