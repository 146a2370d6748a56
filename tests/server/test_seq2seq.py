"""Texts that an encoder-decoder writes, through the server: the example against a plain loop over its graphs."""

from __future__ import annotations

import json
import math
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from examples.numbers_in_words import held_out, in_words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.conftest import SOON
from tests.server.writing import in_both_ways

import evald
from evald.__main__ import main
from evald.settings import ModelSetting
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2, stream_predict_pb2
from evald.v1.generation_pb2 import GenerationOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.server.conftest import Server

    Graphs = tuple[Any, Any, Any, dict[str, Any]]

onnxruntime = pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
PREDICT = "/evald.v1.ModelService/Predict"
GET = "/evald.v1.ModelService/GetModel"
STREAM = "/evald.v1.ModelService/StreamPredict"
ALIAS, MOST_TOKENS, START, END = "tiny-seq2seq", 128, 257, 256
TEXTS = ["7", "4096", "1234", "700013", "500748", "Über 3 naïve", ""]


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    """One sequence at a time."""
    server = start_server(models={ALIAS: ModelSetting(root / "examples" / "models" / ALIAS)}, batch_tokens=1)
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    yield server
    server.close()


@pytest.fixture(scope="module")
def graphs(root: Path) -> Graphs:
    """The tokenizer, the encoder, and the decoder with what it reads in place of a cache."""
    folder = root / "examples" / "models" / ALIAS
    encoder, decoder = (
        onnxruntime.InferenceSession(str(folder / "onnx" / f"{name}.onnx"))
        for name in ("encoder_model", "decoder_model_merged")
    )
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    names = [item.name for item in decoder.get_inputs() if item.name.startswith("past")]
    fixed = dict.fromkeys(names, np.zeros((1, 4, 0, 16), dtype=np.float32)) | {"use_cache_branch": np.array([False])}
    return tokenizer, encoder, decoder, fixed


@pytest.fixture(scope="module")
def greedy(graphs: Graphs) -> Callable[[str, int], str]:
    """What the model writes for a text, without a cache: every step reads all that is there."""
    tokenizer, encoder, decoder, fixed = graphs

    def written(text: str, most: int) -> str:
        given = np.array([tokenizer.encode(text).ids])
        mask = np.ones_like(given)
        states = encoder.run(None, {"input_ids": given, "attention_mask": mask})[0]
        read = {"encoder_attention_mask": mask, "encoder_hidden_states": states, **fixed}
        ids = [START]
        while len(ids) <= most:
            (logits,) = decoder.run(["logits"], {"input_ids": np.array([ids]), **read})
            token = int(logits[0, -1].argmax())
            if token == END:
                break
            ids.append(token)
        return str(tokenizer.decode(ids[1:]))

    return written


@pytest.fixture(scope="module")
def score(graphs: Graphs) -> Callable[[str, str], list[float]]:
    """Log-likelihoods of the tokens of a text for an input, of logits that are read at once, in plain numbers."""
    tokenizer, encoder, decoder, fixed = graphs

    def scored(text: str, target: str) -> list[float]:
        given, wanted = (np.array([tokenizer.encode(one).ids]) for one in (text, target))
        mask = np.ones_like(given)
        states = encoder.run(None, {"input_ids": given, "attention_mask": mask})[0]
        read = {"input_ids": np.array([[START, *wanted[0][:-1]]]), "encoder_attention_mask": mask}
        (logits,) = decoder.run(["logits"], {**read, "encoder_hidden_states": states, **fixed})
        rows = [[float(logit) for logit in row] for row in logits[0]]
        return [
            row[token] - max(row) - math.log(math.fsum(math.exp(logit - max(row)) for logit in row))
            for row, token in zip(rows, wanted[0].tolist(), strict=True)
        ]

    return scored


def predict(
    server: Server, rows: Sequence[instance_pb2.Instance], options: GenerationOptions | None = None
) -> model_pb2.PredictResponse:
    request = model_pb2.PredictRequest(alias=ALIAS, instances=rows, generation=options)
    return server.api.call(PREDICT, request, model_pb2.PredictResponse)


def rows_of(texts: Sequence[str]) -> list[instance_pb2.Instance]:
    return [instance_pb2.Instance(inputs={"text": text}) for text in texts]


