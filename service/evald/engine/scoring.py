"""Which texts of rows a model scores, and which scores make up a row. Must not know who scores.

The rules are stated in proto/evald/v1/evaluation.proto (ModelSource).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from evald.backends.contract import RowFailure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from evald.backends.contract import Messages, ModelInfo, Prompt, Text
    from evald.engine.answers import ModelRows


class ToScore:
    """The texts of all rows whose likelihood is asked, and what becomes of their scores.

    `asked` are texts alone or behind their prompts; `chats` has the prompts of those, by their place, that are chats.
    """

    def __init__(
        self,
        info: ModelInfo,
        rows: ModelRows,
        prompts: Sequence[Prompt | None],
        refused: Iterable[RowFailure],
        needs: Collection[str] | None,
    ) -> None:
        self.asked: list[Text | None] = []
        self.chats: dict[int, Messages] = {}
        self._lacking = {failure.row: failure for failure in refused}
        self._owners: list[int] = []
        self._shapes: list[tuple[bool, int]] = []
        for row, prompt in enumerate(prompts):
            choices = rows.choices[row] if rows.choices else ()
            has_text = not choices if needs is None else "token_logprobs" in needs
            reference = rows.references[row] if rows.references else None
            texts = [*([reference] if has_text else []), *choices]
            if row not in self._lacking and (problem := _lacks(info, prompt, texts)):
                self._lacking[row] = RowFailure(row, *problem)
            if row in self._lacking:
                own: list[Text | None] = [None] * len(texts)
            elif isinstance(prompt, tuple):
                own = list(texts)
                self.chats |= dict.fromkeys(range(len(self.asked), len(self.asked) + len(own)), prompt)
            else:
                own = [_text_to_score(prompt, text) for text in texts]
            self.asked += own
            self._owners += [row] * len(own)
            self._shapes.append((has_text, len(choices)))

    def owners(self, texts: Iterable[int]) -> frozenset[int]:
        """The rows of some texts, by position in `asked`."""
        return frozenset(self._owners[text] for text in texts)

    def collected(
        self, tokens: Iterable[list[float]], failed: Iterable[RowFailure]
    ) -> tuple[tuple[RowFailure, ...], list[list[float]], list[list[float]]]:
        """Failures of rows, token_logprobs and choice_scores, given those of texts; a row that lacks one has none."""
        failures = dict(self._lacking)
        for failure in failed:
            failures.setdefault(self._owners[failure.row], failure)
        found = iter(tokens)
        token_logprobs: list[list[float]] = []
        choice_scores: list[list[float]] = []
        for row, (has_text, choices) in enumerate(self._shapes):
            of_text = next(found) if has_text else []
            scores = [math.fsum(next(found)) for _ in range(choices)]
            token_logprobs.append([] if row in failures else of_text)
            choice_scores.append([] if row in failures else scores)
        at_rows = (replace(failure, row=row) for row, failure in sorted(failures.items()))
        return tuple(at_rows), token_logprobs, choice_scores


def _lacks(info: ModelInfo, prompt: Prompt | None, texts: Sequence[str | None]) -> tuple[str, str] | None:
    """Reason and words if a row has one text where two are needed: one that is read, and one that is scored."""
    if prompt is None and info.task == "seq2seq-lm":
        return "MISSING_INPUT", "the row has no input, for which an encoder-decoder scores texts"
    if None in texts and info.task == "seq2seq-lm":
        return "MISSING_REFERENCE", "the row has no reference, which is scored for its input"
    if None in texts and isinstance(prompt, tuple):
        return (
            "MISSING_REFERENCE",
            "the row has no reference to score behind its chat; to have it answered, say generation",
        )
    return None


def _text_to_score(prompt: str | None, text: str | None) -> Text | None:
    if text is None:
        return prompt
    return text if prompt is None else (prompt, text)
