"""How likely given texts are, by an endpoint that repeats them with the log-likelihoods of their tokens.

The rules are those of lm-evaluation-harness 0.4.13 (`local-completions`), which has the tokenizer of the model: as many
tokens as the prompt alone has belong to it, the rest is scored. Texts in, numbers out; must not know HTTP or threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from evald.backends.contract import RowFailure
from evald.backends.remote.contract import Echo, RemoteError
from evald.backends.texts import move_spaces
from evald.endpoints import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import Answer, Text
    from evald.backends.remote.contract import Generation
    from evald.endpoints import Endpoint

Echoed: TypeAlias = "tuple[str, Sequence[float | None]]"


@dataclass(frozen=True)
class _Parts:
    """What comes before a scored text, and the text."""

    before: str
    text: str


class Echoes:
    """The texts that an endpoint has to repeat to score others, each once, and what they say together.

    A text is scored behind its prompt, if it is a pair, else behind `echo_prefix` of the settings. None is no text.
    """

    def __init__(self, endpoint: Endpoint, texts: Sequence[Text | None]) -> None:
        self._parts = [None if text is None else _parts_of(endpoint, text) for text in texts]
        wanted = [text for parts in self._parts if parts is not None for text in _echoes_of(parts)]
        self._places = {text: at for at, text in enumerate(dict.fromkeys(wanted))}
        self.asked = [Echo(text) for text in self._places]

    def scores(self, found: Generation, first: int) -> tuple[list[list[float]], list[RowFailure]]:
        """The log-likelihoods of the tokens of every text, and of which texts there are none.

        The answers to `asked` are those of `found` from `first` on.
        """
        failed = {failure.row - first: failure for failure in found.failures}
        scores: list[list[float]] = []
        failures: list[RowFailure] = []
        for number, parts in enumerate(self._parts):
            scores.append([])
            if parts is None:
                failures.append(RowFailure(number, "MISSING_INPUT", "the row has no text for the endpoint"))
                continue
            wanted = [self._places[text] for text in _echoes_of(parts)]
            if lost := [failed[at] for at in wanted if at in failed]:
                failures.append(replace(lost[0], row=number))
                continue
            try:
                scores[-1] = _behind([_tokens(found.answers[first + at]) for at in wanted], parts.text)
            except RemoteError as error:
                failures.append(RowFailure(number, error.reason, error.message))
        return scores, failures


def _parts_of(endpoint: Endpoint, text: Text) -> _Parts:
    if isinstance(text, str):
        return _Parts(endpoint.echo_prefix, text)
    prompt, completion = move_spaces(endpoint.prompt.replace(PLACEHOLDER, text[0]), text[1])
    return _Parts(prompt or endpoint.echo_prefix, completion)


def _echoes_of(parts: _Parts) -> list[str]:
    """The whole, and what is before the text. An empty text has no tokens to ask for."""
    if not parts.text:
        return []
    return [parts.before + parts.text, *([parts.before] if parts.before else [])]


def _tokens(answer: Answer | None) -> Echoed:
    if answer is None or answer.echoed is None:
        raise AssertionError("what was echoed without a failure has tokens")
    return answer.echoed


def _behind(echoes: Sequence[Echoed], text: str) -> list[float]:
    """The log-likelihoods of the whole behind as many tokens as there are before the text; of a text with nothing
    before it, behind the mark of its start.
    """
    if not echoes:
        raise RemoteError("EMPTY_INPUT", "the text has no tokens")
    (first, found), *before = echoes
    skipped = len(before[0][1]) if before else 0
    if not before and found[0] is None:
        if first and text.startswith(first):
            raise RemoteError(
                "REMOTE_BAD_ANSWER",
                "the endpoint cannot say how likely the first token of a text is: give the row an input, or set the "
                "echo_prefix of the endpoint",
            )
        skipped = 1
    if len(found) <= skipped:
        raise RemoteError("EMPTY_INPUT", "the completion adds no token to its prompt")
    scored = [math.nan if one is None else float(one) for one in found[skipped:]]
    if any(math.isnan(one) for one in scored):
        raise RemoteError(
            "REMOTE_BAD_ANSWER", "the endpoint gives no log-likelihood for some of the tokens of the text"
        )
    return scored