def request_of(rows: Sequence[instance_pb2.Instance], *metrics: str, **source: Any) -> pb.EvaluateRequest:
    specs = [metric_pb2.MetricSpec(name=name, key=name) for name in metrics]
    system = pb.System(name="words", model=pb.ModelSource(alias=ALIAS, **source))
    return pb.EvaluateRequest(spec=pb.EvaluationSpec(metrics=specs, systems=[system]), instances=rows)


def test_the_model_says_what_it_is(busy: Server) -> None:
    model = busy.api.call(GET, model_pb2.GetModelRequest(alias=ALIAS), model_pb2.GetModelResponse).model
    assert (model.task, model.max_tokens, list(model.classes)) == ("seq2seq-lm", MOST_TOKENS, [])
    assert model.provenance.batch_invariant


def test_greedy_texts_are_those_of_a_loop_without_a_cache(busy: Server, greedy: Callable[[str, int], str]) -> None:
    answer = predict(busy, rows_of(TEXTS))
    assert [one.text for one in answer.predictions] == [greedy(text, MOST_TOKENS) for text in TEXTS]
    assert answer.predictions[1].text == "four thousand and ninety-six"
    assert {one.finish_reason for one in answer.predictions[:5]} == {"stop"}
    # The end of a text is read and written as well.
    assert [one.usage.input_tokens for one in answer.predictions] == [len(text.encode()) + 1 for text in TEXTS]
    assert answer.predictions[0].usage.output_tokens == len("seven") + 1
    assert answer.cost.output_tokens == sum(one.usage.output_tokens for one in answer.predictions)


def test_a_limit_cuts_an_answer_and_is_counted(busy: Server, greedy: Callable[[str, int], str]) -> None:
    answer = predict(busy, rows_of(["4096", "7"]), GenerationOptions(max_tokens=12))
    assert [(one.text, one.finish_reason) for one in answer.predictions] == [
        ("four thousan", "length"),
        ("seven", "stop"),
    ]
    assert answer.cost.truncated == 1


def test_a_text_ends_before_what_it_stops_at(busy: Server) -> None:
    (answer,) = predict(busy, rows_of(["4096"]), GenerationOptions(stop=[" and", "ninety"])).predictions
    assert (answer.text, answer.finish_reason) == ("four thousand", "stop")


def test_an_answer_may_be_as_long_as_the_input_that_fills_the_model(server: Server) -> None:
    """They share nothing; what is longer fails its row."""
    rows = [*rows_of(["1" * 127, "1" * 128, "4096"]), instance_pb2.Instance()]
    answer = predict(server, rows, GenerationOptions(max_tokens=1000, temperature=10))
    assert 0 < answer.predictions[0].usage.output_tokens <= MOST_TOKENS
    assert {error.id: error.reason for error in answer.errors} == {"#1": "INPUT_TOO_LONG", "#3": "MISSING_INPUT"}
    assert "the input has 129 tokens, the model takes at most 128" in answer.errors[0].message
    assert answer.predictions[2].text


def test_a_stream_writes_what_a_call_writes(busy: Server) -> None:
    options = GenerationOptions(max_tokens=20, temperature=4, seed=7)
    header = stream_predict_pb2.StreamPredictHeader(alias=ALIAS, generation=options)
    rows = rows_of(TEXTS)
    messages = [stream_predict_pb2.StreamPredictRequest(header=header)]
    messages += [stream_predict_pb2.StreamPredictRequest(instances=rows[at : at + 2]) for at in range(0, len(rows), 2)]
    stream: Any = busy.api.channel.stream_stream(
        STREAM,
        request_serializer=stream_predict_pb2.StreamPredictRequest.SerializeToString,
        response_deserializer=stream_predict_pb2.StreamPredictResponse.FromString,
    )
    texts = [one.text for answer in stream(iter(messages), timeout=SOON) for one in answer.predictions]
    assert texts == [one.text for one in predict(busy, rows, options).predictions]
    assert texts != [one.text for one in predict(busy, rows, GenerationOptions(max_tokens=20)).predictions]


