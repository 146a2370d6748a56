"""The life of a computing call: deadline, admission, cancellation. Must not know what is computed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple

import grpc

from evald.engine.evaluate import Cancellation
from evald.errors import DeadlineError
from evald.server.limits import Admission
from evald.telemetry import Telemetry

TENANT_KEY = "evald-tenant"
# Less than this is spent on the way back.
_MIN_SECONDS = 0.001
# grpc gives calls without a deadline one that is centuries away.
_NO_DEADLINE_SECONDS = 10 * 365 * 86_400
# A client cancels at its own deadline, a little before ours, which started later by the way of the request.
_DEADLINE_SLACK = 0.02


class Call(NamedTuple):
    """What the engine needs to know of a call; the deadline is on the clock of `time.monotonic`."""

    cancellation: Cancellation
    deadline: float | None


class Calls:
    """The calls that compute now."""

    def __init__(self, admission: Admission, telemetry: Telemetry) -> None:
        self._admission = admission
        self._telemetry = telemetry
        self._lock = threading.Lock()
        self._open: set[Cancellation] = set()
        # For calls that take less than being admitted.
        self.check_open = admission.check_open

    def begin(self, request: bytes, context: grpc.ServicerContext) -> _Begun:
        """A call from admission to end, for a `with` block.

        Raises DeadlineError, OverloadedError or UnavailableError before any work.
        """
        return _Begun(self, len(request), context)

    @contextmanager
    def begin_batch(self, message: bytes, context: grpc.ServicerContext, cancellation: Cancellation) -> Iterator[Call]:
        """The same for a message of a stream, which has one cancellation for all of them."""
        deadline = self._deadline(context)
        with self._admission.admit(len(message)):
            yield Call(cancellation, deadline)

    @contextmanager
    def watch(self, context: grpc.ServicerContext) -> Iterator[Cancellation]:
        """What is set when the transport or the server ends a call."""
        cancellation = self._open_for(context)
        try:
            yield cancellation
        finally:
            self._close(cancellation)

    def end_all(self) -> None:
        """Ends what computes; the callers are told that the server is shutting down."""
        with self._lock:
            cancellations = list(self._open)
        for cancellation in cancellations:
            cancellation.set("shutdown")

    def _open_for(self, context: grpc.ServicerContext) -> Cancellation:
        cancellation = Cancellation(_tenant(context))
        with self._lock:
            self._open.add(cancellation)

        def end() -> None:
            # Also runs when a call ended well, where nobody asks any more.
            if cancellation in self._open:
                cancellation.set(_reason(context))

        if not context.add_callback(end):
            end()
        return cancellation

    def _close(self, cancellation: Cancellation) -> None:
        with self._lock:
            self._open.discard(cancellation)

    def _deadline(self, context: grpc.ServicerContext) -> float | None:
        seconds = context.time_remaining()
        if seconds > _NO_DEADLINE_SECONDS:
            return None
        if seconds < _MIN_SECONDS:
            self._telemetry.shed.labels("deadline").inc()
            message = f"{seconds * 1000:.3f} ms are left of the deadline, which is too little to begin"
            metadata = {"remainingMilliseconds": f"{seconds * 1000:.3f}"}
            raise DeadlineError(message, reason="DEADLINE_UNMEETABLE", metadata=metadata)
        return time.monotonic() + seconds


class _Begun:
    """A generator would do the same at twice the price, which is a tenth of what evald adds to the call of grpc."""

    __slots__ = ("_calls", "_cancellation", "_context", "_size", "_start")

    def __init__(self, calls: Calls, size: int, context: grpc.ServicerContext) -> None:
        self._calls = calls
        self._size = size
        self._context = context

    def __enter__(self) -> Call:
        calls = self._calls
        deadline = calls._deadline(self._context)
        self._start = calls._admission.enter(self._size)
        try:
            self._cancellation = calls._open_for(self._context)
        except BaseException:
            calls._admission.leave(self._size, self._start)
            raise
        return Call(self._cancellation, deadline)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls._close(self._cancellation)
        self._calls._admission.leave(self._size, self._start)


def _tenant(context: grpc.ServicerContext) -> str:
    """For whom a call works: the value of its metadata key, which is not secret and not proven."""
    for key, value in context.invocation_metadata() or ():
        if key == TENANT_KEY:
            return str(value)
    return ""


def _reason(context: grpc.ServicerContext) -> str:
    """Why the transport ended a call."""
    return "deadline" if context.time_remaining() <= _DEADLINE_SLACK else "cancelled"
