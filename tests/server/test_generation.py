"""Texts that language models write, through the server, with the example model against plain loops over its graph."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.conftest import SOON
from tests.server.writing import in_both_ways

import evald
from evald.__main__ import main
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2, stream_predict_pb2
from evald.v1.generation_pb2 import GenerationOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.server.conftest import Server

onnxruntime = pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
PREDICT = "/evald.v1.ModelService/Predict"
STREAM = "/evald.v1.ModelService/StreamPredict"
POSITIONS, END = 256, 256
PROMPTS = ["Return the number of ", "Raise ", "The ", "Über naïve façades: ", "x", "Return the "]


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    """One sequence at a time."""
    server = start_server(models_dir=root / "examples" / "models", batch_tokens=1)
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    assert server.get("/readyz") == (200, "ready\n")
    yield server
    server.close()


@pytest.fixture(scope="module")
def greedy(root: Path) -> Callable[[str, int], str]:
    """What the model continues a text with, without a cache: every step reads all that is there."""
    folder = root / "examples" / "models" / "tiny-lm"
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    names = [item.name for item in session.get_inputs() if item.name.startswith("past")]
    past = dict.fromkeys(names, np.zeros((1, 4, 0, 32), dtype=np.float32))

    def continued(prompt: str, most: int) -> str:
        ids = list(tokenizer.encode(prompt).ids)
        start = len(ids)
        while len(ids) < min(start + most, POSITIONS):
            read = np.array([ids])
            (logits,) = session.run(["logits"], {"input_ids": read, "attention_mask": np.ones_like(read), **past})
            token = int(logits[0, -1].argmax())
            if token == END:
                break
            ids.append(token)
        return str(tokenizer.decode(ids[start:]))

    return continued


def predict(
    server: Server, rows: Sequence[instance_pb2.Instance], options: GenerationOptions
) -> model_pb2.PredictResponse:
    request = model_pb2.PredictRequest(alias="tiny-lm", instances=rows, generation=options)
    return server.api.call(PREDICT, request, model_pb2.PredictResponse)


def rows_of(prompts: Sequence[str]) -> list[instance_pb2.Instance]:
    return [instance_pb2.Instance(inputs={"text": prompt}) for prompt in prompts]


def request_of(rows: Sequence[instance_pb2.Instance], *metrics: str, **source: Any) -> pb.EvaluateRequest:
    specs = [metric_pb2.MetricSpec(name=name, key=name) for name in metrics]
    system = pb.System(name="lm", model=pb.ModelSource(**{"alias": "tiny-lm", **source}))
    return pb.EvaluateRequest(spec=pb.EvaluationSpec(metrics=specs, systems=[system]), instances=rows)


def test_greedy_texts_are_those_of_a_loop_without_a_cache(busy: Server, greedy: Callable[[str, int], str]) -> None:
    answer = predict(busy, rows_of(PROMPTS), GenerationOptions(max_tokens=40))
    assert [one.text for one in answer.predictions] == [greedy(prompt, 40) for prompt in PROMPTS]
    assert [one.usage.input_tokens for one in answer.predictions] == [len(prompt.encode()) for prompt in PROMPTS]
    reasons = [one.finish_reason for one in answer.predictions]
    assert set(reasons) <= {"stop", "length"}
    for one, reason in zip(answer.predictions, reasons, strict=True):
        assert one.usage.output_tokens == 40 or reason == "stop"
        assert one.usage.latency_seconds > 0
    assert answer.cost.truncated == reasons.count("length")
    assert answer.cost.output_tokens == sum(one.usage.output_tokens for one in answer.predictions)


def test_a_stream_writes_what_a_call_writes(busy: Server) -> None:
    """Also drawn texts: a row's draws know nothing of its batch."""
    options = GenerationOptions(max_tokens=20, temperature=1, seed=7)
    header = stream_predict_pb2.StreamPredictHeader(alias="tiny-lm", generation=options)
    rows = rows_of(PROMPTS)
    messages = [stream_predict_pb2.StreamPredictRequest(header=header)]
    messages += [stream_predict_pb2.StreamPredictRequest(instances=rows[at : at + 2]) for at in range(0, len(rows), 2)]
    stream: Any = busy.api.channel.stream_stream(
        STREAM,
        request_serializer=stream_predict_pb2.StreamPredictRequest.SerializeToString,
        response_deserializer=stream_predict_pb2.StreamPredictResponse.FromString,
    )
    texts = [one.text for answer in stream(iter(messages), timeout=SOON) for one in answer.predictions]
    assert texts == [one.text for one in predict(busy, rows, options).predictions]


