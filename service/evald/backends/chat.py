"""Chats: the template that a model folder has for them.

The template is run in jinja's sandbox with the names that transformers gives it, so that its text, encoded without
special tokens, has the ids of `apply_chat_template`. It is that of the model's own folder, or one that settings name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evald.backends.folder import LoadError, ModelFolder
from evald.backends.reasoning import marks_of, split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evald.backends.contract import ChatOptions, Messages, Prompt

ROLES = ("system", "user", "assistant", "tool")
_FILE = "chat_template.jinja"
_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_MOST_BYTES = 1 << 20


class ChatError(Exception):
    """Why a chat cannot be read; the text holds no text of the row."""


class Chat:
    """What a model makes of chats and of what it writes. Raises LoadError."""

    def __init__(self, folder: ModelFolder, options: ChatOptions) -> None:
        self._options = options
        source = _source(folder, options.template)
        self._source = source
        self._template = None if source is None else _compiled(source)
        self._variables = _special_tokens(folder)
        self._marks = marks_of(options.reasoning, source is not None)
        self.digest = "" if source is None else hashlib.sha256(source.encode()).hexdigest()
        shape = json.dumps([self.digest, *astuple(options)[1:]])
        self.request_digest = "" if source is None else hashlib.sha256(shape.encode()).hexdigest()

    @property
    def renders(self) -> bool:
        """Whether prompts go through a template, which puts the special tokens into the text."""
        return self._template is not None

    def render(self, prompt: Prompt) -> str:
        """What the model reads for a chat or for the text of a user. Raises ChatError."""
        if self._template is None:
            if isinstance(prompt, str):
                return prompt
            raise ChatError("the model has no chat template: send an input, or name a template in the settings")
        messages = self._completed((("user", prompt),) if isinstance(prompt, str) else prompt)
        given = [{"role": role, "content": content} for role, content in messages]
        try:
            # Templates may ask whether names are defined, so all that transformers defines are.
            text: str = self._template.render(
                messages=given, tools=None, documents=None, add_generation_prompt=True, **self._variables
            )
        except Exception as error:  # noqa: BLE001 - a template may fail in any way
            raise ChatError(f"the chat template refuses the messages{self._reason(error)}") from None
        return text

    def split(self, text: str) -> tuple[str, str]:
        """Reasoning and answer of what a model wrote."""
        return split(text, self._marks)

    def _completed(self, messages: Messages) -> Messages:
        """The messages with the system message of the settings, where the model wants it."""
        options = self._options
        if options.system and messages[0][0] != "system":
            messages = (("system", options.system), *messages)
        if options.system_as_user and messages[0][0] == "system" and messages[1:2] and messages[1][0] == "user":
            (_, system), (_, first), *rest = messages
            messages = (("user", f"{system}\n\n{first}"), *rest)
        return messages

    def _reason(self, error: Exception) -> str:
        """What a template says by `raise_exception`, if it says it in words of its own: others may quote the row."""
        return f": {error}" if str(error) and str(error) in (self._source or "") else f" ({type(error).__name__})"


def problem_of(messages: Messages) -> str:
    """What is wrong with the messages of a row; empty if nothing is."""
    for at, (role, _) in enumerate(messages):
        if role not in ROLES:
            return f"messages[{at}].role must be {', '.join(ROLES[:-1])} or {ROLES[-1]}"
    if any(role == "system" for role, _ in messages[1:]):
        return "only the first message may be the system's"
    return "" if any(role == "user" for role, _ in messages) else "there is no message of the user"


def _source(folder: ModelFolder, template: str) -> str | None:
    """The text of the template."""
    if template == "off":
        return None
    if template != "auto":
        return _read(Path(template), "chat_template")
    if folder.existing(_FILE):
        return _read(folder.find(_FILE), _FILE)
    found = folder.tokenizer_config().get("chat_template")
    if isinstance(found, list):
        # Several by name; tools and documents have their own.
        named = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}
        found = named.get("default")
    return found if isinstance(found, str) else None


def _read(path: Path, name: str) -> str:
    try:
        if path.stat().st_size <= _MOST_BYTES:
            return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise LoadError(f"{name} cannot be read as a text") from None
    raise LoadError(f"{name} is larger than {_MOST_BYTES} bytes")


def _special_tokens(folder: ModelFolder) -> Mapping[str, str]:
    """The special tokens by name, as templates know them."""
    found = {}
    for name, token in folder.tokenizer_config().items():
        text = token.get("content") if isinstance(token, dict) else token
        if name in _TOKENS and isinstance(text, str):
            found[name] = text
    return found


def _compiled(source: str) -> Any:
    try:
        import jinja2.ext
        import jinja2.nodes
        import jinja2.sandbox
    except ImportError:
        raise LoadError("the library jinja2 is missing, which chat templates need: install evald[cpu]") from None

    class Generation(jinja2.ext.Extension):
        """The block that marks what an assistant wrote; here it is only text."""

        tags = {"generation"}  # noqa: RUF012 (as jinja has it)

        def parse(self, parser: Any) -> list[jinja2.nodes.Node]:
            next(parser.stream)
            body: list[jinja2.nodes.Node] = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return body

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)  # noqa: DTZ005 (as transformers)
    try:
        return environment.from_string(source)
    except jinja2.TemplateError as error:
        raise LoadError(f"the chat template is not valid: {error.message}") from None


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """As transformers has it: jinja's own escapes for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: str) -> None:
    raise ChatError(message)
