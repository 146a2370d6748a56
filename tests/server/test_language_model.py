"""Causal language models through the server, with the example model, against plain loops over the same graph."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.server.conftest import Server

onnxruntime = pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
PREDICT = "/evald.v1.ModelService/Predict"
POSITIONS = 256
SHORT = "Return the number of items in the list."
LONG = "Return a copy of the string with all its letters in lower case. " * 9
TEXTS = [SHORT, LONG, "Über naïve façades: 日本語", "x"]


@pytest.fixture(scope="module")
def folders(root: Path) -> dict[str, Path]:
    models = root / "examples" / "models"
    return {name: models / name for name in ("tiny-lm", "support-tuned")}


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    """One batch of few tokens at a time."""
    server = start_server(models_dir=root / "examples" / "models", batch_tokens=64)
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    assert server.get("/readyz") == (200, "ready\n")
    yield server
    server.close()


class Loop:
    """A plain loop: one window at a time, everything written out."""

    def __init__(self, folder: Path) -> None:
        self.session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
        self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.prefix = self.tokenizer.token_to_id("<|endoftext|>")

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text).ids)

    def feed(self, ids: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Ids that are read without a past."""
        names = [item.name for item in self.session.get_inputs() if item.name.startswith("past")]
        past = dict.fromkeys(names, np.zeros((len(ids), 4, 0, 32), dtype=np.float32))
        return {"input_ids": ids, "attention_mask": np.ones_like(ids), **past}

    def score(self, ids: list[int], start: int) -> list[float]:
        """Log-likelihoods of ids[start:] after what comes before them, read at once."""
        read = np.array([ids[:-1]], dtype=np.int64)
        (logits,) = self.session.run(["logits"], self.feed(read))
        found = []
        for at in range(start, len(ids)):
            row = [float(logit) for logit in logits[0, at - 1]]
            top = max(row)
            found.append(row[ids[at]] - top - math.log(math.fsum(math.exp(logit - top) for logit in row)))
        return found

    def rolling(self, text: str, context: int = 1) -> list[float]:
        """Of lm-evaluation-harness: `loglikelihood_rolling`, token by token."""
        ids = self.ids(text)
        found = self.score([self.prefix, *ids[:POSITIONS]], 1)
        while len(found) < len(ids):
            end = min(len(ids), len(found) + POSITIONS - context + 1)
            window = ids[end - POSITIONS - 1 : end]
            found += self.score(window, len(window) - (end - len(found)))
        return found

    def completion(self, prompt: str, text: str) -> list[float]:
        """Of lm-evaluation-harness: `loglikelihood`."""
        before = self.ids(prompt.rstrip())
        return self.score(self.ids(prompt + text), len(before))


@pytest.fixture(scope="module")
def loop(folders: dict[str, Path]) -> Loop:
    return Loop(folders["tiny-lm"])


def evaluate(server: Server, rows: Sequence[instance_pb2.Instance], *metrics: str, **source: Any) -> pb.SystemResult:
    return server.api.call(EVALUATE, request_of(rows, *metrics, **source), pb.EvaluateResponse).systems[0]


def request_of(rows: Sequence[instance_pb2.Instance], *metrics: str, **source: Any) -> pb.EvaluateRequest:
    specs = [metric_pb2.MetricSpec(name=name.partition("(")[0], key=name) for name in metrics]
    for spec, name in zip(specs, metrics, strict=True):
        for part in filter(None, name.partition("(")[2].rstrip(")").split(",")):
            key, _, value = part.partition("=")
            spec.params[key] = value
    system = pb.System(name="lm", model=pb.ModelSource(**{"alias": "tiny-lm", **source}))
    return pb.EvaluateRequest(spec=pb.EvaluationSpec(metrics=specs, systems=[system]), instances=rows)


def values(result: pb.SystemResult) -> list[float]:
    return [metric.estimate.value for metric in result.metrics]


def test_a_language_model_is_described(server: Server) -> None:
    request = model_pb2.GetModelRequest(alias="tiny-lm")
    model = server.api.call("/evald.v1.ModelService/GetModel", request, model_pb2.GetModelResponse).model
    assert (model.task, model.max_tokens, list(model.classes)) == ("causal-lm", POSITIONS, [])
    assert model.provenance.batch_invariant