@pytest.mark.torch
def test_torch_writes_what_the_graph_writes(
    start_server: Callable[..., Server], root: Path, greedy: Callable[[str, int], str]
) -> None:
    pytest.importorskip("torch")
    server = start_server(models_dir=root / "examples" / "models", model_backend="torch")
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    answer = predict(server, rows_of(PROMPTS), GenerationOptions(max_tokens=40))
    assert [one.text for one in answer.predictions] == [greedy(prompt, 40) for prompt in PROMPTS]
    server.close()


def test_a_text_ends_before_what_it_stops_at(busy: Server, greedy: Callable[[str, int], str]) -> None:
    whole = greedy("Return the ", 40)
    stops = [whole[9:12], whole[4:6], "not there"]
    (answer,) = predict(busy, rows_of(["Return the "]), GenerationOptions(max_tokens=40, stop=stops)).predictions
    first = min(whole.find(stop) for stop in stops[:2])
    assert (answer.text, answer.finish_reason) == (whole[:first], "stop")
    assert answer.usage.output_tokens < 40


def test_an_answer_has_the_room_that_its_prompt_leaves(server: Server, greedy: Callable[[str, int], str]) -> None:
    rows = rows_of(["a" * 250, "a" * 255, "a" * 256, "", "fine"])
    rows.append(instance_pb2.Instance())
    answer = predict(server, rows, GenerationOptions(max_tokens=9))
    assert [one.usage.output_tokens for one in answer.predictions[:2]] == [6, 1]
    assert answer.predictions[0].text == greedy("a" * 250, 9)
    assert {error.id: error.reason for error in answer.errors} == {
        "#2": "INPUT_TOO_LONG",
        "#3": "EMPTY_INPUT",
        "#5": "MISSING_INPUT",
    }
    assert answer.predictions[4].text


def test_metrics_of_texts_have_the_model_write(busy: Server, greedy: Callable[[str, int], str]) -> None:
    rows = rows_of(PROMPTS)
    for row, prompt in zip(rows, PROMPTS, strict=True):
        row.references.append(greedy(prompt, 12))
    rows[0].references[0] = "something else"
    options = GenerationOptions(max_tokens=12)
    request = request_of(rows, "exact_match", "output_tokens", "nll", generation=options)
    answer = busy.api.call(EVALUATE, request, pb.EvaluateResponse)
    values = [metric.estimate.value for metric in answer.systems[0].metrics]
    assert values[0] == pytest.approx(100 * 5 / 6)
    assert 0 < values[1] <= 12
    alone = busy.api.call(EVALUATE, request_of(rows, "nll"), pb.EvaluateResponse)
    assert values[2] == alone.systems[0].metrics[0].estimate.value
    assert answer.cost.output_tokens == round(values[1] * len(rows))
    notes = [note for note in answer.systems[0].metrics[0].notes if note.code == "TRUNCATED_ANSWERS"]
    assert [note.count for note in notes] == [answer.cost.truncated] * bool(answer.cost.truncated)


def test_draws_depend_on_seed_and_row_alone(server: Server, busy: Server) -> None:
    options = GenerationOptions(max_tokens=20, temperature=1.0, top_p=0.9, seed=7)
    rows = [instance_pb2.Instance(id=f"r{at % 3}", sample=at, inputs={"text": "Return "}) for at in range(6)]
    together = [one.text for one in predict(busy, rows, options).predictions]
    backwards = [one.text for one in predict(server, rows[::-1], options).predictions][::-1]
    assert together == backwards
    assert len(set(together)) == 6
    options.seed = 8
    assert [one.text for one in predict(busy, rows, options).predictions] != together
    same = [one.text for one in predict(busy, rows_of(["Return "] * 2), options).predictions]
    assert same[0] == same[1]


def test_an_evaluation_draws_what_predict_draws(busy: Server) -> None:
    options = GenerationOptions(max_tokens=10, temperature=0.8, seed=3)
    rows = [instance_pb2.Instance(id=f"r{at}", inputs={"text": "Return "}) for at in range(3)]
    for row, one in zip(rows, predict(busy, rows, options).predictions, strict=True):
        row.references.append(one.text)
    answer = busy.api.call(EVALUATE, request_of(rows, "exact_match", generation=options), pb.EvaluateResponse)
    assert answer.systems[0].metrics[0].estimate.value == 100


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": -0.5}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.5}, "top_p"),
        ({"stop": ["a", ""]}, "stop[1]"),
        ({"stop": ["a"] * 17}, "stop"),
    ],
)
def test_options_out_of_range_are_refused(busy: Server, options: dict[str, Any], field: str) -> None:
    generation = GenerationOptions(**options)
    failure = busy.api.failure(EVALUATE, request_of(rows_of(["a"]), "exact_match", generation=generation))
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "BAD_GENERATION")
    assert failure.fields == (f"spec.systems[0].model.generation.{field}",)
    request = model_pb2.PredictRequest(alias="tiny-lm", instances=rows_of(["a"]), generation=generation)
    failure = busy.api.failure(PREDICT, request)
    assert (failure.reason, failure.fields) == ("BAD_GENERATION", (f"generation.{field}",))


