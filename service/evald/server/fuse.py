"""The outer fuse: how many RPCs of any kind may hold a thread. Must not know what they do.

The limit of grpcio itself answers without details, and nothing counts what it refuses, so it is not set. Ours keeps a
few threads to refuse with; a refused call is handled as a stream, because a handler of streams starts before the
request has arrived, so a slow upload cannot hold one of them. What comes faster than it is refused waits inside gRPC,
which drops calls when about a thousand wait.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, Protocol

import grpc

from evald.errors import OverloadedError
from evald.telemetry import Telemetry

_log = logging.getLogger(__name__)

SPARE_THREADS = 8
_RETRY_SECONDS = 1.0


class Ended(Protocol):
    """What grpc asks of the future of an RPC."""

    def add_done_callback(self, callback: Callable[[Any], object], /) -> None:
        """Calls back when the RPC is done, at once if it is."""


class _Ended:
    """When an RPC is done. A `Future` also carries a result, which costs more than the rest of handing over a call."""

    __slots__ = ("_lock", "callbacks")

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        # None once it is done.
        self.callbacks: list[Callable[[Any], object]] | None = []

    def add_done_callback(self, callback: Callable[[Any], object], /) -> None:
        with self._lock:
            if self.callbacks is not None:
                self.callbacks.append(callback)
                return
        callback(self)


class RpcThreads(Executor):
    """The threads of the server; knows how many RPCs have one or wait for one.

    `ThreadPoolExecutor` takes 8 us of a call more: locks and a semaphore for what grpc never asks. A thread is started
    when none is free, and stays. `ended` is told the context of each RPC that is over.
    """

    def __init__(self, most: int, ended: Callable[[Context], object]) -> None:
        self._most = most + SPARE_THREADS
        self._ended = ended
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._in_use = 0
        self._queue: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...], _Ended] | None] = queue.SimpleQueue()

    @property
    def in_use(self) -> int:
        """RPCs that have a thread or wait for one."""
        return self._in_use

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Ended:  # type: ignore[override]
        """Runs a function, which handles its errors, in a thread."""
        ended = _Ended(self._lock)
        with self._lock:
            self._in_use += 1
            if self._in_use > len(self._threads) < self._most:
                self._start_thread()
        self._queue.put((function, args, ended))
        return ended

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the threads when their calls are done; nothing may be submitted any more."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"evald-rpc-{len(self._threads)}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The system has no more: the call waits for one that is there. An error would end grpc's own thread.
            if not self._threads:
                raise
            return
        self._threads.append(thread)

    def _work(self) -> None:
        wait_for_waker()
        while (task := self._queue.get()) is not None:
            function, args, ended = task
            try:
                function(*args)
            except Exception:  # noqa: BLE001 (the thread must live)
                _log.exception("an RPC ended without a status")
            # The function of grpc is the `run` of the context of its call.
            if isinstance(context := getattr(function, "__self__", None), Context):
                self._ended(context)
            with self._lock:
                self._in_use -= 1
                callbacks, ended.callbacks = ended.callbacks, None
            for callback in callbacks or ():
                callback(ended)
            # Nothing of a call is kept while the next one is waited for.
            del task, function, args, ended, callbacks, context


def wait_for_waker() -> None:
    """From now on this thread does not interrupt the one that wakes it, if the system lets it.

    By default Linux runs a woken thread at once. Here whoever wakes it has the GIL, so it could only wait for that: two
    switches for nothing, twice a call, and a quarter of the time of a short one. See sched(7).
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            # An operator who chose another policy knows why.
            if os.sched_getscheduler(0) == os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def refusing(most: int, telemetry: Telemetry) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]:
    """A behavior that refuses RPCs beyond the limit with OVERLOADED."""

    def refuse(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:  # noqa: ARG001
        telemetry.shed.labels("rpcs").inc()
        message = f"max_rpcs of {most} is reached; try again in {_RETRY_SECONDS:.2f} s"
        metadata = {"limit": "max_rpcs", "maximum": str(most), "retrySeconds": f"{_RETRY_SECONDS:.2f}"}
        raise OverloadedError(message, metadata=metadata, retry_after=_RETRY_SECONDS)

    return refuse