def test_metrics_of_texts_have_the_model_write(busy: Server, root: Path) -> None:
    """The count of right numbers is that of examples/README.md."""
    numbers = held_out()
    rows = rows_of([str(number) for number in numbers])
    for row, number in zip(rows, numbers, strict=True):
        row.references.append(in_words(number))
    answer = busy.api.call(EVALUATE, request_of(rows, "exact_match", "cer", "output_tokens"), pb.EvaluateResponse)
    exact, cer, tokens = (metric.estimate.value for metric in answer.systems[0].metrics)
    config = json.loads((root / "examples" / "models" / ALIAS / "config.json").read_text(encoding="utf-8"))
    assert exact == pytest.approx(100 * config["evaluation"]["right"] / len(numbers))
    assert 0 < cer < 0.1
    assert answer.cost.output_tokens == round(tokens * len(rows))


@pytest.mark.torch
def test_torch_writes_what_the_graphs_write(
    start_server: Callable[..., Server], root: Path, greedy: Callable[[str, int], str]
) -> None:
    pytest.importorskip("torch")
    folder = root / "examples" / "models" / ALIAS
    server = start_server(models={ALIAS: ModelSetting(folder)}, model_backend="torch")
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    texts = TEXTS[:-1]
    assert [one.text for one in predict(server, rows_of(texts)).predictions] == [greedy(text, 128) for text in texts]
    server.close()


def test_likelihoods_are_those_of_a_plain_loop(busy: Server, score: Callable[[str, str], list[float]]) -> None:
    """Rows of one request run together, with targets of many lengths."""
    pairs = [("4096", "four thousand and ninety-six"), ("7", "eight"), ("70", ""), ("31", "thirty-one"), ("5", "Über")]
    rows = rows_of([text for text, _ in pairs])
    for row, (_, target) in zip(rows, pairs, strict=True):
        row.references.append(target)
    together = busy.api.call(EVALUATE, request_of(rows, "nll", "perplexity"), pb.EvaluateResponse)
    nll, perplexity = (metric.estimate.value for metric in together.systems[0].metrics)
    expected = [log for text, target in pairs for log in score(text, target)]
    assert len(expected) == sum(len(target.encode()) + 1 for _, target in pairs)
    mean = -math.fsum(expected) / len(expected)
    assert [nll, perplexity] == pytest.approx([mean, math.exp(mean)], rel=1e-6)
    alone = [
        busy.api.call(EVALUATE, request_of([row], "perplexity"), pb.EvaluateResponse).systems[0].metrics[0]
        for row in rows
    ]
    for (text, target), metric in zip(pairs, alone, strict=True):
        own = score(text, target)
        assert metric.estimate.value == pytest.approx(math.exp(-math.fsum(own) / len(own)), rel=1e-6)


def test_choices_are_scored_for_their_input(busy: Server) -> None:
    rows = rows_of(["4096", "7", "70"])
    words = ["four thousand and ninety-six", "seven", "seventy"]
    for row, right in zip(rows, words, strict=True):
        row.choices.extend(instance_pb2.Choice(text=text, correct=text == right) for text in words)
    answer = busy.api.call(EVALUATE, request_of(rows, "choice_accuracy"), pb.EvaluateResponse)
    assert answer.systems[0].metrics[0].estimate.value == 1
    # Texts and scores of one call.
    for row, right in zip(rows, words, strict=True):
        row.references.append(right)
    answer = busy.api.call(EVALUATE, request_of(rows, "choice_accuracy", "exact_match", "nll"), pb.EvaluateResponse)
    assert [metric.estimate.value for metric in answer.systems[0].metrics][:2] == [1, 100]


def test_a_row_that_cannot_be_scored_fails_alone(busy: Server) -> None:
    rows = [*rows_of(["7", "8", "9", "1" * 128]), instance_pb2.Instance()]
    for row, target in ((0, "seven"), (2, "n" * 128), (3, "one"), (4, "one")):
        rows[row].references.append(target)
    answer = busy.api.call(EVALUATE, request_of(rows, "nll"), pb.EvaluateResponse)
    assert {error.id: error.reason for error in answer.systems[0].rows.errors} == {
        "#1": "MISSING_REFERENCE",
        "#2": "INPUT_TOO_LONG",
        "#3": "INPUT_TOO_LONG",
        "#4": "MISSING_INPUT",
    }
    assert answer.systems[0].metrics[0].estimate.n == 1


