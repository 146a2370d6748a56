"""Decides which lengths are padded to one: what padding costs against what a batch more costs. Plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a batch costs beside its tokens, as a share of the budget: calibration takes the smallest batch that is within
# 5 % of the fastest.
_OVERHEAD = 0.05
# Groups of more than so many batches only cost time to think about.
_MOST_BATCHES = 2


def lengths_beside(length: int, counts: Mapping[int, int], budget: int) -> list[int]:
    """The lengths that are padded together with `length`, itself among them, given how many sequences have each length.

    All lengths are cut into groups of neighbours so that running all of them costs least: a batch costs its padded
    tokens and what a batch costs anyhow. Within a group each sequence is padded to the longest one.
    """
    ranked = sorted(counts)
    costs = [0.0]
    starts: list[int] = []
    for end, longest in enumerate(ranked, start=1):
        best, found, rows = float("inf"), end - 1, 0
        for start in range(end - 1, -1, -1):
            rows += counts[ranked[start]]
            tokens = rows * longest
            if tokens > _MOST_BATCHES * budget and start < end - 1:
                break
            cost = costs[start] + tokens + max(_OVERHEAD * budget, _OVERHEAD * tokens)
            if cost < best:
                best, found = cost, start
        costs.append(best)
        starts.append(found)
    end = len(ranked)
    while ranked[starts[end - 1]] > length:
        end = starts[end - 1]
    return ranked[starts[end - 1] : end]
