"""How a service becomes handlers: every method takes and gives raw bytes, and what it cannot read is a typed error.

grpcio's own deserialisers answer INTERNAL and log the exception when a message is malformed. Must not know any service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message

from evald.errors import InvalidRequestError
from evald.server.fuse import RpcThreads, refusing
from evald.server.interceptors import around_stream, around_unary, has_come
from evald.telemetry import MethodMeters, Telemetry

if TYPE_CHECKING:  # The types of grpc take parameters only in its stubs.
    _Handler = grpc.RpcMethodHandler[Any, Any]

_M = TypeVar("_M", bound=Message)


def parse(kind: type[_M], data: bytes) -> _M:
    """The message of these bytes."""
    try:
        return kind.FromString(data)
    except DecodeError:
        # The text of the exception may quote the message.
        name = kind.DESCRIPTOR.full_name
        description = f"the bytes are no {name}: they are cut off, damaged or hold text that is not UTF-8"
        raise InvalidRequestError.of_field("MALFORMED_REQUEST", "request", description, messageType=name) from None


class Handlers(grpc.GenericRpcHandler):
    """The methods of all services of a server; `ListMetrics` is the servicer's `list_metrics`.

    grpc asks for the handler of every call. Interceptors of grpc would be asked beside it, each time, so what is around
    every call is put there once.
    """

    def __init__(
        self, services: Mapping[ServiceDescriptor, object], threads: RpcThreads, most: int, telemetry: Telemetry
    ) -> None:
        self._threads = threads
        self._most = most
        self._unknown = telemetry.method(None)
        # The handler of a path, the one that refuses, and what counts.
        self._handlers: dict[str, tuple[_Handler, _Handler, MethodMeters]] = {}
        refuse = refusing(most, telemetry)
        for service, servicer in services.items():
            for method in service.methods:
                path = f"/{service.full_name}/{method.name}"
                meters = telemetry.method(path)
                refused: _Handler = grpc.stream_stream_rpc_method_handler(around_stream(path, refuse, meters))
                self._handlers[path] = _handler(path, method, servicer, meters), refused, meters

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> _Handler | None:
        found = self._handlers.get(handler_call_details.method)
        if found is None:
            self._unknown.started()
            self._unknown.handled("UNIMPLEMENTED", 0.0)
            return None
        handler, refused, meters = found
        has_come(meters)
        return refused if self._threads.in_use >= self._most else handler


def call_type(method: MethodDescriptor) -> str:
    """The ecosystem's name of the call type, for the label grpc_type."""
    if method.client_streaming:
        return "bidi_stream" if method.server_streaming else "client_stream"
    return "server_stream" if method.server_streaming else "unary"


def _handler(path: str, method: MethodDescriptor, servicer: object, meters: MethodMeters) -> _Handler:
    behavior = getattr(servicer, re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower())
    kind = call_type(method)
    if kind == "unary":
        return grpc.unary_unary_rpc_method_handler(around_unary(path, behavior, meters))
    around = around_stream(path, behavior, meters)
    if kind == "server_stream":
        return grpc.unary_stream_rpc_method_handler(around)
    return grpc.stream_stream_rpc_method_handler(around)
