"""What happens around every call: RPC metrics outside, the mapping of errors inside. Must not know any service.

Ends calls that raise with the status of the error; what is no EvaldError is a bug of ours. Counts and times calls under
the names that dashboards of gRPC servers expect.

Nothing that is logged here may hold text of a request: only types and places of exceptions are, never their messages,
because the message of a KeyError or of a panic may quote what a caller sent.
"""

from __future__ import annotations

import logging
import secrets
import time
import traceback
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar
from typing import Any

import grpc

from evald.errors import EvaldError, InternalError
from evald.server.status import to_rpc_status
from evald.telemetry import MethodMeters

_log = logging.getLogger(__name__)

_Behavior = Callable[[Any, grpc.ServicerContext], Any]

# The meters of a call that has come; empty once it has begun. grpc looks for the handler of a call and runs it in one
# context. What is set is changed and not set again, which would take longer than counting.
_come: ContextVar[list[MethodMeters]] = ContextVar("evald-come")


def has_come(meters: MethodMeters) -> None:
    """Counts a call when it comes, not when a thread has time for it: whatever a caller sent is counted."""
    meters.started()
    _come.set([meters])


def has_ended(context: Context) -> None:
    """Counts a call that ended and never began, because its caller left before a thread and its request were there."""
    for meters in context.get(_come, ()):
        meters.left()


def around_unary(method: str, behavior: _Behavior, meters: MethodMeters) -> _Behavior:
    """Wraps a behavior with one answer."""
    clock = time.perf_counter

    def call(request: Any, context: grpc.ServicerContext) -> Any:
        _come.get().clear()
        meters.received()
        start = clock()
        try:
            try:
                answer = behavior(request, context)
            except Exception as error:  # noqa: BLE001 (any error must become a status)
                failed = error
            else:
                meters.answered(clock() - start)
                return answer
            return context.abort_with_status(to_rpc_status(public_error(method, failed)))
        except BaseException:
            meters.handled(_code(context), clock() - start)
            raise

    return call


def around_stream(method: str, behavior: _Behavior, meters: MethodMeters) -> _Behavior:
    """Wraps a behavior with a stream of answers."""

    def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        _come.get().clear()
        start = time.perf_counter()
        code = "OK"
        try:
            if not hasattr(request, "__next__"):
                meters.received()
            for answer in _answers(method, behavior, _counted(request, meters), context):
                meters.sent()
                yield answer
        except BaseException:
            code = _code(context)
            raise
        finally:
            meters.handled(code if context.is_active() or code != "OK" else "CANCELLED", time.perf_counter() - start)

    return call


def _answers(method: str, behavior: _Behavior, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
    try:
        yield from behavior(request, context)
        return
    except Exception as error:  # noqa: BLE001 (any error must become a status)
        failed = error
    if context.is_active():
        context.abort_with_status(to_rpc_status(public_error(method, failed)))


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
