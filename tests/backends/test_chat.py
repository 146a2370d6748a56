"""Chats become texts by templates; with transformers at hand, the same ids as apply_chat_template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from evald.backends.chat import Chat, ChatError, problem_of
from evald.backends.contract import ChatOptions
from evald.backends.folder import LoadError, ModelFolder

if TYPE_CHECKING:
    from pathlib import Path

    from evald.backends.contract import Messages

pytest.importorskip("jinja2")

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
STRICT = """{{ bos_token }}{% for message in messages %}
    {%- if message.role == 'system' -%}
        {{ raise_exception('System role not supported') }}
    {%- endif %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Roles must alternate: ' + message.content) }}
    {%- endif %}
<turn>{{ message.role }}
{{ message.content }}</turn>
{% endfor %}
"""
CLEVER = (
    "{%- set ns = namespace(seen=0) -%}{% for message in messages %}{% if loop.index > 3 %}{% break %}{% endif %}"
    "{% set ns.seen = ns.seen + 1 %}{% generation %}{{ message | tojson }}{% endgeneration %}{{ eos_token }}"
    "{% endfor %}{{ ns.seen }}{{ strftime_now('%Y') }}{{ tools is defined and tools }}"
)
ASKED: Messages = (("system", "Be brief. "), ("user", "Größe <b>?"), ("assistant", "5"), ("user", "Sure?"))
USER: Messages = ASKED[1:]
SPECIAL = {"bos_token": "<s>", "eos_token": {"content": "</s>", "special": True}, "model_max_length": 9}


def folder_of(path: Path, template: object = None, **files: str) -> ModelFolder:
    config = dict(SPECIAL) if template is None else {**SPECIAL, "chat_template": template}
    (path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    for name, text in files.items():
        (path / f"{name}.jinja").write_text(text, encoding="utf-8")
    return ModelFolder(path)


def test_a_chat_is_rendered(tmp_path: Path) -> None:
    chat = Chat(folder_of(tmp_path, CHATML), ChatOptions())
    assert chat.renders
    rendered = "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    assert chat.render("hello ") == chat.render((("user", "hello"),)) == rendered


def test_the_system_message_of_the_settings(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}")
    own = Chat(folder, ChatOptions(system="kind"))
    assert own.render("hi") == "[system:kind][user:hi]"
    assert own.render((("system", "own"), ("user", "hi"))) == "[system:own][user:hi]"
    moved = Chat(folder, ChatOptions(system="kind", system_as_user=True))
    assert moved.render((("user", "hi"), ("assistant", "yes"), ("user", "so"))) == (
        "[user:kind\n\nhi][assistant:yes][user:so]"
    )
    assert own.digest == moved.digest
    assert own.request_digest != moved.request_digest


def test_where_a_template_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "other"
    file.write_text("file", encoding="utf-8")
    named = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "named"}]
    assert Chat(folder_of(tmp_path, named), ChatOptions()).render("x") == "named"
    assert Chat(folder_of(tmp_path, "config", chat_template="own"), ChatOptions()).render("x") == "own"
    assert Chat(folder_of(tmp_path), ChatOptions(str(file))).render("x") == "file"
    off = Chat(folder_of(tmp_path), ChatOptions("off"))
    assert (off.renders, off.render("x"), off.digest, off.request_digest) == (False, "x", "", "")
    with pytest.raises(ChatError, match="no chat template"):
        off.render(USER)


def test_what_cannot_be_a_template(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="chat template is not valid"):
        Chat(folder_of(tmp_path, "{% for %}"), ChatOptions())
    with pytest.raises(LoadError, match="chat_template cannot be read"):
        Chat(folder_of(tmp_path), ChatOptions(str(tmp_path / "missing")))


def test_a_template_that_refuses_says_why_in_its_own_words(tmp_path: Path) -> None:
    chat = Chat(folder_of(tmp_path, STRICT), ChatOptions())
    with pytest.raises(ChatError, match="refuses the messages: System role not supported"):
        chat.render(ASKED)
    with pytest.raises(ChatError) as caught:
        chat.render((("user", "a"), ("user", "secret")))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("source", ["{{ ''.__class__.__mro__ }}", "{{ messages.append(1) }}", "{{ range(10**7) }}"])
def test_a_template_is_kept_in_its_sandbox(tmp_path: Path, source: str) -> None:
    with pytest.raises(ChatError, match="refuses the messages"):
        Chat(folder_of(tmp_path, source + "{{ messages.x.y }}"), ChatOptions()).render("x")


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>\nhm\n</think>\n\nyes", "hm", "yes"),
        ("hm</think>yes", "hm", "yes"),
        (" <think>never done", "never done", ""),
        ("no <think>", "", "no <think>"),
        (" plain ", "", " plain "),
        ("<think></think>", "", ""),
        ("<think>a</think>b</think>c", "a", "b</think>c"),
    ],
)
def test_reasoning_is_split_off(tmp_path: Path, text: str, reasoning: str, answer: str) -> None:
    assert Chat(folder_of(tmp_path, CHATML), ChatOptions()).split(text) == (reasoning, answer)
    assert Chat(folder_of(tmp_path, CHATML), ChatOptions(reasoning="off")).split(text) == ("", text)
    other = text.replace("<think>", "[R]").replace("</think>", "[/R]")
    marked = Chat(folder_of(tmp_path), ChatOptions("off", reasoning="[R]...[/R]"))
    assert marked.split(other) == (reasoning, answer.replace("<think>", "[R]").replace("</think>", "[/R]"))


def test_messages_that_are_no_chat() -> None:
    assert problem_of(ASKED) == ""
    assert "messages[1].role must be" in problem_of((("user", "a"), ("bot", "b")))
    assert "only the first" in problem_of((("user", "a"), ("system", "b")))
    assert "no message of the user" in problem_of((("system", "a"),))


@pytest.mark.torch
@pytest.mark.parametrize(("template", "messages"), [(CHATML, ASKED), (STRICT, USER), (CLEVER, ASKED), (CLEVER, USER)])
def test_ids_are_those_of_apply_chat_template(root: Path, tmp_path: Path, template: str, messages: Messages) -> None:
    transformers: Any = pytest.importorskip("transformers")
    tokenizers: Any = pytest.importorskip("tokenizers")
    source = root / "examples" / "models" / "tiny-lm"
    inner = tokenizers.Tokenizer.from_file(str(source / "tokenizer.json"))
    # A tokenizer that begins every text by itself, which must not happen a second time.
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 256)]
    )
    end = "<|endoftext|>"
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token=end, eos_token=end)
    fast.chat_template = template
    fast.save_pretrained(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    given = [{"role": role, "content": content} for role, content in messages]
    expected = theirs.apply_chat_template(given, add_generation_prompt=True, tokenize=True, return_dict=False)
    text = Chat(ModelFolder(tmp_path), ChatOptions()).render(messages)
    from evald.backends.tokenizer import FileTokenizer

    (found,) = FileTokenizer(ModelFolder(tmp_path)).encode([text], special_tokens=False)
    assert found.ids.tolist() == expected
