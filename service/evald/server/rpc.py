"""How a service becomes handlers: every method takes and gives raw bytes, and what it cannot read is a typed error.

grpcio's own deserialisers answer INTERNAL and log the exception when a message is malformed. Must not know any service.
"""

from __future__ import annotations

import re
from typing import TypeVar

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message

from evald.errors import InvalidRequestError

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


def generic_handler(service: ServiceDescriptor, servicer: object, name: str | None = None) -> grpc.GenericRpcHandler:
    """Handlers of all methods of a service; `ListMetrics` is the servicer's `list_metrics`."""
    handlers = {method.name: _handler(method, servicer) for method in service.methods}
    return grpc.method_handlers_generic_handler(name or service.full_name, handlers)


def call_type(method: MethodDescriptor) -> str:
    """The ecosystem's name of the call type, for the label grpc_type."""
    if method.client_streaming:
        return "bidi_stream" if method.server_streaming else "client_stream"
    return "server_stream" if method.server_streaming else "unary"


def _handler(method: MethodDescriptor, servicer: object) -> grpc.RpcMethodHandler[bytes, bytes]:
    behavior = getattr(servicer, re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower())
    return {
        "unary": grpc.unary_unary_rpc_method_handler,
        "server_stream": grpc.unary_stream_rpc_method_handler,
        "bidi_stream": grpc.stream_stream_rpc_method_handler,
    }[call_type(method)](behavior)
