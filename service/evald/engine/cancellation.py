"""One way to end a call, whether it is inside native code, waiting for a model or between the two."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evald import _native
from evald.errors import CancelledError, DeadlineError, EvaldError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Cancellation:
    """Set once, from any thread; the first reason counts.

    The reasons "deadline" and "shutdown" make DeadlineError and UnavailableError, all others CancelledError. `tenant`
    says for whom the call works, where its caller tells.
    """

    def __init__(self, tenant: str = "") -> None:
        self.tenant = tenant
        self.flag = _native.CancelFlag()
        self._reason: str | None = None
        self._lock = threading.Lock()
        self._wakes: dict[object, Callable[[], None]] = {}

    @property
    def reason(self) -> str | None:
        """Why the call was ended; None while it was not."""
        return self._reason

    def is_set(self) -> bool:
        """Whether the call was ended."""
        return self._reason is not None

    def set(self, reason: str = "cancelled") -> None:
        """Ends the call. Later calls change nothing."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            wakes = list(self._wakes.values())
            self._wakes.clear()
        self.flag.set()
        for wake in wakes:
            wake()

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Calls `wake` once when set, at once if it is set already; returns what ends the subscription."""
        key = object()
        with self._lock:
            if self._reason is None:
                self._wakes[key] = wake
                return lambda: self._unsubscribe(key)
        wake()
        return lambda: None

    def _unsubscribe(self, key: object) -> None:
        with self._lock:
            self._wakes.pop(key, None)


@contextmanager
def ends(cancellation: Cancellation, deadline: float | None) -> Iterator[None]:
    """Ends a call whose time is over before it starts, and says why a call was ended: native code only knows that."""
    try:
        check_not_over(cancellation, deadline)
        yield
    except CancelledError as error:
        raise cause(error, cancellation, deadline) from error


def cause(error: CancelledError, cancellation: Cancellation, deadline: float | None) -> EvaldError:
    """Why a call was ended."""
    if cancellation.reason == "shutdown":
        return UnavailableError("the server is shutting down", reason="SHUTTING_DOWN")
    # gRPC ends a call by the same signal whether its caller left or its deadline passed.
    if cancellation.reason == "deadline" or (deadline is not None and time.monotonic() >= deadline):
        return DeadlineError("the deadline passed before the call was done")
    return error


def check_not_over(cancellation: Cancellation, deadline: float | None) -> None:
    """Raises CancelledError or DeadlineError if the call is over before it begins."""
    if cancellation.is_set():
        raise CancelledError("the call was ended before it began")
    if deadline is not None and time.monotonic() >= deadline:
        raise DeadlineError("the deadline passed before the call began")