@pytest.mark.parametrize("context", [1, 100, POSITIONS])
def test_perplexity_of_texts_is_that_of_a_plain_loop(server: Server, loop: Loop, context: int) -> None:
    rows = [instance_pb2.Instance(references=[text]) for text in TEXTS]
    metrics = ("nll", "perplexity", "perplexity(unit=word)", "bits_per_byte")
    result = evaluate(server, rows, *metrics, context_tokens=context)
    logprobs = [loop.rolling(text, context) for text in TEXTS]
    nats, tokens = -math.fsum(map(math.fsum, logprobs)), sum(map(len, logprobs))
    words, size = sum(len(text.split(" ")) for text in TEXTS), sum(len(text.encode()) for text in TEXTS)
    expected = [nats / tokens, math.exp(nats / tokens), math.exp(nats / words), nats / size / math.log(2)]
    assert values(result) == pytest.approx(expected, rel=1e-6)
    assert [metric.estimate.n for metric in result.metrics] == [4] * 4


def test_a_completion_is_scored_given_its_prompt(server: Server, loop: Loop) -> None:
    pairs = [("Return the number ", "of items."), ("Raise", " ValueError"), ("a" * 200, "b" * 56)]
    rows = [instance_pb2.Instance(inputs={"prompt": prompt}, references=[text]) for prompt, text in pairs]
    result = evaluate(server, rows, "nll", input="prompt")
    logprobs = [logprob for pair in pairs for logprob in loop.completion(*pair)]
    assert values(result) == pytest.approx([-math.fsum(logprobs) / len(logprobs)], rel=1e-6)


def test_an_input_without_a_reference_is_the_text(server: Server, loop: Loop) -> None:
    result = evaluate(server, [instance_pb2.Instance(inputs={"text": SHORT})], "nll")
    assert values(result) == pytest.approx([-np.mean(loop.rolling(SHORT))], rel=1e-6)


def test_choices_are_scored_and_normalised(server: Server, loop: Loop) -> None:
    questions = [
        ("Return the ", ["number of items", "zzzz", "largest of all of the items in the list"], 0),
        ("Raise ", ["ValueError", "banana"], 1),
        ("", ["The", "qqq"], 0),
    ]
    rows = [
        instance_pb2.Instance(
            inputs={"text": prompt},
            choices=[instance_pb2.Choice(text=text, correct=at == right) for at, text in enumerate(texts)],
        )
        for prompt, texts, right in questions
    ]
    metrics = ("choice_accuracy", "choice_accuracy(normalize=characters)", "choice_accuracy(normalize=bytes)")
    hits: list[list[bool]] = [[], [], []]
    for prompt, texts, right in questions:
        sums = [math.fsum(loop.completion(prompt, text) if prompt else loop.rolling(text)) for text in texts]
        for kind, lengths in enumerate(([1] * 9, list(map(len, texts)), [len(text.encode()) for text in texts])):
            scores = [total / length for total, length in zip(sums, lengths, strict=False)]
            hits[kind].append(scores.index(max(scores)) == right)
    assert values(evaluate(server, rows, *metrics)) == pytest.approx([np.mean(kind) for kind in hits])
    request = model_pb2.PredictRequest(alias="tiny-lm", instances=rows)
    first = server.api.call(PREDICT, request, model_pb2.PredictResponse).predictions[0]
    expected = [math.fsum(loop.completion(questions[0][0], text)) for text in questions[0][1]]
    assert list(first.choice_scores) == pytest.approx(expected, abs=1e-6)
    assert not first.token_logprobs


def test_texts_and_choices_in_one_call(server: Server, loop: Loop) -> None:
    choices = [instance_pb2.Choice(text="items", correct=True), instance_pb2.Choice(text="zzz")]
    row = instance_pb2.Instance(inputs={"text": "the "}, references=["number"], choices=choices)
    result = evaluate(server, [row], "nll", "choice_accuracy")
    assert values(result) == pytest.approx([-np.mean(loop.completion("the ", "number")), 1.0], rel=1e-6)


def test_rows_that_cannot_be_scored_fail_one_by_one(server: Server) -> None:
    rows = [
        instance_pb2.Instance(id="none"),
        instance_pb2.Instance(id="empty", references=[""]),
        instance_pb2.Instance(id="long", inputs={"text": "a" * 200}, references=["b" * 58]),
        instance_pb2.Instance(id="good", references=["good"]),
    ]
    result = evaluate(server, rows, "nll")
    estimate = result.metrics[0].estimate
    assert (estimate.n, estimate.n_failed) == (1, 3)
    assert {error.id: error.reason for error in result.rows.errors} == {
        "none": "MISSING_INPUT",
        "empty": "EMPTY_INPUT",
        "long": "INPUT_TOO_LONG",
    }


