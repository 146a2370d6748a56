"""A budget for streams: each holds a thread for as long as its client likes, and unary calls need threads too.

Ends what is open when the server drains, because `stop` waits for streams and tells them nothing. Must not know what
a stream is about.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc

from evald.errors import OverloadedError, UnavailableError


class StreamBudget:
    """Counts open streams and ends them all at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._open: dict[grpc.ServicerContext, Callable[[], object]] = {}
        self._closed = False

    @contextmanager
    def hold(self, context: grpc.ServicerContext, end: Callable[[], object] | None = None) -> Iterator[None]:
        """One stream; refused if there are too many. `end` ends it, by default by cancelling it."""
        with self._lock:
            if self._closed:
                raise UnavailableError("the server is shutting down", reason="SHUTTING_DOWN")
            if len(self._open) >= self._most:
                message = f"{self._most} streams are open already, which is the limit"
                metadata = {"limit": "max_streams", "maximum": str(self._most)}
                raise OverloadedError(message, metadata=metadata, retry_after=1.0)
            self._open[context] = end or context.cancel
        try:
            yield
        finally:
            with self._lock:
                self._open.pop(context, None)

    def end_all(self) -> None:
        """Ends what is open and refuses what comes."""
        with self._lock:
            self._closed = True
            ends = list(self._open.values())
        for end in ends:
            end()
