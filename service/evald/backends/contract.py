"""What a model is to the rest of evald, and what a backend and a batcher must do. Knows no library and no transport."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:  # A server without models never imports numpy.
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    TokenIds: TypeAlias = NDArray[np.int64]
    Floats: TypeAlias = NDArray[np.float32]

Stage = Literal["tokenize", "queue", "infer"]


class ModelState(enum.Enum):
    """Whether a model can answer."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class ModelInfo:
    """Which model answered, and on what; `batch_invariant` is false unless a probe at load time found it true."""

    alias: str
    task: str
    classes: tuple[str, ...]
    max_tokens: int
    weights_digest: str
    tokenizer_digest: str
    engine: str
    device: str
    precision: str
    batch_invariant: bool
    # Of an endpoint: who saw the texts, which model was asked for, and a digest of what shapes its requests.
    host: str = ""
    remote_model: str = ""
    request_digest: str = ""


@dataclass(frozen=True)
class RowFailure:
    """Why one row has no scores: MISSING_INPUT, EMPTY_INPUT, INPUT_TOO_LONG, MODEL_ERROR or NON_FINITE_SCORE."""

    row: int
    reason: str
    message: str


@dataclass(frozen=True)
class Timings:
    """What a call cost. A batch shared with other calls counts for `infer_seconds` by its share of the tokens."""

    tokens: int = 0
    queue_seconds: float = 0.0
    tokenize_seconds: float = 0.0
    infer_seconds: float = 0.0
    batches: int = 0


@dataclass(frozen=True, eq=False)
class Classification:
    """Softmax probabilities, [rows, classes] and C-contiguous; the rows in `failures` are all zero."""

    scores: Floats
    failures: tuple[RowFailure, ...]
    timings: Timings


class CancelToken(Protocol):
    """Ends a call early; set from any thread."""

    def is_set(self) -> bool:
        """Whether the call was ended."""

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Calls `wake` once when set, at once if it is set already; returns what ends the subscription."""


class Backend(Protocol):
    """One loaded model. `encode` and `run` are called from several threads at once."""

    @property
    def info(self) -> ModelInfo:
        """What the model is."""

    def encode(self, texts: Sequence[str]) -> list[TokenIds]:
        """Token ids of every text with special tokens, never truncated."""

    def run(self, sequences: Sequence[TokenIds], length: int) -> Floats:
        """Logits [sequences, classes] of sequences padded to `length`, none of them longer."""

    def close(self) -> None:
        """Frees the weights. `run` is not called afterwards; `encode` may be, by a call that is refused then."""


class BatchObserver(Protocol):
    """Told what happens to the queue of a model. Called from worker threads: return at once and raise nothing."""

    def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
        """A batch ran."""

    def on_queue(self, alias: str, sequences: int, padded_tokens: int) -> None:
        """The queue has this length now."""

    def on_stage(self, alias: str, stage: Stage, seconds: float) -> None:
        """A call was tokenised ("tokenize"), a sequence left the queue ("queue") or a batch ran ("infer")."""

    def on_shed(self, alias: str, reason: str, sequences: int) -> None:
        """Work was dropped before it ran: "OVERLOADED", "CANCELLED", "DEADLINE" or "SHUTDOWN"."""


class SilentObserver:
    """The `BatchObserver` of who does not want to know."""

    def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
        """Nothing."""

    def on_queue(self, alias: str, sequences: int, padded_tokens: int) -> None:
        """Nothing."""

    def on_stage(self, alias: str, stage: Stage, seconds: float) -> None:
        """Nothing."""

    def on_shed(self, alias: str, reason: str, sequences: int) -> None:
        """Nothing."""


@dataclass(frozen=True, eq=False)
class BatchedRun:
    """Logits in the order of the call; `failed` maps a position to the class name of the backend's exception."""

    logits: Floats
    failed: dict[int, str]
    queue_seconds: float
    infer_seconds: float
    batches: int


class Batcher(Protocol):
    """The queue in front of one backend: decides which sequences of which calls run together, and when."""

    def run(self, sequences: Sequence[TokenIds], cancel: CancelToken, deadline: float | None) -> BatchedRun:
        """Blocks until every sequence is done. `deadline` is on the clock of `time.monotonic`.

        Raises OverloadedError, CancelledError, DeadlineError or UnavailableError.
        """

    def close(self) -> None:
        """Ends waiting calls with UnavailableError and joins the threads."""
