"""Decides which lengths are padded to one: what padding costs against what a batch more costs. Plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a batch costs beside its tokens, as a share of the budget: calibration takes the smallest batch that is within
# 5 % of the fastest.
_OVERHEAD = 0.05
# Groups of more than so many batches only cost time to think about.
_MOST_BATCHES = 2
# Attention over so many times the width of the hidden states costs a token as much as all other layers. Counted in
# multiplications it would be 6 times; measured on processors it is this, as it moves more memory for them.
_WIDTHS = 1.5


@dataclass(frozen=True)
class TokenCost:
    """What running sequences in one batch costs, in tokens of sequences that need no padding.

    `packed_width` is that of the model: see `ModelInfo`.
    """

    packed_width: int = 0

    def of_padding(self, longest: int) -> float:
        """Of one token of padding in a batch whose longest sequence has so many."""
        return min(1.0, longest / (_WIDTHS * self.packed_width)) if self.packed_width else 1.0

    def of_sequence(self, tokens: int, longest: int) -> float:
        """Of a sequence of so many tokens in a batch whose longest one has so many."""
        return tokens + self.of_padding(longest) * (longest - tokens)


def lengths_beside(length: int, counts: Mapping[int, int], budget: int, cost: TokenCost) -> list[int]:
    """The lengths that are padded together with `length`, itself among them, given how many sequences have each length.

    All lengths are cut into groups of neighbours so that running all of them costs least: a batch costs its tokens,
    padding, and what a batch costs anyhow. Within a group each sequence is padded to the longest one.
    """
    ranked = sorted(counts)
    costs = [0.0]
    starts: list[int] = []
    for end, longest in enumerate(ranked, start=1):
        best, found, rows, own = float("inf"), end - 1, 0, 0
        of_padding = cost.of_padding(longest)
        for start in range(end - 1, -1, -1):
            rows += counts[ranked[start]]
            own += counts[ranked[start]] * ranked[start]
            tokens = own + of_padding * (rows * longest - own)
            if tokens > _MOST_BATCHES * budget and start < end - 1:
                break
            total = costs[start] + tokens + max(_OVERHEAD * budget, _OVERHEAD * tokens)
            if total < best:
                best, found = total, start
        costs.append(best)
        starts.append(found)
    end = len(ranked)
    while ranked[starts[end - 1]] > length:
        end = starts[end - 1]
    return ranked[starts[end - 1] : end]
