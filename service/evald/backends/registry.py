"""The models of a process by alias: loads them, says how they are and hands them out. Knows no settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evald.backends.contract import BatchObserver, ModelInfo, ModelState

if TYPE_CHECKING:
    from evald.backends.model import Model

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class ModelOptions:
    """How models are run; the same for all models of a registry."""

    backend: str = "onnx"
    device: Device = "cpu"
    threads: int = 1
    workers: int = 1
    batch_tokens: int = 512
    queue_tokens: int = 1 << 18


class ModelRegistry:
    """The models of the server's settings: an alias is a folder."""

    def __init__(
        self,
        models: Mapping[str, Path] | None = None,
        options: ModelOptions | None = None,
        observer: BatchObserver | None = None,
    ) -> None:
        raise NotImplementedError

    def load(self, background: bool = False) -> None:
        """Loads every model, one after the other; failures are kept as states, never raised."""
        raise NotImplementedError

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until no model is loading any more."""
        raise NotImplementedError

    def aliases(self) -> tuple[str, ...]:
        """All aliases, sorted."""
        raise NotImplementedError

    def describe(self, alias: str) -> tuple[ModelInfo | None, ModelState, str]:
        """What the model is (None unless READY), its state and why it failed (else ""). Raises NotFoundError."""
        raise NotImplementedError

    def get(self, alias: str) -> Model:
        """The model. Raises NotFoundError (UNKNOWN_MODEL) or ModelNotReadyError."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends waiting calls with UnavailableError, joins all threads and frees the models."""
        raise NotImplementedError
