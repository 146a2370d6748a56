"""Runs the sequences of many calls in few batches. Must not know what a model, a text or a request is.

The unit is the sequence: batches mix calls. A worker never waits for a batch to fill: what came while the last batch
ran is the next one. A batch holds neighbouring lengths, or just one if padding would change answers, and a bounded
number of tokens, because on a CPU a bigger batch leaves the caches and is slower. While others wait, answers are handed
out by a thread of its own, so that the next batch does not wait for that.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from evald.backends.buckets import Call, Entry, LengthBuckets, Shape
from evald.backends.contract import BatchedRun
from evald.errors import CancelledError, DeadlineError, EvaldError, InternalError, OverloadedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evald.backends.contract import Backend, BatchObserver, CancelToken, Result, TokenSequence, WrittenTokens

_log = logging.getLogger(__name__)

# Seconds a token before anything was measured: a small encoder on one core.
_FIRST_PACE = 1e-4
# One slow batch on a busy machine must not change the order of work much.
_PACE_WEIGHT = 0.2
# Work counts as hopeless only if it is so at the best speed of this many batches.
_PACE_WINDOW = 32
_RETRY_SECONDS = (0.05, 30.0)


class _Batch(NamedTuple):
    """A batch that ran: when, and what came of it; no results and the name of an error if it failed."""

    shape: Shape
    entries: list[Entry]
    start: float
    end: float
    results: Sequence[Result | WrittenTokens] | None
    failure: str


class TokenBudgetBatcher:
    """The `Batcher` of this release: length buckets, a token budget, fair between calls.

    `pace` is the expected seconds a token, if they are known.
    """

    def __init__(
        self,
        backend: Backend,
        observer: BatchObserver,
        *,
        batch_tokens: int,
        queue_tokens: int,
        workers: int = 1,
        pace: float | None = None,
    ) -> None:
        self._backend = backend
        self._alias = backend.info.alias
        self._observer = observer
        self._batch_tokens = batch_tokens
        self._queue_tokens = queue_tokens
        self._changed = threading.Condition()
        info = backend.info
        self._buckets = LengthBuckets(mixes=info.length_step > 0, packed_width=info.packed_width)
        self._calls: set[Call] = set()
        self._pace = _FIRST_PACE if pace is None else pace
        self._paces = deque([] if pace is None else [pace], maxlen=_PACE_WINDOW)
        self._closed = False
        self._ran: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._workers = [self._start(self._work, f"{number}") for number in range(workers)]
        self._finisher = self._start(self._finish_each, "answers")

    @property
    def batch_tokens(self) -> int:
        """See `contract.Batcher`."""
        return self._batch_tokens

    def run(self, sequences: Sequence[TokenSequence], cancel: CancelToken, deadline: float | None) -> BatchedRun:
        """See `contract.Batcher`."""
        call = Call(sequences, cancel, deadline, self._backend.info, time.monotonic())
        if not sequences:
            call.finish(call.enqueued)
        unsubscribe = cancel.subscribe(lambda: self._end(call, _cancelled(), "CANCELLED"))
        try:
            self._admit(call)
            if not call.wait(_seconds_until(deadline)):
                self._end(call, DeadlineError("the deadline passed while a model was running"), "DEADLINE")
        finally:
            unsubscribe()
            # Nothing to do unless an exception, such as KeyboardInterrupt, ended the wait.
            self._end(call, _cancelled(), "CANCELLED")
        if call.error is not None:
            raise call.error
        return BatchedRun(
            results=call.results,
            failed=call.failed,
            queue_seconds=max(0.0, call.finished - call.enqueued - sum(call.batch_seconds)),
            infer_seconds=call.infer_seconds,
            padded_tokens=call.padded_tokens,
            waited=call.waited,
            ran=call.ran,
            batch_seconds=call.batch_seconds,
        )

    def close(self) -> None:
        """See `contract.Batcher`; closing twice is allowed."""
        self._end_all(_shutting_down)
        for worker in self._workers:
            worker.join()
        self._ran.put(None)
        self._finisher.join()

    def _start(self, work: Callable[[], None], name: str) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException:
                # Without this thread, callers would wait for ever.
                self._end_all(lambda: InternalError("the worker of a model ended"))
                raise

        thread = threading.Thread(target=run, name=f"evald-model-{self._alias}-{name}", daemon=True)
        thread.start()
        return thread

    def _admit(self, call: Call) -> None:
        error: EvaldError | None = None
        with self._changed:
            if call.is_done:
                return
            waiting = self._buckets.padded_tokens
            if self._closed:
                error, reason = _shutting_down(), "SHUTDOWN"
            # A call of any size is let into an empty queue, else a big one could never run.
            elif waiting and waiting + call.waiting_tokens > self._queue_tokens:
                error, reason = self._overloaded(waiting), "OVERLOADED"
            elif late := self._hopeless(call, self._to_be_done_by(call)):
                error, reason = late, "DEADLINE"
            else:
                self._calls.add(call)
                self._buckets.push(call)
                self._changed.notify(len(call.sequences))
        if error is not None:
            self._observer.on_shed(self._alias, reason, len(call.sequences))
            raise error
        self._observe_queue()

    def _end(self, call: Call, error: EvaldError, reason: str, taken: int = 0) -> None:
        """Ends a call early: what waits is dropped, what runs is ignored when it is done."""
        with self._changed:
            if call.is_done:
                return
            call.error = error
            admitted = call in self._calls
            self._calls.discard(call)
            call.finish(time.monotonic())
            dropped = taken + (self._buckets.drop(call) if admitted else 0)
        if dropped:
            self._observer.on_shed(self._alias, reason, dropped)
            self._observe_queue()

    def _end_all(self, error: Callable[[], EvaldError]) -> None:
        """Lets no call in any more and ends those that are; the workers end after what they run."""
        with self._changed:
            self._closed = True
            calls = list(self._calls)
            self._changed.notify_all()
        for call in calls:
            self._end(call, error(), "SHUTDOWN")

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            ran = self._run_batch(*batch)
            if self._buckets.sequences:
                self._ran.put(ran)
            else:
                self._finish(ran)

    def _finish_each(self) -> None:
        while (ran := self._ran.get()) is not None:
            self._finish(ran)

    def _next(self) -> tuple[Shape, list[Entry]] | None:
        """The next batch, as soon as there is one; None when closed."""
        while True:
            with self._changed:
                while not self._closed and not self._buckets.sequences:
                    self._changed.wait()
                if self._closed:
                    return None
                pace = self._pace / len(self._workers)
                shape, entries = self._buckets.take(self._batch_tokens, time.monotonic(), pace)
            live = self._without_hopeless(shape, entries)
            if live:
                return shape, live

    def _without_hopeless(self, shape: Shape, entries: list[Entry]) -> list[Entry]:
        taken: dict[Call, list[Entry]] = {}
        for entry in entries:
            taken.setdefault(entry.call, []).append(entry)
        for call, own in taken.items():
            if call.cancel.is_set():
                self._end(call, _cancelled(), "CANCELLED", len(own))
            elif late := self._hopeless(call, call.waiting_to_read + self._tokens_to_read(shape, own)):
                self._end(call, late, "DEADLINE", len(own))
        return [entry for entry in entries if not entry.call.is_done]

    def _tokens_to_read(self, shape: Shape, entries: list[Entry]) -> float:
        """What sequences of a batch cost, by `TokenCost`; what is written behind them is not counted."""
        lengths = (entry.call.shapes[entry.position].length for entry in entries)
        return sum(self._buckets.cost.of_sequence(length, shape.length) for length in lengths)

    def _hopeless(self, call: Call, tokens: float) -> DeadlineError | None:
        """Why a call cannot be done in time if so many tokens are read before, at the best speed of late. What will be
        written takes time as well, but nobody knows how much that is.
        """
        if call.deadline is None:
            return None
        needed = tokens * min(self._paces, default=0.0) / len(self._workers)
        left = call.deadline - time.monotonic()
        return _unmeetable(needed, left) if needed >= left else None

    def _to_be_done_by(self, call: Call) -> int:
        """Padded tokens to be read before the deadline of a call that has come: its own, and of whom it finds."""
        return 0 if call.deadline is None else call.waiting_to_read + self._buckets.ahead(call.deadline)

    def _run_batch(self, shape: Shape, entries: list[Entry]) -> _Batch:
        start = time.monotonic()
        sequences = [entry.call.sequences[entry.position] for entry in entries]
        results, failure = self._ask_backend(sequences, shape)
        return _Batch(shape, entries, start, time.monotonic(), results, failure)

    def _finish(self, batch: _Batch) -> None:
        """Gives the calls what a batch answered."""
        shape, entries, start, end, results, failure = batch
        seconds = end - start
        # Counted first: who has an answer finds its batch on the metrics page.
        for call in {entry.call for entry in entries}:
            self._observer.on_stage(self._alias, "queue", start - call.enqueued)
        tokens = sum(len(entry.call.sequences[entry.position]) for entry in entries)
        self._observer.on_batch(self._alias, len(entries), tokens, shape.length * len(entries))
        self._observer.on_stage(self._alias, "infer", seconds)
        with self._changed:
            # Nobody knows how much will be written, so that only reading tells how fast the model is.
            if results is not None and not shape.written:
                self._measure(seconds / self._tokens_to_read(shape, entries))
            for row, entry in enumerate(entries):
                if entry.call.is_done:
                    continue
                entry.call.waited[entry.position] = start - entry.call.enqueued
                entry.call.ran[entry.position] = seconds
                entry.call.padded_tokens += shape.tokens - entry.call.shapes[entry.position].tokens
                if results is None:
                    entry.call.failed[entry.position] = failure
                else:
                    entry.call.results[entry.position] = results[row]
            for call, sequences in Counter(entry.call for entry in entries).items():
                self._account(call, sequences, end, seconds, sequences / len(entries))
        self._observe_queue()

    def _ask_backend(
        self, sequences: list[TokenSequence], shape: Shape
    ) -> tuple[Sequence[Result | WrittenTokens] | None, str]:
        """The results, or None and the class name of what went wrong."""
        results: Sequence[Result | WrittenTokens]
        try:
            results = self._backend.write(sequences) if shape.written else self._backend.run(sequences, shape.length)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is the fault of its batch, not of the queue
            # The message may quote what the model read, so only the class of the error is logged and reported.
            failure = type(error).__name__
            _log.error("model %s failed on a batch of %d sequences: %s", self._alias, len(sequences), failure)
            return None, failure
        return (results, "") if len(results) == len(sequences) else (None, "WrongShape")

    def _account(self, call: Call, sequences: int, now: float, seconds: float, share: float) -> None:
        if call.is_done:
            return
        call.batch_seconds.append(seconds)
        call.infer_seconds += seconds * share
        call.pending -= sequences
        if not call.pending:
            self._calls.discard(call)
            call.finish(now)

    def _measure(self, pace: float) -> None:
        self._pace = pace if not self._paces else (1 - _PACE_WEIGHT) * self._pace + _PACE_WEIGHT * pace
        self._paces.append(pace)

    def _overloaded(self, waiting: int) -> OverloadedError:
        shortest, longest = _RETRY_SECONDS
        drain = waiting * self._pace / len(self._workers)
        return OverloadedError(
            f"the queue of the model holds {waiting} tokens, the limit is {self._queue_tokens}",
            reason="MODEL_QUEUE_FULL",
            metadata={"alias": self._alias, "queuedTokens": str(waiting), "maxQueuedTokens": str(self._queue_tokens)},
            retry_after=min(max(drain, shortest), longest),
        )

    def _observe_queue(self) -> None:
        self._observer.on_queue(self._alias, self._buckets.sequences, self._buckets.padded_tokens)


def _seconds_until(deadline: float | None) -> float | None:
    return None if deadline is None else min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)


def _cancelled() -> CancelledError:
    return CancelledError("the call was ended while it waited for a model")


def _unmeetable(needed: float, left: float) -> DeadlineError:
    return DeadlineError(
        f"the model needs at least {needed:.3f} s, the deadline is in {left:.3f} s; send fewer rows or allow more time",
        reason="DEADLINE_UNMEETABLE",
        metadata={"neededSeconds": f"{needed:.3f}", "remainingSeconds": f"{left:.3f}"},
    )


def _shutting_down() -> UnavailableError:
    return UnavailableError("the model is being closed", reason="SHUTTING_DOWN")
