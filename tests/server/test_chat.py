"""Rows that hold chats, through the server: for models with a template, models without one, and endpoints."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.remote_stub import Stub

import evald
from evald.endpoints import parse_endpoint
from evald.settings import ModelSetting
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2
from evald.v1.generation_pb2 import GenerationOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

onnxruntime = pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")
pytest.importorskip("jinja2")
pytest.importorskip("httpx2")

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
PREDICT = "/evald.v1.ModelService/Predict"
# Plain text, so that what the model reads can be sent to the same model without a template.
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' and loop.first %}"
    "{{ raise_exception('A user must begin') }}{% endif %}{{ m.content }}. {% endfor %}Return the numb"
)
CHAT = [("system", "Be kind"), ("user", "List"), ("assistant", "Yes"), ("user", "More")]
READ = "<|endoftext|>Be kind. List. Yes. More. Return the numb"


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chat") / "tiny-chat"
    shutil.copytree(root / "examples" / "models" / "tiny-lm", folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.close()


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], folder: Path, root: Path, stub: Stub) -> Iterator[Server]:
    models = {
        "chat": ModelSetting(folder),
        "kind": ModelSetting(folder, system="Be kind", system_as_user=True),
        "plain": ModelSetting(folder, chat_template="off"),
        "thinker": ModelSetting(folder, reasoning="e...e"),
        "classifier": ModelSetting(root / "examples" / "models" / "support-tuned"),
    }
    remote = {"url": stub.url, "model": "tiny-1", "system": "Shout."}
    endpoints = {
        "echo": parse_endpoint(remote),
        "old": parse_endpoint({"url": stub.url, "model": "tiny-1", "kind": "completions"}),
    }
    server = start_server(models=models, endpoints=endpoints)
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    assert server.get("/readyz") == (200, "ready\n")
    yield server
    server.close()


def row(messages: list[tuple[str, str]] = CHAT, **fields: Any) -> instance_pb2.Instance:
    chat = [instance_pb2.Message(role=role, content=content) for role, content in messages]
    return instance_pb2.Instance(messages=chat, **fields)


def predict(server: Server, alias: str, *rows: instance_pb2.Instance, writes: bool = True) -> model_pb2.PredictResponse:
    request = model_pb2.PredictRequest(alias=alias, instances=rows)
    if writes:
        request.generation.max_tokens = 24
    return server.api.call(PREDICT, request, model_pb2.PredictResponse)


def test_a_model_reads_what_its_template_makes_of_a_chat(server: Server) -> None:
    answer = predict(server, "chat", row(), row([("user", "List")]), instance_pb2.Instance(inputs={"text": "List"}))
    chat, alone, text = answer.predictions
    expected = predict(server, "plain", instance_pb2.Instance(inputs={"text": READ})).predictions[0]
    assert chat.text
    assert (chat.text, chat.finish_reason) == (expected.text, expected.finish_reason)
    # The token that begins texts is one token, once.
    assert chat.usage.input_tokens == len(READ) - len("<|endoftext|>") + 1
    assert alone.text == text.text
    assert alone.usage.input_tokens == 1 + len("List. Return the numb")
    assert answer.provenance.chat_template_digest == hashlib.sha256(TEMPLATE.encode()).hexdigest()


def test_settings_give_the_system_message(server: Server) -> None:
    answer = predict(server, "kind", row([("user", "List")]))
    expected = predict(
        server, "plain", instance_pb2.Instance(inputs={"text": "<|endoftext|>Be kind\n\nList. Return the numb"})
    )
    assert answer.predictions[0].text == expected.predictions[0].text
    plain = predict(server, "chat", row()).provenance
    assert answer.provenance.chat_template_digest == plain.chat_template_digest
    assert answer.provenance.request_digest != plain.request_digest
    assert not predict(server, "plain", instance_pb2.Instance(inputs={"text": "a"})).provenance.chat_template_digest


def test_reasoning_is_kept_and_not_scored(server: Server) -> None:
    whole = predict(server, "chat", row()).predictions[0].text
    (answer,) = predict(server, "thinker", row()).predictions
    before, _, after = whole.partition("e")
    assert (answer.reasoning, answer.text) == (before.strip(), after.strip())
    system = pb.System(name="lm", model=pb.ModelSource(alias="thinker", generation=GenerationOptions(max_tokens=24)))
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="exact_match")], systems=[system])
    request = pb.EvaluateRequest(spec=spec, instances=[row(references=[answer.text])])
    result = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    assert result.systems[0].metrics[0].estimate.value == 100
    assert result.provenance.models[0].chat_template_digest


def test_chats_that_cannot_be_read_fail_their_rows(server: Server) -> None:
    rows = [
        row([("bot", "hi")], id="role"),
        row([("user", "a"), ("system", "b")], id="late"),
        row([("system", "a")], id="alone"),
        row([("assistant", "secret"), ("user", "a")], id="refused"),
        row(id="good"),
        instance_pb2.Instance(id="none"),
    ]
    answer = predict(server, "chat", *rows)
    found = {error.id: (error.reason, error.message) for error in answer.errors}
    assert {name: reason for name, (reason, _) in found.items()} == {
        **dict.fromkeys(("role", "late", "alone", "refused"), "BAD_MESSAGES"),
        "none": "MISSING_INPUT",
    }
    assert found["role"][1].startswith("messages[0].role must be system, user")
    assert found["refused"][1].endswith("A user must begin")
    assert answer.predictions[4].text
    for alias, writes in (("plain", True), ("plain", False), ("classifier", False), ("old", False)):
        both = predict(
            server, alias, row(references=["Yes"]), instance_pb2.Instance(inputs={"text": "late"}), writes=writes
        )
        assert [(error.id, error.reason) for error in both.errors] == [("#0", "BAD_MESSAGES")], alias
        assert both.predictions[1].ByteSize()


def score(server: Server, alias: str, *rows: instance_pb2.Instance) -> model_pb2.PredictResponse:
    return predict(server, alias, *rows, writes=False)


def test_references_and_choices_are_scored_behind_the_rendered_chat(server: Server, folder: Path) -> None:
    """Against one pass over the tokens in plain numbers; the template ends within a word."""
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
    names = [item.name for item in session.get_inputs() if item.name.startswith("past")]
    past = dict.fromkeys(names, np.zeros((1, 4, 0, 32), dtype=np.float32))

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))

    def expected(text: str) -> list[float]:
        prompt, wanted = (tokenizer.encode(one, add_special_tokens=False).ids for one in (READ, text))
        ids = np.array([[*prompt, *wanted][:-1]])
        (logits,) = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids), **past})
        wide = logits[0, len(prompt) - 1 :].astype(np.float64)
        shifted = wide - wide.max(axis=1, keepdims=True)
        found = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return [float(found[at, token]) for at, token in enumerate(wanted)]

    choices = [instance_pb2.Choice(text=text) for text in ("er of", " x")]
    answer = score(server, "chat", row(references=["er of items"]), row(choices=choices))
    assert list(answer.predictions[0].token_logprobs) == pytest.approx(expected("er of items"), abs=1e-6)
    sums = [sum(expected(text)) for text in ("er of", " x")]
    assert list(answer.predictions[1].choice_scores) == pytest.approx(sums, abs=1e-5)
    # The same as the text that a model without a template reads, where no special tokens are added either.
    (plain,) = score(
        server, "plain", instance_pb2.Instance(inputs={"text": READ}, references=["er of items"])
    ).predictions
    assert list(plain.token_logprobs) == list(answer.predictions[0].token_logprobs)
    assert answer.provenance.chat_template_digest


def test_a_chat_and_an_input_are_scored_in_one_call(server: Server) -> None:
    rows = [row(references=["er of"]), instance_pb2.Instance(inputs={"text": "Return the"}, references=[" number"])]
    together = score(server, "chat", *rows, row(id="none"), row([("bot", "hi")], id="bad", references=["a"]))
    assert {error.id: error.reason for error in together.errors} == {"none": "MISSING_REFERENCE", "bad": "BAD_MESSAGES"}
    alone = [score(server, "chat", one).predictions[0] for one in rows]
    assert list(together.predictions[:2]) == alone
    # An input is scored as it is.
    assert alone[1] == score(server, "plain", rows[1]).predictions[0]
    system = pb.System(name="lm", model=pb.ModelSource(alias="chat"))
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="nll")], systems=[system])
    result = server.api.call(EVALUATE, pb.EvaluateRequest(spec=spec, instances=rows), pb.EvaluateResponse)
    logs = [log for one in alone for log in one.token_logprobs]
    assert result.systems[0].metrics[0].estimate.value == pytest.approx(-sum(logs) / len(logs), rel=1e-6)


def test_an_endpoint_gets_the_chat_as_it_is(server: Server, stub: Stub) -> None:
    stub.asked.clear()
    answer = predict(server, "echo", row(), row(CHAT[1:]), row([("bot", "hi")], id="bad"), writes=False)
    assert [one.text for one in answer.predictions] == ["MORE", "MORE", ""]
    assert [(error.id, error.reason) for error in answer.errors] == [("bad", "BAD_MESSAGES")]
    sent = [[(one["role"], one["content"]) for one in asked.body["messages"]] for asked in stub.rows]
    assert sorted(sent) == sorted([CHAT, [("system", "Shout."), *CHAT[1:]]])


def test_callers_give_chats_as_lists_and_files(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"127.0.0.1:{server.app.grpc_port}"
    chat = [{"role": role, "content": content} for role, content in CHAT]
    options = evald.Generation(max_tokens=24)
    with evald.Client(address) as client:
        found = client.predict("chat", [chat, "List"], generation=options)
        assert found.texts[0] == predict(server, "chat", row()).predictions[0].text
        assert found.reasonings == (None, None)
        assert found.provenance.chat_template_digest
        model = evald.Model("chat", generation=options)
        result = client.evaluate(model, [found.texts[0]], messages=[chat], metrics="exact_match")
        assert result["exact_match"].value == 100
        with pytest.raises(evald.errors.InvalidRequestError, match=r"inputs\[0\]\[0\]"):
            client.predict("chat", [[{"role": "user"}]])
    file = tmp_path / "chats.jsonl"
    file.write_text(json.dumps({"messages": chat, "reference": found.texts[0]}) + "\n", encoding="utf-8")
    from evald.__main__ import main

    flags = [str(file), "--model", "lm=chat", "--server", address, "--metrics", "exact_match", "--json"]
    assert main(["evaluate", *flags, "--generate", "max_tokens=24"]) == 0
    assert json.loads(capsys.readouterr().out)["systems"][0]["metrics"][0]["value"] == 100
