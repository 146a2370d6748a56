"""Which texts of rows a model scores, and which scores make up a row. Must not know who scores.

The rules are stated in proto/evald/v1/evaluation.proto (ModelSource).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from evald.backends.contract import RowFailure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from evald.backends.contract import Text
    from evald.engine.answers import ModelRows


class ToScore:
    """The texts of all rows whose likelihood is asked, `asked`, and what becomes of their scores.

    A model that `needs_both` reads one text and scores another.
    """

    def __init__(self, rows: ModelRows, needs: Collection[str] | None, needs_both: bool = False) -> None:
        self.asked: list[Text | None] = []
        self._owners: list[int] = []
        self._shapes: list[tuple[bool, int]] = []
        self._lacking: dict[int, RowFailure] = {}
        for row, prompt in enumerate(rows.inputs):
            choices = rows.choices[row] if rows.choices else ()
            has_text = not choices if needs is None else "token_logprobs" in needs
            reference = rows.references[row] if rows.references else None
            texts = [*([reference] if has_text else []), *choices]
            own = [_text_to_score(prompt, text) for text in texts]
            if needs_both and (prompt is None or None in texts):
                # Neither can stand in for both.
                what = "input" if prompt is None else "reference"
                problem = f"the row has no {what}; how likely a reference is for an input is asked"
                self._lacking[row] = RowFailure(row, f"MISSING_{what.upper()}", problem)
                own = [None] * len(texts)
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


def _text_to_score(prompt: str | None, text: str | None) -> Text | None:
    if text is None:
        return prompt
    return text if prompt is None else (prompt, text)
