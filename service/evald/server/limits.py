"""Admission: how many calls, and how many bytes of requests, compute at once. More is refused in microseconds.

A request beyond `max_request_bytes` never comes here: grpc refuses it while it arrives, with RESOURCE_EXHAUSTED, a text
of its own and no details. Must not know what a call computes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from evald.errors import OverloadedError, UnavailableError
from evald.telemetry import Telemetry

# A caller that is told less would hammer, one that is told more would idle.
_RETRY_SECONDS = (0.05, 10.0)
_MEMORY = 0.2


class Admission:
    """Counts what computes; refuses what is too much."""

    def __init__(self, max_calls: int, max_bytes: int, telemetry: Telemetry) -> None:
        self._max_calls = max_calls
        self._max_bytes = max_bytes
        self._telemetry = telemetry
        self._lock = threading.Lock()
        self._calls = 0
        self._bytes = 0
        self._seconds = _RETRY_SECONDS[0]
        self._closed = False
        telemetry.calls.set_function(lambda: self._calls)
        telemetry.bytes.set_function(lambda: self._bytes)

    @property
    def calls(self) -> int:
        """Calls that compute now."""
        return self._calls

    @contextmanager
    def admit(self, size: int) -> Iterator[None]:
        """Room for a call with a request of `size` bytes. Raises OverloadedError or UnavailableError."""
        start = self.enter(size)
        try:
            yield
        finally:
            self.leave(size, start)

    def close(self) -> None:
        """Refuses what comes from now on."""
        with self._lock:
            self._closed = True

    def check_open(self) -> None:
        """Refuses all calls after `close`."""
        if self._closed:
            self._telemetry.shed.labels("draining").inc()
            raise UnavailableError("the server is shutting down", reason="SHUTTING_DOWN", retry_after=1.0)

    def enter(self, size: int) -> float:
        """The same for whoever calls `leave` in any case; returns what that asks for."""
        with self._lock:
            self.check_open()
            if self._calls >= self._max_calls:
                raise self._overloaded("calls", "max_concurrent_calls", self._max_calls)
            # A call of any size fits an idle server: settings keep this limit above max_request_bytes.
            if self._bytes + size > self._max_bytes:
                raise self._overloaded("bytes", "max_bytes_in_progress", self._max_bytes)
            self._calls += 1
            self._bytes += size
        return time.monotonic()

    def leave(self, size: int, start: float) -> None:
        """Gives back the room of a call that entered at `start`."""
        seconds = time.monotonic() - start
        with self._lock:
            self._calls -= 1
            self._bytes -= size
            self._seconds += _MEMORY * (seconds - self._seconds)

    def _overloaded(self, reason: str, limit: str, most: int) -> OverloadedError:
        self._telemetry.shed.labels(reason).inc()
        retry_after = min(max(self._seconds, _RETRY_SECONDS[0]), _RETRY_SECONDS[1])
        message = f"{limit} of {most} is reached; try again in {retry_after:.2f} s"
        metadata = {"limit": limit, "maximum": str(most), "retrySeconds": f"{retry_after:.2f}"}
        return OverloadedError(message, metadata=metadata, retry_after=retry_after)
