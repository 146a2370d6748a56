"""A loaded classifier as callers see it: texts in, probabilities and failed rows out."""

from __future__ import annotations

from collections.abc import Sequence

from evald.backends.contract import CancelToken, Classification, ModelInfo


class Model:
    """One loaded model with its queue; safe to use from many threads."""

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        raise NotImplementedError

    def classify(
        self, texts: Sequence[str], cancellation: CancelToken, deadline: float | None = None
    ) -> Classification:
        """Blocks until every row is done or failed. `deadline` is on the clock of `time.monotonic`.

        Raises OverloadedError, CancelledError, DeadlineError or UnavailableError.
        """
        raise NotImplementedError
