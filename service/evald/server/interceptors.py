"""What happens around every call: RPC metrics outside, the mapping of errors inside. Must not know any service.

Nothing that is logged here may hold text of a request: only types and places of exceptions are, never their messages,
because the message of a KeyError or of a panic may quote what a caller sent.
"""

from __future__ import annotations

import logging
import secrets
import time
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import grpc

from evald.errors import EvaldError, InternalError
from evald.server.status import to_rpc_status
from evald.telemetry import MethodMeters, Telemetry

_log = logging.getLogger(__name__)

if TYPE_CHECKING:  # The types of grpc take parameters only in its stubs.
    _Behavior = Callable[[Any, grpc.ServicerContext], Any]
    _Handler = grpc.RpcMethodHandler[Any, Any]
    _Continuation = Callable[[grpc.HandlerCallDetails], _Handler | None]


class _WrappingInterceptor(grpc.ServerInterceptor):
    """Wraps each handler once; the handlers of a server never change."""

    def __init__(self) -> None:
        self._wrapped: dict[tuple[str, _Handler], _Handler] = {}

    def intercept_service(self, continuation: _Continuation, details: grpc.HandlerCallDetails) -> _Handler | None:
        handler = continuation(details)
        if handler is None:
            self.unknown()
            return None
        key = (details.method, handler)
        known = self._wrapped.get(key)
        if known is None:
            known = self._wrapped[key] = self._wrap(details.method, handler)
        return known

    def unknown(self) -> None:
        """A method that the server does not have was called."""

    def around_unary(self, method: str, behavior: _Behavior) -> _Behavior:
        """Wraps a behavior with one answer."""
        raise NotImplementedError

    def around_stream(self, method: str, behavior: _Behavior) -> _Behavior:
        """Wraps a behavior with a stream of answers."""
        raise NotImplementedError

    def _wrap(self, method: str, handler: _Handler) -> _Handler:
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(self.around_unary(method, handler.unary_unary))
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(self.around_stream(method, handler.unary_stream))
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(self.around_stream(method, handler.stream_stream))
        raise NotImplementedError(method)


class ErrorInterceptor(_WrappingInterceptor):
    """Ends calls that raise with the status of the error; what is no EvaldError is a bug of ours."""

    def around_unary(self, method: str, behavior: _Behavior) -> _Behavior:
        def call(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return behavior(request, context)
            except Exception as error:  # noqa: BLE001 (any error must become a status)
                failed = error
            return context.abort_with_status(to_rpc_status(public_error(method, failed)))

        return call

    def around_stream(self, method: str, behavior: _Behavior) -> _Behavior:
        def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from behavior(request, context)
                return
            except Exception as error:  # noqa: BLE001 (as above)
                failed = error
            if context.is_active():
                context.abort_with_status(to_rpc_status(public_error(method, failed)))

        return call


class MetricsInterceptor(_WrappingInterceptor):
    """Counts and times calls under the names that dashboards of gRPC servers expect."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry

    def unknown(self) -> None:
        meters = self._telemetry.method(None)
        meters.started()
        meters.handled("UNIMPLEMENTED", 0.0)

    def around_unary(self, method: str, behavior: _Behavior) -> _Behavior:
        meters = self._telemetry.method(method)

        def call(request: Any, context: grpc.ServicerContext) -> Any:
            meters.started()
            meters.received()
            start = time.perf_counter()
            try:
                answer = behavior(request, context)
            except BaseException:
                meters.handled(_code(context), time.perf_counter() - start)
                raise
            meters.sent()
            meters.handled("OK", time.perf_counter() - start)
            return answer

        return call

    def around_stream(self, method: str, behavior: _Behavior) -> _Behavior:
        meters = self._telemetry.method(method)

        def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            meters.started()
            start = time.perf_counter()
            code = "OK"
            try:
                if not hasattr(request, "__next__"):
                    meters.received()
                for answer in behavior(_counted(request, meters), context):
                    meters.sent()
                    yield answer
            except BaseException:
                code = _code(context)
                raise
            finally:
                meters.handled(
                    code if context.is_active() or code != "OK" else "CANCELLED", time.perf_counter() - start
                )

        return call


def _counted(request: Any, meters: MethodMeters) -> Any:
    """The messages of a stream, counted as they come; a single message as it is."""
    return _count_each(request, meters) if hasattr(request, "__next__") else request


def _count_each(messages: Iterator[Any], meters: MethodMeters) -> Iterator[Any]:
    for message in messages:
        meters.received()
        yield message


def _code(context: grpc.ServicerContext) -> str:
    """Name of the code that the call ended with; CANCELLED when the client left first."""
    code = context.code()  # type: ignore[attr-defined]
    if isinstance(code, grpc.StatusCode):
        return code.name
    return "UNKNOWN" if context.is_active() else "CANCELLED"


def public_error(method: str, error: BaseException) -> EvaldError:
    """What the caller is told. A bug gets an id that is in the log with its place, and says nothing else."""
    if isinstance(error, EvaldError) and not isinstance(error, InternalError):
        return error
    error_id = secrets.token_hex(8)
    _log.error("internal error %s in %s\n%s", error_id, method, places(error))
    message = f"internal error {error_id}; the log of the server says where"
    return InternalError(message, metadata={"errorId": error_id})


def places(error: BaseException) -> str:
    """Types and places of an exception and its causes, as a traceback prints them, without their messages."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        lines.append(
            "".join(traceback.format_tb(seen.__traceback__)) + f"{type(seen).__module__}.{type(seen).__name__}"
        )
        seen = seen.__cause__ or seen.__context__
    return "\ncaused by\n".join(lines)
