"""One way to end a call, whether it is inside native code, waiting for a model or between the two."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from evald import _native

if TYPE_CHECKING:
    from collections.abc import Callable


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