def test_a_tokenizer_that_treats_targets_apart_scores_with_torch_only(
    start_server: Callable[..., Server], root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(root / "examples" / "models" / ALIAS, folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    text = json.dumps({**settings, "tokenizer_class": "MarianTokenizer"})
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
    server = start_server(models={ALIAS: ModelSetting(folder)})
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    rows = rows_of(["7"])
    rows[0].references.append("seven")
    failure = server.api.failure(EVALUATE, request_of(rows, "nll"))
    assert (failure.reason, failure.fields) == ("MODEL_TASK_MISMATCH", ("spec.systems[0].model",))
    assert predict(server, rows).predictions[0].text == "seven"
    server.close()


def test_metrics_of_classes_are_refused(busy: Server) -> None:
    rows = rows_of(["4096"])
    rows[0].labels.append("a")
    failure = busy.api.failure(EVALUATE, request_of(rows, "accuracy"))
    assert (failure.reason, failure.fields) == ("MODEL_TASK_MISMATCH", ("spec.systems[0].model",))
    failure = busy.api.failure(PREDICT, model_pb2.PredictRequest(alias=ALIAS, instances=rows, pair_input="other"))
    assert (failure.reason, failure.fields) == ("MODEL_TASK_MISMATCH", ("pair_input",))


def test_a_cancelled_call_stops_writing(server: Server) -> None:
    rows = rows_of([f"{at:06}" for at in range(400)])
    request = model_pb2.PredictRequest(alias=ALIAS, instances=rows)
    call = server.api.start(PREDICT, request, model_pb2.PredictResponse, timeout=None)
    server.wait_until(lambda: server.metric("evald_queue_sequences", model=ALIAS) > 0)
    call.cancel()
    server.wait_until(lambda: server.metric("evald_queue_sequences", model=ALIAS) == 0)
    assert predict(server, rows_of(["7"])).predictions[0].text == "seven"


def test_a_folder_whose_settings_would_change_texts_fails_with_the_reason(
    start_server: Callable[..., Server], root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(root / "examples" / "models" / ALIAS, folder)
    (folder / "generation_config.json").write_text(
        '{"decoder_start_token_id": 257, "eos_token_id": 256, "repetition_penalty": 1.3}', encoding="utf-8"
    )
    server = start_server(models={ALIAS: ModelSetting(folder)})
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    model = server.api.call(GET, model_pb2.GetModelRequest(alias=ALIAS), model_pb2.GetModelResponse).model
    assert model.state == model_pb2.MODEL_STATE_FAILED
    assert model.state_reason.startswith("generation_config.json: repetition_penalty")
    server.close()


def test_the_client_and_the_command_line_have_numbers_written(
    busy: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples of docs/models.md."""
    address = f"127.0.0.1:{busy.app.grpc_port}"
    with evald.Client(address) as client:
        assert client.predict(ALIAS, ["4096"]).texts == ("four thousand and ninety-six",)
        result = client.evaluate(evald.Model(ALIAS), ["seven"], inputs=["7"], metrics="exact_match")
        assert result["exact_match"].value == 100
        likely, unlikely = (
            client.evaluate(evald.Model(ALIAS), [text], inputs=["7"], metrics="nll")["nll"].value
            for text in ("seven", "eight")
        )
        assert likely is not None
        assert unlikely is not None
        assert likely < 0.01 < unlikely
    rows = tmp_path / "numbers.jsonl"
    rows.write_text('{"inputs": {"text": "4096"}, "reference": "four thousand and ninety-six"}\n', encoding="utf-8")
    flags = [str(rows), "--model", f"words={ALIAS}", "--server", address, "--metrics", "exact_match", "--json"]
    assert main(["evaluate", *flags]) == 0
    assert json.loads(capsys.readouterr().out)["systems"][0]["metrics"][0]["value"] == 100


ROW = st.builds(
    lambda text, sample: instance_pb2.Instance(inputs={"text": text}, sample=sample),
    st.integers(0, 10**6).map(str) | st.text(max_size=20),
    st.integers(0, 3),
)
OPTIONS = st.builds(
    lambda tokens, temperature: GenerationOptions(max_tokens=tokens, temperature=temperature, stop=["and"]),
    st.integers(1, 30),
    st.sampled_from([0.0, 0.7, 4.0]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.lists(ROW, min_size=1, max_size=6), OPTIONS), min_size=1, max_size=4))
def test_texts_are_the_same_under_any_batching(
    server: Server, busy: Server, calls: list[tuple[list[instance_pb2.Instance], GenerationOptions]]
) -> None:
    """Row by row and alone, against concurrent calls in large batches on several threads."""
    together, alone = in_both_ways(predict, server, busy, calls)
    assert together == alone
