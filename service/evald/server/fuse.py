"""The outer fuse: how many RPCs of any kind may hold a thread. Must not know what they do.

The limit of grpcio itself answers without details, and nothing counts what it refuses. Ours keeps a few threads to
refuse with; a refused call is handled as a stream, because a handler of streams starts before the request has arrived,
so a slow upload cannot hold one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from evald.errors import OverloadedError
from evald.telemetry import Telemetry

if TYPE_CHECKING:  # The types of grpc take parameters only in its stubs.
    _Handler = grpc.RpcMethodHandler[Any, Any]
    _Continuation = Callable[[grpc.HandlerCallDetails], _Handler | None]

SPARE_THREADS = 8
_RETRY_SECONDS = 1.0


class RpcThreads(ThreadPoolExecutor):
    """The threads of the server; knows how many RPCs have one or wait for one."""

    def __init__(self, most: int) -> None:
        super().__init__(most + SPARE_THREADS, thread_name_prefix="evald-rpc")
        self._in_use: set[Future[Any]] = set()

    @property
    def in_use(self) -> int:
        """RPCs that have a thread or wait for one."""
        return len(self._in_use)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(function, *args, **kwargs)
        self._in_use.add(future)
        future.add_done_callback(self._in_use.discard)
        return future


class FuseInterceptor(grpc.ServerInterceptor):
    """Refuses RPCs beyond the limit with OVERLOADED."""

    def __init__(self, threads: RpcThreads, most: int, telemetry: Telemetry) -> None:
        self._threads = threads
        self._most = most
        self._telemetry = telemetry
        self._refusing: _Handler = grpc.stream_stream_rpc_method_handler(self._refuse)

    def intercept_service(self, continuation: _Continuation, details: grpc.HandlerCallDetails) -> _Handler | None:
        handler = continuation(details)
        if handler is None or self._threads.in_use < self._most:
            return handler
        return self._refusing

    def _refuse(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self._telemetry.shed.labels("rpcs").inc()
        message = f"max_rpcs of {self._most} is reached; try again in {_RETRY_SECONDS:.2f} s"
        metadata = {"limit": "max_rpcs", "maximum": str(self._most), "retrySeconds": f"{_RETRY_SECONDS:.2f}"}
        raise OverloadedError(message, metadata=metadata, retry_after=_RETRY_SECONDS)
