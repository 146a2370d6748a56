"""What is sent for a text and what an answer says, by kind and dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evald.backends.remote.contract import Echo, RemoteError
from evald.backends.remote.dialect import body_of, echoed, headers_of, most_bytes, request_digest, url_of, written
from evald.endpoints import Endpoint, parse_endpoint


def endpoint(**values: Any) -> Endpoint:
    return parse_endpoint({"url": "https://api.example.com/v1/", "model": "m", **values})


def sent(text: str, **values: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(body_of(endpoint(**values), text))
    return body


def test_a_chat_has_messages_and_completions_a_prompt() -> None:
    assert sent("hé", system="Be brief.", prompt="Q: {input}\nA:") == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Q: hé\nA:"}],
        "max_tokens": 256,
        "temperature": 0.0,
    }
    assert sent("a", kind="completions") == {"model": "m", "prompt": "a", "max_tokens": 256, "temperature": 0.0}
    assert url_of(endpoint()) == "https://api.example.com/v1/chat/completions"
    assert url_of(endpoint(kind="completions")) == "https://api.example.com/v1/completions"
    # A text that looks like the placeholder is a text.
    assert sent("{input}", prompt="<{input}>")["messages"][0]["content"] == "<{input}>"


def test_the_dialect_decides_names_and_what_is_left_out() -> None:
    body = sent(
        "a", token_limit="max_completion_tokens", max_tokens=7, omit=["temperature"], top_p=0.5, seed=3, stop=["\n"]
    )
    del body["messages"]
    assert body == {"model": "m", "max_completion_tokens": 7, "top_p": 0.5, "seed": 3, "stop": ["\n"]}
    assert "max_tokens" not in sent("a", omit=["max_tokens"])
    assert headers_of(endpoint(), "k")["Authorization"] == "Bearer k"
    assert headers_of(endpoint(key_header="api-key"), "k")["api-key"] == "k"
    assert "Authorization" not in headers_of(endpoint(), "")


def test_the_digest_is_that_of_what_is_asked_and_not_of_how() -> None:
    same = request_digest(endpoint())
    assert same == request_digest(endpoint(concurrency=1, retries=0, input_price=3, row_seconds=5, cache="x"))
    changed: list[dict[str, Any]] = [
        {"model": "n"},
        {"url": "https://api.example.com/v2"},
        {"kind": "completions"},
        {"system": "s"},
        {"prompt": "{input}!"},
        {"temperature": 0.1},
        {"seed": 1},
        {"omit": ["temperature"]},
        {"token_limit": "max_completion_tokens"},
        {"reasoning": "off"},
    ]
    assert len({same, *(request_digest(endpoint(**values)) for values in changed)}) == 1 + len(changed)


def chat(message: Any, finish_reason: Any = "stop", **more: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": finish_reason}], **more}).encode()


@pytest.mark.parametrize(
    ("body", "text", "finish_reason"),
    [
        (chat({"content": "a b"}), "a b", "stop"),
        (chat({"content": ""}), "", "stop"),
        (chat({"content": None}, "length"), "", "length"),
        (chat({"content": None}, "content_filter"), "", "content_filter"),
        (chat({"content": None, "refusal": "I must not."}), "I must not.", "stop"),
        (chat({"content": "a"}, None), "a", ""),
        (chat({"content": "a", "reasoning_content": "because"}), "a", "stop"),
    ],
)
def test_an_answer_has_a_text_and_a_reason(body: bytes, text: str, finish_reason: str) -> None:
    found = written(endpoint(), body)
    assert (found.text, found.finish_reason, found.input_tokens) == (text, finish_reason, None)


@pytest.mark.parametrize(
    ("message", "setting", "reasoning", "text"),
    [
        ({"content": "yes", "reasoning_content": " hm "}, "auto", "hm", "yes"),
        ({"content": "yes", "reasoning": "hm"}, "off", "hm", "yes"),
        ({"content": "<think>hm</think> yes"}, "auto", "hm", "yes"),
        ({"content": "<think>hm</think> yes"}, "off", "", "<think>hm</think> yes"),
        ({"content": "[hm] yes", "reasoning": None}, "[...]", "hm", "yes"),
        ({"content": "yes", "reasoning_content": ["hm"]}, "auto", "", "yes"),
        ({"content": "yes"}, "auto", "", "yes"),
    ],
)
def test_reasoning_is_no_part_of_the_text(message: Any, setting: str, reasoning: str, text: str) -> None:
    found = written(endpoint(reasoning=setting), chat(message))
    assert (found.reasoning, found.text) == (reasoning, text)


def test_completions_have_reasoning_only_between_marks_that_settings_name() -> None:
    body = json.dumps({"choices": [{"text": "<think>hm</think> yes"}]}).encode()
    assert written(endpoint(kind="completions"), body).text == "<think>hm</think> yes"
    marked = written(endpoint(kind="completions", reasoning="<think>...</think>"), body)
    assert (marked.reasoning, marked.text) == ("hm", "yes")


@pytest.mark.parametrize("reasoning", ["", "yes", "...", "<think>...", 1])
def test_marks_of_reasoning_have_a_start_and_an_end(reasoning: Any) -> None:
    with pytest.raises(ValueError, match=r"^reasoning: must be"):
        endpoint(reasoning=reasoning)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [null]}',
        b'{"choices": {"a": 1}}',
        chat(None),
        chat({}),
        chat({"content": None}),
        chat({"content": None, "tool_calls": []}, "tool_calls"),
        chat({"content": ["a"]}),
        b'{"choices": [{"message": {"content": "\\udc00"}}]}',
        b'{"choices": [{"message": {"content": "a", "reasoning": "\\udc00"}}]}',
        b"[" * 100_000,
        b'{"choices": [{"message": {"content": ' + b"9" * 5000 + b"}}]}",
    ],
)
def test_what_is_no_answer_says_so(body: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        written(endpoint(), body)
    assert caught.value.reason == "REMOTE_BAD_ANSWER"
    assert not caught.value.again


@pytest.mark.parametrize("tokens", [None, -1, 1.5, "7", True, 1 << 70, [1]])
def test_a_usage_that_makes_no_sense_is_as_good_as_none(tokens: Any) -> None:
    found = written(endpoint(), chat({"content": "a"}, usage={"prompt_tokens": tokens, "completion_tokens": 3}))
    assert (found.input_tokens, found.output_tokens) == (None, 3)
    assert written(endpoint(), chat({"content": "a"}, usage="none")).output_tokens is None


def test_an_answer_may_be_as_large_as_its_tokens() -> None:
    assert most_bytes(endpoint(max_tokens=1000), "a") - most_bytes(endpoint(max_tokens=1), "a") == 999 * 64
    assert most_bytes(endpoint(), Echo("日本")) - most_bytes(endpoint(), Echo("")) == 6 * 256


def test_an_echo_is_asked_for_with_its_logprobs_and_nothing_else() -> None:
    asked = json.loads(body_of(endpoint(kind="completions", echo=True, stop=["x"], temperature=1, seed=3), Echo("a b")))
    assert asked == {"model": "m", "prompt": "a b", "max_tokens": 1, "echo": True, "logprobs": 1}


def echo(tokens: Any, logprobs: Any, **usage: Any) -> bytes:
    said = {"tokens": tokens, "token_logprobs": logprobs}
    return json.dumps({"choices": [{"text": "", "logprobs": said}], "usage": usage}).encode()


def test_what_was_written_behind_an_echo_is_no_part_of_it() -> None:
    tokens, logprobs = ["<s>", "a", " b"], [None, -1, -2.5]
    assert echoed(echo(tokens, logprobs)) == ("<s>", [None, -1], 1)
    assert echoed(echo(tokens, logprobs, completion_tokens=0)) == ("<s>", [None, -1, -2.5], 0)


@pytest.mark.parametrize(
    ("tokens", "logprobs"),
    [
        (None, None),
        (["a", "b"], [-1]),
        (["a"], [-1]),
        ([1, "b"], [None, -1]),
        (["a", "b"], [None, 0.5]),
        (["a", "b"], [None, True]),
        (["a", "b"], [None, "x"]),
        ([], []),
    ],
)
def test_an_echo_without_logprobs_says_so(tokens: Any, logprobs: Any) -> None:
    with pytest.raises(RemoteError, match="logprobs"):
        echoed(echo(tokens, logprobs))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"echo": True}, 'kind must be "completions"'),
        ({"echo": "yes", "kind": "completions"}, "echo: must be true or false"),
        ({"echo_prefix": "<s>", "kind": "completions"}, "echo_prefix: is read only with echo"),
    ],
)
def test_settings_of_an_echo_fit_together(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        endpoint(**values)
