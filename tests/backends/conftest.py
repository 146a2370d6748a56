"""A backend that computes nothing: it records its batches and can be held, failed or slowed by a test."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import BatchObserver, ModelInfo, SilentObserver, Stage, TokenSequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evald.backends.contract import Floats, Text, WrittenTokens

# A token with this id makes the batch of its sequence fail, or answer with what is no number.
POISON, NAN = 666, 667


def sequence(*ids: int) -> TokenSequence:
    """A sequence of these tokens."""
    return TokenSequence(np.array(ids, dtype=np.int64))


class FakeBackend:
    """Implements `contract.Backend`. The logits of a sequence are its first token, its sum and its length."""

    def __init__(self, max_tokens: int = 64, *, length_step: int = 0, device: str = "cpu") -> None:
        self.info = ModelInfo(
            "fake",
            "text-classification",
            ("a", "b", "c"),
            max_tokens,
            "w",
            "t",
            "fake 1",
            device,
            "fp32",
            True,
            length_step=length_step,
        )
        self.batches: list[tuple[int, list[TokenSequence]]] = []
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()
        self.seconds = 0.0
        self.width = 3
        self.closed = False

    def encode(self, texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
        return [sequence(*(len(word) for word in str(text).split())) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(map(str, ids))

    def run(self, sequences: Sequence[TokenSequence], length: int) -> list[Floats]:
        self.batches.append((length, list(sequences)))
        self.entered.release()
        assert self.go_on.wait(60)
        time.sleep(self.seconds)
        if any(POISON in sequence.ids for sequence in sequences):
            raise ValueError("a message that quotes a text")
        logits = np.zeros((len(sequences), self.width), dtype=np.float32)
        for row, sequence in enumerate(sequences):
            assert 0 < len(sequence) <= length
            logits[row, :3] = sequence.ids[0], sequence.ids.sum(), len(sequence)
            if NAN in sequence.ids:
                logits[row] = np.nan
        return list(logits)

    def write(self, sequences: Sequence[TokenSequence]) -> list[WrittenTokens]:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True


class Token:
    """Implements `contract.CancelToken`."""

    def __init__(self, tenant: str = "") -> None:
        self.tenant = tenant
        self._event = threading.Event()
        self.wakes: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        self._event.set()
        for wake in list(self.wakes):
            wake()

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        if self.is_set():
            wake()
            return lambda: None
        self.wakes.append(wake)
        return lambda: self.wakes.remove(wake)


class Recorder(SilentObserver):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int, int, int]] = []
        self.queues: list[tuple[int, int]] = []
        self.stages: list[tuple[Stage, float]] = []
        self.shed: list[tuple[str, int]] = []

    def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
        self.batches.append((alias, sequences, tokens, padded_tokens))

    def on_queue(self, alias: str, sequences: int, padded_tokens: int) -> None:
        self.queues.append((sequences, padded_tokens))

    def on_stage(self, alias: str, stage: Stage, seconds: float) -> None:
        self.stages.append((stage, seconds))

    def on_shed(self, alias: str, reason: str, sequences: int) -> None:
        self.shed.append((reason, sequences))


class Bench:
    """Makes fakes and batchers for one test and closes them."""

    Token = Token
    Recorder = Recorder
    POISON = POISON
    NAN = NAN

    def __init__(self) -> None:
        self._open: list[tuple[FakeBackend, TokenBudgetBatcher]] = []

    def backend(self, max_tokens: int = 64, *, length_step: int = 0, device: str = "cpu") -> FakeBackend:
        return FakeBackend(max_tokens, length_step=length_step, device=device)

    def batcher(
        self,
        backend: FakeBackend,
        observer: BatchObserver | None = None,
        batch_tokens: int = 64,
        queue_tokens: int = 1 << 16,
        workers: int = 1,
    ) -> TokenBudgetBatcher:
        batcher = TokenBudgetBatcher(
            backend,
            observer or SilentObserver(),
            batch_tokens=batch_tokens,
            queue_tokens=queue_tokens,
            workers=workers,
        )
        self._open.append((backend, batcher))
        return batcher

    def close(self) -> None:
        for backend, batcher in self._open:
            backend.go_on.set()
            batcher.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture(scope="session")
def make_bench() -> Callable[[], Bench]:
    """For properties, which run many times within one test."""
    return Bench
