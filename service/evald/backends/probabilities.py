"""Turns the logits of a classifier into probabilities, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evald.backends.contract import Floats


def softmax(logits: Floats) -> Floats:
    """Probabilities by row. In double precision, so that the last bit of a float32 does not depend on the row's place
    in a vector register; a row that is not finite stays so.
    """
    wide = logits.astype(np.float64)
    with np.errstate(invalid="ignore"):
        powers = np.exp(wide - wide.max(axis=1, keepdims=True, initial=-np.inf))
        scores: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return scores


def sigmoid(logits: Floats) -> Floats:
    """The probability of each class on its own; in double precision, as above."""
    # No overflow: the power is of a number that is not positive.
    powers = np.exp(-np.abs(logits.astype(np.float64)))
    scores: Floats = (np.where(logits >= 0, 1.0, powers) / (1.0 + powers)).astype(np.float32)
    return scores
