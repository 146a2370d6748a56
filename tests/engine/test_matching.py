"""The arithmetic of matching, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evald.backends.contract import EmbeddingInfo
from evald.engine.matching import Weights, best, cosine, matched

INFO = EmbeddingInfo(2, (1,), "mean", False, 8, (1,), (2,), "digest")
EAST, NORTH, WEST = (2.0, 0.0), (0.0, 3.0), (-1.0, 0.0)


def states(*vectors: tuple[float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(vectors, dtype=np.float32)


def ids(*numbers: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(numbers, dtype=np.int64)


def test_special_tokens_are_matched_and_count_nothing() -> None:
    weights = Weights(INFO)
    one = weights.tokens(ids(1, 5, 2), states(EAST, NORTH, EAST))
    other = weights.tokens(ids(1, 6, 7, 2), states(NORTH, EAST, EAST, EAST))
    # The word of the prediction finds the special token of the reference; no word of the reference finds anything.
    assert matched(one, other) == (1.0, 1.0, 1.0)
    apart = weights.tokens(ids(1, 6, 2), states(EAST, EAST, EAST))
    assert matched(one, apart)[0] == 0.0


def test_f1_is_the_harmonic_mean_within_the_scale() -> None:
    weights = Weights(INFO)
    one = weights.tokens(ids(5, 6, 7), states(EAST, EAST, NORTH))
    other = weights.tokens(ids(5, 8, 8), states(EAST, WEST, WEST))
    precision, recall, f1 = matched(one, other)
    assert precision == pytest.approx(2 / 3)
    assert recall == pytest.approx(1 / 3)
    assert f1 == pytest.approx(4 / 9)
    against = weights.tokens(ids(8, 8, 8), states(WEST, WEST, WEST))
    assert matched(weights.tokens(ids(5, 5, 5), states(EAST, EAST, EAST)), against) == (-1.0, -1.0, -1.0)


def test_a_text_without_tokens_of_its_own_scores_nothing() -> None:
    weights = Weights(INFO)
    word, empty = weights.tokens(ids(1, 5, 2), states(EAST, EAST, EAST)), weights.tokens(ids(1, 2), states(EAST, EAST))
    assert matched(word, empty) == matched(empty, word) == matched(empty, empty) == (0.0, 0.0, 0.0)
    spelled_out = weights.tokens(ids(1, 2, 2), states(EAST, EAST, EAST))
    assert matched(spelled_out, word)[0] == 0.0


def test_rare_tokens_weigh_more() -> None:
    weights = Weights(INFO, [ids(1, 5, 6, 2), ids(1, 5, 5, 2), ids(1, 7, 2)])
    side = weights.tokens(ids(1, 5, 6, 9, 2), states(EAST, EAST, EAST, EAST, EAST))
    raw = [0.0, math.log(4 / 3), math.log(4 / 2), math.log(4), 0.0]
    np.testing.assert_allclose(side.weights, np.array(raw) / sum(raw), atol=1e-12)


def test_the_best_reference_counts_number_by_number() -> None:
    assert best([(0.1, 0.9, 0.18), (0.5, 0.2, 0.29)]) == (0.5, 0.9, 0.29)


def test_a_cosine_has_no_length() -> None:
    east, north = states(EAST, NORTH)
    assert cosine(east, 7 * east) == 1.0
    assert cosine(east, north) == 0.0
    assert cosine(east, 0 * east) == 0.0