def test_a_classifier_writes_nothing(busy: Server) -> None:
    request = model_pb2.PredictRequest(alias="support-tuned", instances=rows_of(["a"]), generation=GenerationOptions())
    failure = busy.api.failure(PREDICT, request)
    assert (failure.reason, failure.fields) == ("MODEL_TASK_MISMATCH", ("generation",))


def test_a_cancelled_call_stops_writing(server: Server) -> None:
    request = model_pb2.PredictRequest(
        alias="tiny-lm",
        instances=rows_of([f"{at:03}" for at in range(400)]),
        generation=GenerationOptions(max_tokens=250),
    )
    call = server.api.start(PREDICT, request, model_pb2.PredictResponse, timeout=None)
    server.wait_until(lambda: server.metric("evald_queue_sequences", model="tiny-lm") > 0)
    call.cancel()
    server.wait_until(lambda: server.metric("evald_queue_sequences", model="tiny-lm") == 0)
    assert predict(server, rows_of(["good"]), GenerationOptions(max_tokens=2)).predictions[0].text


def test_a_deadline_ends_a_call(server: Server) -> None:
    request = request_of(rows_of(PROMPTS * 200), "output_tokens", generation=GenerationOptions(max_tokens=200))
    assert server.api.failure(EVALUATE, request, timeout=0.5).code == "DEADLINE_EXCEEDED"


def test_the_client_and_the_command_line_have_texts_written(
    busy: Server, greedy: Callable[[str, int], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples of docs/models.md."""
    address = f"127.0.0.1:{busy.app.grpc_port}"
    expected = greedy("Return the ", 40).partition(" ")[0]
    with evald.Client(address) as client:
        found = client.predict("tiny-lm", ["Return the "], generation=evald.Generation(max_tokens=40, stop=[" "]))
        assert (found.texts, found.finish_reasons) == ((expected,), ("stop",))
        assert found.cost is not None
        assert (found.cost.truncated, found.cost.output_tokens) == (0, len(expected) + 1)
        model = evald.Model("tiny-lm", generation=evald.Generation(max_tokens=40, stop=[" "]))
        result = client.evaluate(model, [expected], inputs=["Return the "], metrics="exact_match")
        assert result["exact_match"].value == 100
        with pytest.raises(evald.errors.InvalidRequestError, match="stop"):
            client.predict("tiny-lm", ["a"], generation=evald.Generation(stop="ab"))
    rows = tmp_path / "prompts.jsonl"
    rows.write_text(f'{{"inputs": {{"text": "Return the "}}, "reference": "{expected}"}}\n', encoding="utf-8")
    flags = [str(rows), "--model", "lm=tiny-lm", "--server", address, "--metrics", "exact_match", "--json"]
    assert main(["evaluate", *flags, "--generate", "max_tokens=40,temperature=0", "--stop", " "]) == 0
    assert json.loads(capsys.readouterr().out)["systems"][0]["metrics"][0]["value"] == 100
    assert main(["evaluate", *flags, "--generate", "tokens=40"]) == 2
    assert "max_tokens" in capsys.readouterr().err


ROW = st.builds(
    lambda prompt, sample: instance_pb2.Instance(inputs={"text": prompt}, sample=sample),
    st.sampled_from(PROMPTS) | st.text(min_size=1, max_size=20),
    st.integers(0, 3),
)
OPTIONS = st.builds(
    lambda tokens, temperature: GenerationOptions(max_tokens=tokens, temperature=temperature, stop=["the"]),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.7, 1.5]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.lists(ROW, min_size=1, max_size=6), OPTIONS), min_size=1, max_size=4))
def test_texts_are_the_same_under_any_batching(
    server: Server, busy: Server, calls: list[tuple[list[instance_pb2.Instance], GenerationOptions]]
) -> None:
    """Row by row and alone, against concurrent calls in large batches on several threads."""
    together, alone = in_both_ways(predict, server, busy, calls)
    assert together == alone