@pytest.mark.parametrize(
    ("metric", "source", "reason", "field"),
    [
        ("accuracy", {}, "MODEL_TASK_MISMATCH", "spec.systems[0].model"),
        ("nll", {"alias": "support-tuned"}, "MODEL_TASK_MISMATCH", "spec.systems[0].model"),
        ("nll", {"pair_input": "other"}, "MODEL_TASK_MISMATCH", "spec.systems[0].model.pair_input"),
        ("nll", {"context_tokens": 0}, "BAD_CONTEXT", "spec.systems[0].model.context_tokens"),
        ("nll", {"context_tokens": 257}, "BAD_CONTEXT", "spec.systems[0].model.context_tokens"),
    ],
)
def test_what_a_model_cannot_do_is_refused(
    server: Server, metric: str, source: dict[str, Any], reason: str, field: str
) -> None:
    failure = server.api.failure(EVALUATE, request_of([instance_pb2.Instance(references=["a"])], metric, **source))
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, (field,))


def test_a_call_that_is_cancelled_ends_and_leaves_no_work(server: Server) -> None:
    rows = [instance_pb2.Instance(references=[LONG * 40]) for _ in range(200)]
    # Without a deadline, as the server refuses at once what cannot be done in time.
    call = server.api.start(EVALUATE, request_of(rows, "nll"), pb.EvaluateResponse, timeout=None)
    server.wait_until(lambda: server.metric("evald_queue_sequences", model="tiny-lm") > 0)
    call.cancel()
    server.wait_until(lambda: server.metric("evald_queue_sequences", model="tiny-lm") == 0)
    assert values(evaluate(server, [instance_pb2.Instance(references=["good"])], "nll"))[0] > 0


def test_a_deadline_ends_a_call(server: Server) -> None:
    rows = [instance_pb2.Instance(references=[LONG * 40]) for _ in range(200)]
    assert server.api.failure(EVALUATE, request_of(rows, "nll"), timeout=0.5).code == "DEADLINE_EXCEEDED"


def test_a_classifier_reads_pairs(server: Server, folders: dict[str, Path]) -> None:
    pairs = [("refund me", "the parcel is late"), ("late", "")]
    rows = [instance_pb2.Instance(inputs={"a": first, "b": second}) for first, second in pairs]
    rows.append(instance_pb2.Instance(inputs={"a": "alone"}))
    request = model_pb2.PredictRequest(alias="support-tuned", instances=rows, input="a", pair_input="b")
    answer = server.api.call(PREDICT, request, model_pb2.PredictResponse)
    session = onnxruntime.InferenceSession(str(folders["support-tuned"] / "onnx" / "model.onnx"))
    tokenizer = tokenizers.Tokenizer.from_file(str(folders["support-tuned"] / "tokenizer.json"))
    for pair, prediction in zip(pairs, answer.predictions, strict=False):
        ids = np.array([tokenizer.encode(*pair).ids])
        (logits,) = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        powers = np.exp(logits[0].astype(np.float64))
        assert list(prediction.class_scores) == pytest.approx((powers / powers.sum()).tolist(), abs=1e-5)
    assert [error.reason for error in answer.errors] == ["MISSING_INPUT"]


TEXT = st.text(max_size=40) | st.sampled_from([SHORT, LONG, SHORT * 3])
ROW = st.one_of(
    st.builds(lambda text: instance_pb2.Instance(references=[text]), TEXT),
    st.builds(lambda prompt, text: instance_pb2.Instance(inputs={"text": prompt}, references=[text]), TEXT, TEXT),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.lists(ROW, min_size=1, max_size=8), min_size=1, max_size=4))
def test_answers_have_the_same_bits_under_any_batching(
    server: Server, busy: Server, calls: list[list[instance_pb2.Instance]]
) -> None:
    """Row by row, alone and in small batches, against concurrent calls in large ones on several threads."""

    def ask(target: Server, rows: list[instance_pb2.Instance]) -> list[bytes]:
        request = model_pb2.PredictRequest(alias="tiny-lm", instances=rows)
        answer = target.api.call(PREDICT, request, model_pb2.PredictResponse)
        return [prediction.SerializeToString(deterministic=True) for prediction in answer.predictions]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda rows: ask(busy, rows), calls))
    alone = [[ask(server, [row])[0] for row in rows] for rows in calls]
    assert together == alone
