"""Evaluates and compares: reads rows natively, lets models answer where asked, scores natively.

Rows stay bytes and native objects; only the texts that a model must read become Python strings. This room must not
know gRPC, the messages of the API or which library runs a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evald import _native
from evald.backends.contract import Classification, ModelInfo
from evald.backends.registry import ModelRegistry
from evald.engine.cancellation import Cancellation

__all__ = ["Cancellation", "Engine", "Limits", "RunFacts"]

Kind = Literal["evaluate", "compare"]


@dataclass(frozen=True)
class Limits:
    """Limits of one call; None is the default of the native extension. Each is named in the error that it causes."""

    max_rows: int | None = None
    max_row_bytes: int | None = None
    max_systems: int | None = None
    max_metrics: int | None = None
    max_classes: int | None = None
    max_resampling_cost: int | None = None
    max_response_bytes: int | None = None

    def to_native(self) -> _native.Limits:
        """The native limits; `Engine.limits` shows the values that hold."""
        return _native.Limits(**{name: value for name, value in vars(self).items() if value is not None})


@dataclass(frozen=True)
class RunFacts:
    """What a call did, for provenance, cost and telemetry. `models` holds (name of the system, model)."""

    rows: int
    tokens: int
    queue_seconds: float
    tokenize_seconds: float
    infer_seconds: float
    score_seconds: float
    models: tuple[tuple[str, ModelInfo], ...]


class Engine:
    """Answers calls; safe to use from many threads. Deadlines are on the clock of `time.monotonic`."""

    def __init__(self, models: ModelRegistry, limits: Limits | None = None) -> None:
        self.models = models
        self.limits = (limits or Limits()).to_native()

    def run(
        self, kind: Kind, request: bytes, cancellation: Cancellation, deadline: float | None = None
    ) -> tuple[bytes, RunFacts]:
        """The serialised EvaluateResponse or CompareResponse, without provenance of models and without cost."""
        raise NotImplementedError

    def predict(
        self, alias: str, texts: Sequence[str | None], cancellation: Cancellation, deadline: float | None = None
    ) -> tuple[ModelInfo, Classification]:
        """Predictions alone; a row whose text is None fails with MISSING_INPUT."""
        raise NotImplementedError

    def list_metrics(self) -> bytes:
        """The serialised ListMetricsResponse."""
        return _native.list_metrics()

    def get_metric(self, name: str) -> bytes:
        """The serialised GetMetricResponse. Raises NotFoundError with the nearest names."""
        return _native.get_metric(name)
