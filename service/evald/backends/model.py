"""A loaded classifier as callers see it: texts in, probabilities and failed rows out. Must not know its library."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from evald.backends.contract import Classification, RowFailure, Timings
from evald.errors import CancelledError, DeadlineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import (
        Backend,
        BatchedRun,
        Batcher,
        BatchObserver,
        CancelToken,
        Floats,
        ModelInfo,
        TokenIds,
    )

# Tokenising so many texts takes milliseconds: soon enough to look whether the call was ended.
_CHUNK = 256


class Model:
    """One loaded model with its queue; safe to use from many threads."""

    def __init__(self, backend: Backend, batcher: Batcher, observer: BatchObserver) -> None:
        self._backend = backend
        self._batcher = batcher
        self._observer = observer

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        return self._backend.info

    def classify(
        self, texts: Sequence[str | None], cancellation: CancelToken, deadline: float | None = None
    ) -> Classification:
        """Blocks until every row is done or failed; a row whose text is None fails. `deadline` is on the clock of
        `time.monotonic`.

        Raises OverloadedError, CancelledError, DeadlineError or UnavailableError.
        """
        start = time.monotonic()
        failures = {row: _missing(row) for row, text in enumerate(texts) if text is None}
        given = [(row, text) for row, text in enumerate(texts) if text is not None]
        encoded = self._encode([text for _, text in given], cancellation, deadline)
        tokenize_seconds = time.monotonic() - start
        self._observer.on_stage(self.info.alias, "tokenize", tokenize_seconds)
        rows: list[int] = []
        sequences: list[TokenIds] = []
        for (row, _), tokens in zip(given, encoded, strict=True):
            failure = self._refusal(row, tokens)
            if failure is not None:
                failures[row] = failure
            else:
                rows.append(row)
                sequences.append(tokens)
        run = self._batcher.run(sequences, cancellation, deadline)
        scores = self._scores(len(texts), rows, run, failures)
        tokens_read = sum(len(tokens) for position, tokens in enumerate(sequences) if position not in run.failed)
        timings = Timings(tokens_read, run.queue_seconds, tokenize_seconds, run.infer_seconds, run.batches)
        return Classification(scores, tuple(failures[row] for row in sorted(failures)), timings)

    def close(self) -> None:
        """Ends waiting calls with UnavailableError, joins the threads and frees the model."""
        self._batcher.close()
        self._backend.close()

    def _encode(self, texts: Sequence[str], cancellation: CancelToken, deadline: float | None) -> list[TokenIds]:
        encoded: list[TokenIds] = []
        for start in range(0, len(texts), _CHUNK):
            if cancellation.is_set():
                raise CancelledError("the call was ended while its texts were tokenised")
            if deadline is not None and time.monotonic() >= deadline:
                raise DeadlineError("the deadline passed while texts were tokenised")
            encoded += self._backend.encode(texts[start : start + _CHUNK])
        return encoded

    def _scores(self, count: int, rows: list[int], run: BatchedRun, failures: dict[int, RowFailure]) -> Floats:
        """Probabilities of all rows; adds the failures of the run to `failures`."""
        for position, error in run.failed.items():
            row = rows[position]
            failures[row] = RowFailure(row, "MODEL_ERROR", f"the model failed on the batch of this row ({error})")
        scores = np.zeros((count, len(self.info.classes)), dtype=np.float32)
        scores[rows] = softmax(run.logits)
        for row in np.flatnonzero(~np.isfinite(scores).all(axis=1)).tolist():
            failures[row] = RowFailure(row, "NON_FINITE_SCORE", "the model answered with a value that is not finite")
        scores[list(failures)] = 0.0
        return scores

    def _refusal(self, row: int, tokens: TokenIds) -> RowFailure | None:
        longest = self.info.max_tokens
        if len(tokens) > longest:
            return RowFailure(
                row, "INPUT_TOO_LONG", f"the input has {len(tokens)} tokens, the model takes at most {longest}"
            )
        if not len(tokens):
            return RowFailure(row, "EMPTY_INPUT", "the input has no tokens")
        return None


def _missing(row: int) -> RowFailure:
    return RowFailure(row, "MISSING_INPUT", "the row has no text for the model")


def softmax(logits: Floats) -> Floats:
    """Probabilities by row. In double precision, so that the last bit of a float32 does not depend on the row's place
    in a vector register; a row that is not finite stays so.
    """
    wide = logits.astype(np.float64)
    with np.errstate(invalid="ignore"):
        powers = np.exp(wide - wide.max(axis=1, keepdims=True, initial=-np.inf))
        scores: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return scores
