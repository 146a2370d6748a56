"""The waiting sequences of one model, by call and shape. A plain data structure: no thread, no clock."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from evald.backends.grouping import TokenCost, lengths_beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import CancelToken, ModelInfo, Result, TokenSequence, WrittenTokens
    from evald.errors import EvaldError


def padded_length(tokens: int, max_tokens: int) -> int:
    """The length that a sequence is always padded to, whatever runs beside it, by models that do not mix lengths.

    Sums over padding may round differently for another padded length. As this one depends on the sequence alone, an
    answer cannot depend on its neighbours. Eight lengths an octave cost 4 % padding on average and bound the number
    of shapes that the runtime's memory arena sees.
    """
    step = max(4, 1 << max(0, (tokens - 1).bit_length() - 4))
    return min(-(-tokens // step) * step, max_tokens)


# So many calls at the front of the line may always share a batch, and who has waited nearly as long as the first, this
# share of its time. The smaller the share, the fuller the batches, and the longer those wait whom nobody joins.
_FRONT, _FRONT_SHARE = 8, 0.8

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


def shape_of(sequence: TokenSequence, info: ModelInfo) -> Shape:
    """The shape of a sequence. What is written behind is not padded: see `generation`."""
    if sequence.writing is not None:
        return Shape(len(sequence), sequence.writing.max_tokens)
    if not info.length_step:
        return Shape(padded_length(len(sequence), info.max_tokens))
    return Shape(min(-(-len(sequence) // info.length_step) * info.length_step, info.max_tokens))


@dataclass
class Tenant:
    """The waiting calls of one tenant, which share its part. `fair_share` is what each of them should have been served
    so far.
    """

    key: object
    served: float
    fair_share: float = 0.0
    calls: int = 0


class Call:
    """The sequences of one caller on their way through a queue; guarded by the lock of the batcher."""

    def __init__(
        self,
        sequences: Sequence[TokenSequence],
        cancel: CancelToken,
        deadline: float | None,
        info: ModelInfo,
        now: float,
    ) -> None:
        self.sequences = sequences
        self.cancel = cancel
        self.deadline = deadline
        self.shapes = [shape_of(sequence, info) for sequence in sequences]
        # Positions that wait, by shape and in order.
        self.places: dict[Shape, deque[int]] = {}
        for position, shape in enumerate(self.shapes):
            self.places.setdefault(shape, deque()).append(position)
        # Where the call stands in line: see `LengthBuckets`.
        self.tenant = Tenant(id(self), 0.0)
        self.served = 0.0
        self.enqueued = now
        self.finished = now
        self.waiting = len(sequences)
        self.waiting_tokens = sum(shape.tokens for shape in self.shapes)
        self.pending = len(sequences)
        self.results: list[Result | WrittenTokens | None] = [None] * len(sequences)
        self.failed: dict[int, str] = {}
        self.padded_tokens = self.waiting_tokens
        # Seconds of each sequence in the queue and in the model, of each batch, and the call's share of the batches.
        self.waited = [0.0] * len(sequences)
        self.ran = [0.0] * len(sequences)
        self.batch_seconds: list[float] = []
        self.infer_seconds = 0.0
        self.error: EvaldError | None = None
        self.is_done = False
        # Held until the call is done. An event, which is for many that wait, would take six times as long.
        self._open = threading.Lock()
        self._open.acquire()

    @property
    def waiting_to_read(self) -> int:
        """Padded tokens that wait, without those that may be written behind them."""
        return sum(shape.length * len(places) for shape, places in self.places.items())

    def turn(self) -> tuple[float, float]:
        """The call with the smallest one is next."""
        return self.tenant.served, self.served

    def slack(self, now: float, pace: float) -> float:
        """Seconds that the call can still wait if it has the model to itself then, at `pace` seconds a token."""
        return math.inf if self.deadline is None else self.deadline - now - self.waiting_tokens * pace

    def finish(self, now: float) -> None:
        """Lets the caller go on; to be called once."""
        self.finished = now
        self.is_done = True
        self._open.release()

    def wait(self, seconds: float | None) -> bool:
        """Whether the call is done, at the latest after so many seconds; to be called by one thread, once."""
        return self._open.acquire(timeout=-1 if seconds is None else seconds)


class Entry(NamedTuple):
    """A sequence of a call."""

    position: int
    call: Call


class LengthBuckets:
    """Decides whose sequences run next: tenants share the model by tokens, the calls of a tenant share its part, and
    who must start now may go first. A call that names no tenant is one by itself.

    Each tenant counts the tokens that it was served, beginning with what a fair share of the past would have been; the
    one with the least is next, and of its calls the one with the least. So the rows of a small call go between the
    rows of big ones, however many of those wait. Calls whose slack is used up go before, but take at most every other
    batch: deadlines cannot keep a call without one from its share.
    """

    def __init__(self, *, mixes: bool = False, packed_width: int = 0) -> None:
        self._mixes = mixes
        self.cost = TokenCost(packed_width)
        self.sequences = 0
        self.padded_tokens = 0
        # In the order in which they came, which breaks ties.
        self._calls: dict[int, Call] = {}
        self._tenants: dict[object, Tenant] = {}
        self._fair_share = 0.0
        self._pressed = False

    def push(self, call: Call) -> None:
        """Adds the sequences of a call."""
        if call.waiting:
            key = call.cancel.tenant or id(call)
            call.tenant = tenant = self._tenants.setdefault(key, Tenant(key, self._fair_share))
            tenant.calls += 1
            call.served = tenant.fair_share
            self._calls[id(call)] = call
        self.sequences += call.waiting
        self.padded_tokens += call.waiting_tokens

    def ahead(self, deadline: float) -> int:
        """Padded tokens that are read for the calls that must be done by then."""
        return sum(
            call.waiting_to_read
            for call in self._calls.values()
            if call.deadline is not None and call.deadline <= deadline
        )

    def take(self, budget: int, now: float, pace: float) -> tuple[Shape, list[Entry]]:
        """The next sequences and the shape that all of them fit into, together at most `budget` tokens with what their
        padding costs; empty if nothing waits.

        One sequence is always allowed, else one longer than the budget would wait for ever. `pace` is the expected
        seconds a token.
        """
        if not self._calls:
            return Shape(0), []
        active = len(self._tenants)
        line = self._line(budget, now, pace)
        first = line[0]
        # The longest first, so that what is left of a call are neighbours.
        seed = max(first.places)
        shapes = {seed}
        if self._mixes and not seed.written:
            latest = now - _FRONT_SHARE * (now - first.enqueued)
            line = line[:_FRONT] + [call for call in line[_FRONT:] if call.enqueued <= latest]
            shapes = {Shape(length) for length in lengths_beside(seed.length, _counts(line), budget, self.cost)}
        entries = self._fill(line, shapes, budget)
        taken = [entry.call.shapes[entry.position] for entry in entries]
        self._fair_share += sum(shape.tokens for shape in taken) / active
        return max(taken), entries

    def drop(self, call: Call) -> int:
        """Forgets the waiting sequences of a call that has ended and says how many they were."""
        waiting = call.waiting
        self._leave(call, waiting, call.waiting_tokens)
        return waiting

    def _line(self, budget: int, now: float, pace: float) -> list[Call]:
        """The calls by turn, but one first whose slack is used up."""
        line = sorted(self._calls.values(), key=Call.turn)
        if self._pressed:
            self._pressed = False
        elif hurried := [call for call in line if call.deadline is not None]:
            pressed = min(hurried, key=lambda call: call.slack(now, pace))
            # After one more batch it would be too late.
            self._pressed = pressed.slack(now, pace) < budget * pace
            if self._pressed:
                line.remove(pressed)
                line.insert(0, pressed)
        return line

    def _fill(self, line: Sequence[Call], shapes: set[Shape], budget: int) -> list[Entry]:
        """Sequences of these shapes, of the calls in line, as many as the budget has room for."""
        entries: list[Entry] = []
        largest = max(shapes)
        room = float(largest.budget(budget))
        for call in line:
            for shape in sorted(call.places.keys() & shapes, reverse=True):
                each = self.cost.of_sequence(shape.tokens, largest.tokens)
                most = max(int(room // each), int(not entries))
                if not most:
                    return entries
                taken = self._serve(call, shape, most)
                room -= each * len(taken)
                entries += [Entry(position, call) for position in taken]
        return entries

    def _serve(self, call: Call, shape: Shape, most: int) -> list[int]:
        """Takes up to so many sequences of a call."""
        places = call.places[shape]
        taken = [places.popleft() for _ in range(min(most, len(places)))]
        if not places:
            del call.places[shape]
        tokens = shape.tokens * len(taken)
        call.served += tokens
        call.tenant.served += tokens
        call.tenant.fair_share += tokens / call.tenant.calls
        self._leave(call, len(taken), tokens)
        return taken

    def _leave(self, call: Call, sequences: int, tokens: int) -> None:
        call.waiting -= sequences
        call.waiting_tokens -= tokens
        self.sequences -= sequences
        self.padded_tokens -= tokens
        if not call.waiting and self._calls.pop(id(call), None) is not None:
            call.tenant.calls -= 1
            if not call.tenant.calls:
                del self._tenants[call.tenant.key]


def _counts(line: Sequence[Call]) -> Counter[int]:
    """How many sequences to be read have each length."""
    counts: Counter[int] = Counter()
    for call in line:
        for shape, places in call.places.items():
            if not shape.written:
                counts[shape.length] += len(places)
    return counts
