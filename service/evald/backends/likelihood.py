"""Which windows a language model reads to score a text, and what their logits say. Arrays in, arrays out.

The rules are those of lm-evaluation-harness 0.4.13 (`loglikelihood` and `loglikelihood_rolling`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evald.backends.buckets import padded_length
from evald.backends.contract import TokenSequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evald.backends.contract import Doubles, Floats, TokenIds

# Logits that are held in double precision at once: 8 MB.
_BLOCK = 1 << 20
# Tokens that a decoder reads at once.
_DECODED = 1 << 10


def rolling_windows(tokens: TokenIds, prefix: int, most: int, context: int) -> list[TokenSequence]:
    """Windows of at most `most` tokens that score every token of a text exactly once.

    The first window begins with the prefix token and scores all that fits. Each later one reads `most` tokens and
    scores those of them that are new, at most `most - context + 1`, so that at least `context` tokens come before the
    first of them. The last window reads `most` tokens, too, however few are left to score.
    """
    first = min(most, len(tokens))
    start = np.concatenate([np.array([prefix], dtype=np.int64), tokens[: first - 1]])
    windows = [TokenSequence(start, targets=tokens[:first])]
    scored = first
    while scored < len(tokens):
        end = min(len(tokens), scored + most - context + 1)
        windows.append(TokenSequence(tokens[end - most - 1 : end - 1], targets=tokens[scored:end]))
        scored = end
    return windows


def completion_window(whole: TokenIds, prompt: int) -> TokenSequence:
    """Scores the tokens behind the first `prompt` ones of prompt and completion, which were encoded as one text."""
    return TokenSequence(whole[:-1], targets=whole[prompt:])


def target_groups(targets: Sequence[TokenIds]) -> Iterator[tuple[int, list[int]]]:
    """The rows whose targets a decoder reads together, and the length to which these are padded.

    It depends on a row's own targets alone, so an answer does not depend on the rows beside it. Groups are small, as
    logits are: of every token for the whole vocabulary.
    """
    lengths = [padded_length(len(one), max(len(one), 1)) for one in targets]
    for length in sorted(set(lengths)):
        rows = [row for row, own in enumerate(lengths) if own == length]
        most = max(1, _DECODED // length)
        for start in range(0, len(rows), most):
            yield length, rows[start : start + most]


def log_likelihoods(logits: Floats, targets: TokenIds) -> Doubles:
    """Natural-log likelihood of each target under its row of logits, [targets, vocabulary].

    In double precision: a sum over a large vocabulary in single precision is off in the sixth digit. A call holds the
    logits of one sequence, so a last bit cannot depend on what else is in a batch.
    """
    found = np.empty(len(targets), dtype=np.float64)
    step = max(1, _BLOCK // logits.shape[1])
    for start in range(0, len(targets), step):
        wanted = targets[start : start + step]
        wide = logits[start : start + step].astype(np.float64)
        with np.errstate(invalid="ignore"):
            wide -= wide.max(axis=1, keepdims=True)
            found[start : start + step] = wide[np.arange(len(wanted)), wanted] - np.log(np.exp(wide).sum(axis=1))
    return found
