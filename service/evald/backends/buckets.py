"""The waiting sequences of one model, by padded length and urgency. A plain data structure: no thread, no clock."""

from __future__ import annotations

import heapq
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import CancelToken, Result, TokenSequence, WrittenTokens
    from evald.errors import EvaldError


def padded_length(tokens: int, max_tokens: int) -> int:
    """The length that a sequence is always padded to, whatever runs beside it.

    Sums over padding may round differently for another padded length. As this one depends on the sequence alone, an
    answer cannot depend on its neighbours. Eight lengths an octave cost 4 % padding on average and bound the number
    of shapes that the runtime's memory arena sees.
    """
    step = max(4, 1 << max(0, (tokens - 1).bit_length() - 4))
    return min(-(-tokens // step) * step, max_tokens)


# A step of writing reads one token a sequence, where one of reading has all of them: so many more fit.
_WRITING_BUDGET = 16


class Shape(NamedTuple):
    """What the sequences of a batch share: their padded length, and the most tokens that are written behind it."""

    length: int
    written: int = 0

    @property
    def tokens(self) -> int:
        """What a sequence of this shape takes."""
        return self.length + self.written

    def budget(self, tokens: int) -> int:
        """The most tokens of a batch, where it is `tokens` for sequences that are only read."""
        return tokens * _WRITING_BUDGET if self.written else tokens


def shape_of(sequence: TokenSequence, max_tokens: int) -> Shape:
    """The shape of a sequence. What is written behind is not padded: see `generation`."""
    if sequence.writing is not None:
        return Shape(len(sequence), sequence.writing.max_tokens)
    return Shape(padded_length(len(sequence), max_tokens))


class Call:
    """The sequences of one caller on their way through a queue; guarded by the lock of the batcher."""

    def __init__(
        self,
        sequences: Sequence[TokenSequence],
        cancel: CancelToken,
        deadline: float | None,
        max_tokens: int,
        now: float,
    ) -> None:
        self.sequences = sequences
        self.cancel = cancel
        self.deadline = deadline
        self.shapes = [shape_of(sequence, max_tokens) for sequence in sequences]
        self.enqueued = now
        self.finished = now
        self.waiting = len(sequences)
        self.waiting_tokens = sum(shape.tokens for shape in self.shapes)
        self.pending = len(sequences)
        self.results: list[Result | WrittenTokens | None] = [None] * len(sequences)
        self.failed: dict[int, str] = {}
        self.batch_seconds = 0.0
        self.infer_seconds = 0.0
        self.batches = 0
        self.error: EvaldError | None = None
        self.done = threading.Event()

    def finish(self, now: float) -> None:
        """Lets the caller go on."""
        self.finished = now
        self.done.set()


class Entry(NamedTuple):
    """A waiting sequence. `number` breaks ties, so calls are never compared."""

    due: float
    number: int
    position: int
    call: Call


class LengthBuckets:
    """Heaps of entries by shape, most urgent first."""

    def __init__(self) -> None:
        self.sequences = 0
        self.padded_tokens = 0
        self._heaps: dict[Shape, list[Entry]] = {}
        self._numbers = 0

    def push(self, call: Call, pace: float) -> None:
        """Adds the sequences of a call; `pace` is the expected seconds a padded token.

        A sequence is due when it would run if the call had the model to itself, or when it must start to meet the
        deadline, if that is earlier. So the rows of a small call go between the rows of a big one, and as due times
        never move, everything that waits is the most urgent one day.
        """
        before, after = 0.0, call.waiting_tokens * pace
        for position, shape in enumerate(call.shapes):
            due = call.enqueued + before
            if call.deadline is not None:
                due = min(due, call.deadline - after)
            heapq.heappush(self._heaps.setdefault(shape, []), Entry(due, self._numbers, position, call))
            self._numbers += 1
            before += shape.tokens * pace
            after -= shape.tokens * pace
        self.sequences += call.waiting
        self.padded_tokens += call.waiting_tokens

    def take(self, budget: int) -> tuple[Shape, list[Entry]]:
        """The most urgent sequence and the most urgent others of its shape, together at most `budget` padded tokens.

        One sequence is always allowed, else one longer than the budget would wait for ever. Empty if nothing waits.
        """
        heaps = {shape: heap for shape, heap in self._heaps.items() if self._skip_ended(heap)}
        self._heaps = heaps
        if not heaps:
            return Shape(0), []
        shape = min(heaps, key=lambda shape: heaps[shape][0])
        heap, entries = heaps[shape], list[Entry]()
        most = shape.budget(budget)
        while self._skip_ended(heap) and (not entries or (len(entries) + 1) * shape.tokens <= most):
            entry = heapq.heappop(heap)
            self._leave(entry.call, 1, shape.tokens)
            entries.append(entry)
        return shape, entries

    def drop(self, call: Call) -> int:
        """Forgets the waiting sequences of a call that has ended and says how many they were."""
        waiting = call.waiting
        self._leave(call, waiting, call.waiting_tokens)
        return waiting

    def _leave(self, call: Call, sequences: int, tokens: int) -> None:
        call.waiting -= sequences
        call.waiting_tokens -= tokens
        self.sequences -= sequences
        self.padded_tokens -= tokens

    @staticmethod
    def _skip_ended(heap: list[Entry]) -> bool:
        """Whether a live entry is left. Ended calls leave their entries behind; they go when they come up."""
        while heap and heap[0].call.done.is_set():
            heapq.heappop(heap)
        return bool(heap)
