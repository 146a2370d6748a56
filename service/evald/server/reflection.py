"""Server reflection, v1 and v1alpha, over the descriptors that the process has.

grpcio-reflection has v1alpha only, and tools of today ask for v1 first. The two differ in nothing but the package, so
the answers of v1alpha are sent under both names. Must not know which services exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from grpc_reflection.v1alpha import reflection, reflection_pb2

from evald.server.rpc import parse
from evald.server.streams import StreamBudget

V1ALPHA: ServiceDescriptor = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]

_FILE_V1 = "grpc/reflection/v1/reflection.proto"
_PACKAGE_V1 = "grpc.reflection.v1"


def v1_service() -> ServiceDescriptor:
    """The v1 service; its file is made from that of v1alpha unless the process has it, so that it can be described."""
    pool = descriptor_pool.Default()
    try:
        file = pool.FindFileByName(_FILE_V1)
    except KeyError:
        proto = descriptor_pb2.FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(proto)
        pool.AddSerializedFile(_renamed(proto).SerializeToString())
        file = pool.FindFileByName(_FILE_V1)
    service: ServiceDescriptor = file.services_by_name["ServerReflection"]
    return service


def _renamed(proto: descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    """The same messages in the package of v1."""
    old = f".{proto.package}."
    new = f".{_PACKAGE_V1}."
    proto.name, proto.package = _FILE_V1, _PACKAGE_V1
    proto.ClearField("options")
    for message in proto.message_type:
        for field in filter(lambda field: field.type_name, message.field):
            field.type_name = field.type_name.replace(old, new)
    for method in (method for service in proto.service for method in service.method):
        method.input_type = method.input_type.replace(old, new)
        method.output_type = method.output_type.replace(old, new)
    return proto


class _Pool:
    """The descriptors of the process, found by the names of methods, too.

    The protocol counts methods as symbols, and ghz asks for them; upb does not find them.
    """

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        """Raises KeyError."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            service, _, method = symbol.rpartition(".")
            found: MethodDescriptor = self._pool.FindServiceByName(service).methods_by_name[method]
            return found.containing_service.file


class ReflectionService:
    """Answers from the descriptors; serves as the servicer of both versions."""

    def __init__(self, services: Iterable[str], streams: StreamBudget) -> None:
        self._answers = reflection.ReflectionServicer(tuple(services), pool=_Pool())
        self._streams = streams

    def server_reflection_info(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """One answer a question."""
        with self._streams.hold(context):
            questions = (parse(reflection_pb2.ServerReflectionRequest, request) for request in requests)
            for answer in self._answers.ServerReflectionInfo(questions, context):
                yield answer.SerializeToString()
