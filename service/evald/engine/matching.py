"""How near texts are to each other by their embeddings. Arrays in, numbers out; no model, no rows.

Tokens are matched as bert-score 0.3.13 matches them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evald.backends.contract import Doubles, EmbeddingInfo, Floats, TokenIds


@dataclass(frozen=True, eq=False)
class Tokens:
    """One side of a match: embeddings of length 1, weights that sum to 1, and whether the text itself is empty."""

    units: Doubles
    weights: Doubles
    is_empty: bool


class Weights:
    """How much a token counts. Those that the tokenizer puts around a text are matched, but count nothing.

    With `references` a token counts by how few of them have it; the special tokens are in all, so they count nothing.
    """

    def __init__(self, info: EmbeddingInfo, references: Sequence[TokenIds] | None = None) -> None:
        self._specials = len(info.prefix) + len(info.suffix)
        # By number, so that a text that spells out such a token does not gain by it.
        self._known = dict.fromkeys((*info.prefix, *info.suffix), 0.0)
        self._unknown = 1.0
        if references is not None:
            texts = len(references)
            counts = Counter(token for ids in references for token in set(ids.tolist()))
            self._known = {token: math.log((texts + 1) / (count + 1)) for token, count in counts.items()}
            self._unknown = math.log(texts + 1)

    def tokens(self, ids: TokenIds, states: Floats) -> Tokens:
        """The tokens of a text as one side of a match."""
        wide = states.astype(np.float64)
        weights = np.array([self._known.get(token, self._unknown) for token in ids.tolist()])
        total = weights.sum()
        # Where every token counts nothing, the reference divides zero by zero.
        return Tokens(_units(wide), weights / total if total else weights, len(ids) <= self._specials)


def matched(prediction: Tokens, reference: Tokens) -> tuple[float, float, float]:
    """Precision, recall and F1: every token takes the most similar one of the other side."""
    if prediction.is_empty or reference.is_empty:
        return 0.0, 0.0, 0.0
    similar = prediction.units @ reference.units.T
    precision = _bounded(similar.max(axis=1) @ prediction.weights)
    recall = _bounded(similar.max(axis=0) @ reference.weights)
    total = precision + recall
    # Of numbers of both signs, which real models do not give, it may lie outside of the scale.
    return precision, recall, _bounded(2 * precision * recall / total) if total else 0.0


def cosine(one: Floats, other: Floats) -> float:
    """Cosine of the angle between two vectors; 0 if one has no length."""
    left, right = _units(np.stack([one, other]).astype(np.float64))
    return _bounded(left @ right)


def best(matches: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    """The best of several references, number by number."""
    return tuple(map(max, zip(*matches, strict=True)))


def _units(vectors: Doubles) -> Doubles:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _bounded(number: float) -> float:
    """Without what rounding adds to the ends of the scale."""
    return min(1.0, max(-1.0, float(number)))
