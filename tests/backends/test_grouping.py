"""Which lengths share a batch: never worse than any other way to cut them, on lengths that can all be tried."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.backends.grouping import TokenCost, lengths_beside

COUNTS = st.dictionaries(st.integers(1, 60), st.integers(1, 9), min_size=1, max_size=7)


@given(COUNTS, st.integers(64, 600), st.sampled_from([0, 16, 384]))
def test_no_other_cut_costs_less(counts: dict[int, int], budget: int, width: int) -> None:
    ranked = sorted(counts)
    token_cost = TokenCost(width)

    def cost(group: list[int]) -> float:
        """A batch costs its tokens, padding and 5 % of the budget; more than two batches are not joined."""
        tokens = sum(counts[length] * token_cost.of_sequence(length, max(group)) for length in group)
        return float("inf") if len(group) > 1 and tokens > 2 * budget else tokens + 0.05 * max(budget, tokens)

    cuts = [
        [ranked[start:end] for start, end in itertools.pairwise((0, *borders, len(ranked)))]
        for number in range(len(ranked))
        for borders in itertools.combinations(range(1, len(ranked)), number)
    ]
    found = [lengths_beside(length, counts, budget, token_cost) for length in ranked]
    groups = list(dict.fromkeys(map(tuple, found)))
    assert list(itertools.chain.from_iterable(groups)) == ranked
    assert all(length in group for length, group in zip(ranked, found, strict=True))
    assert sum(cost(list(group)) for group in groups) == pytest.approx(min(sum(map(cost, cut)) for cut in cuts))


def test_padding_costs_what_the_model_computes_of_it() -> None:
    assert TokenCost().of_sequence(10, 100) == 100
    # Attention only: over 128 positions a little of what the layers of 384 numbers cost, over many as much as them.
    assert TokenCost(384).of_sequence(10, 100) == pytest.approx(10 + 90 * 100 / (1.5 * 384))
    assert TokenCost(384).of_sequence(10, 4000) == TokenCost().of_sequence(10, 4000)
    assert TokenCost(384).of_sequence(100, 100) == 100


def test_what_is_alone_is_padded_and_what_fills_a_batch_is_not() -> None:
    padded, packed = TokenCost(), TokenCost(384)
    assert lengths_beside(30, {30: 1, 28: 1}, 512, padded) == [28, 30]
    assert lengths_beside(30, {30: 17, 28: 18}, 512, padded) == [30]
    assert lengths_beside(30, {30: 1, 3: 1}, 512, padded) == [30]
    assert lengths_beside(30, {30: 1, 3: 1}, 512, packed) == [3, 30]
    assert lengths_beside(900, {900: 3, 899: 1}, 512, padded) == [900]
