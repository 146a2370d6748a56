"""Reflection v1 and v1alpha: the same answers under both names, and the service describes itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_reflection.v1alpha import reflection_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.server.conftest import Server

VERSIONS = ["grpc.reflection.v1", "grpc.reflection.v1alpha"]


def ask(server: Server, version: str, *questions: Any) -> list[Any]:
    method = server.api.channel.stream_stream(
        f"/{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return list(method(iter(questions), timeout=60))


def test_an_idle_stream_does_not_hold_up_the_drain(make_server: Callable[..., Server]) -> None:
    server = make_server()
    never = threading.Event()

    def questions() -> Iterator[Any]:
        yield symbol("evald.v1.Instance")
        never.wait(60)

    method: Any = server.api.channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
    )
    stream = method(questions())
    next(stream)
    server.app.drain(lambda _: None)
    with pytest.raises(grpc.RpcError):
        next(stream)
    never.set()


def symbol(name: str) -> Any:
    return reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)


@pytest.mark.parametrize("version", VERSIONS)
def test_lists_all_services(server: Server, version: str) -> None:
    (answer,) = ask(server, version, reflection_pb2.ServerReflectionRequest(list_services=""))
    assert sorted(service.name for service in answer.list_services_response.service) == [
        "evald.v1.CalibrationService",
        "evald.v1.CatalogService",
        "evald.v1.EvaluationService",
        "evald.v1.JudgeService",
        "evald.v1.ModelService",
        "evald.v1.TemplateService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_service_can_be_described(server: Server, version: str) -> None:
    (answer,) = ask(server, version, reflection_pb2.ServerReflectionRequest(list_services=""))
    for service in answer.list_services_response.service:
        (described,) = ask(server, version, symbol(service.name))
        files = [
            descriptor_pb2.FileDescriptorProto.FromString(data)
            for data in described.file_descriptor_response.file_descriptor_proto
        ]
        names = {f"{file.package}.{entry.name}" for file in files for entry in file.service}
        assert service.name in names
        assert {need for file in files for need in file.dependency} <= {file.name for file in files}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_symbol_is_an_answer_and_the_stream_goes_on(server: Server, version: str) -> None:
    missing, found = ask(server, version, symbol("nobody.Nothing"), symbol("evald.v1.Instance"))
    assert missing.error_response.error_code == 5
    assert found.file_descriptor_response.file_descriptor_proto


@pytest.mark.parametrize("version", VERSIONS)
def test_a_method_is_a_symbol_of_its_file(server: Server, version: str) -> None:
    method, service, *others = ask(
        server,
        version,
        symbol("evald.v1.CatalogService.GetServerInfo"),
        symbol("evald.v1.CatalogService"),
        symbol("evald.v1.CatalogService.Nothing"),
        symbol("evald.v1.Instance.Nothing"),
        symbol("GetServerInfo"),
        symbol(""),
    )
    files = method.file_descriptor_response.file_descriptor_proto
    assert files
    assert files == service.file_descriptor_response.file_descriptor_proto
    assert [answer.error_response.error_code for answer in others] == [5, 5, 5, 5]
