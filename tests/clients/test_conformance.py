"""The same calls give the same bits in every language, and the same failures."""

from __future__ import annotations

import base64
import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from tests.clients import cases
from tests.clients.conftest import BUILD_SECONDS, free_address, run, serving

from evald.client.channel import open_channel
from evald.client.status import error_of

pytestmark = [pytest.mark.clients, pytest.mark.timeout(BUILD_SECONDS)]

Told = dict[str, Any]
# What answering took: differs from call to call.
MEASURED = "cost"


@pytest.fixture(scope="session")
def answers(programs: dict[str, list[str]], address: str, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What one language was answered, by the name of the case."""
    return asked(programs, address, tmp_path_factory.mktemp("answers"), all_cases())


def all_cases() -> list[cases.Case]:
    return [*cases.values(), *cases.failures(), cases.hopeless()]


def asked(programs: dict[str, list[str]], address: str, folder: Path, calls: list[cases.Case]) -> Told:
    """Runs the conformance program of a language."""
    cases.write(calls, folder / "cases.json")
    run([*programs["conformance"], address, folder / "cases.json", folder / "answers.json"], folder)
    told: Told = json.loads((folder / "answers.json").read_text())
    return told


@pytest.fixture(scope="session")
def channel(address: str) -> Iterator[grpc.Channel]:
    """The connection of the Python client."""
    with open_channel(address, None) as channel:
        yield channel


def method_of(case: cases.Case) -> MethodDescriptor:
    method: MethodDescriptor = Default().FindServiceByName(case.service).methods_by_name[case.method]
    return method


def called(channel: grpc.Channel, case: cases.Case) -> Iterator[Message]:
    """The answers of a call by the Python client; raises grpc.RpcError."""
    path = f"/{case.service}/{case.method}"
    read = message_factory.GetMessageClass(method_of(case).output_type).FromString
    timeout = case.deadline_seconds or 120
    if case.method == "StreamPredict":
        stream: Any = channel.stream_stream(path, type(case.requests[0]).SerializeToString, read)
        yield from stream(iter(case.requests), timeout=timeout)
    else:
        unary: Any = channel.unary_unary(path, type(case.requests[0]).SerializeToString, read)
        yield unary(case.requests[0], timeout=timeout)


def canonical(message: Message) -> bytes:
    """The bytes of a message without what was measured."""
    if MEASURED in message.DESCRIPTOR.fields_by_name:
        message.ClearField(MEASURED)
    return message.SerializeToString(deterministic=True)


def doubles(message: Message, path: str = "") -> Iterator[str]:
    """Path and bits of every floating-point number that is set."""
    for field, value in message.ListFields():
        here = f"{path}.{field.number}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entry = field.message_type.fields_by_name["value"]
            for key, one in value.items():
                yield from _bits(f"{here}{{{key}}}", entry, one)
        elif isinstance(value, list) or hasattr(value, "append"):
            for at, one in enumerate(value):
                yield from _bits(f"{here}[{at}]", field, one)
        else:
            yield from _bits(here, field, value)


def _bits(path: str, field: FieldDescriptor, value: Any) -> Iterator[str]:
    if field.message_type is not None:
        yield from doubles(value, path)
    elif field.type == FieldDescriptor.TYPE_DOUBLE:
        yield f"{path}={struct.pack('>d', value).hex()}"
    elif field.type == FieldDescriptor.TYPE_FLOAT:
        yield f"{path}={struct.pack('>f', value).hex()}"


def unmeasured(case: cases.Case, found: list[str]) -> list[str]:
    """The numbers of an answer without those of what was measured."""
    field = method_of(case).output_type.fields_by_name.get(MEASURED)
    return sorted(one for one in found if field is None or not one.startswith(f".{field.number}."))


@pytest.mark.parametrize("case", cases.values(), ids=lambda case: case.name)
def test_values_are_equal_bit_for_bit(case: cases.Case, answers: Told, channel: grpc.Channel) -> None:
    told = answers[case.name]
    assert not told.get("failure")
    expected = list(called(channel, case))
    assert len(told["messages"]) == len(expected) > 0
    for got, message in zip(told["messages"], expected, strict=True):
        numbers = unmeasured(case, list(doubles(message)))
        assert unmeasured(case, got["doubles"]) == numbers
        assert numbers or case.service not in {"evald.v1.EvaluationService", "evald.v1.ModelService"}
        again = type(message).FromString(base64.b64decode(got["wire"]))
        assert canonical(again) == canonical(message)


@pytest.mark.parametrize("case", cases.failures(), ids=lambda case: case.name)
def test_failures_are_told_alike(case: cases.Case, answers: Told, channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(called(channel, case))
    error = error_of(caught.value)
    failure = answers[case.name]["failure"]
    assert failure == {
        "code": error.code,
        "reason": error.reason,
        "domain": "" if case.name == "large-message" else "evald",
        "message": error.message,
        "metadata": error.metadata,
        "violations": [[one.field, one.description] for one in error.violations],
    }
    assert failure["reason"]


def test_a_stream_keeps_what_came_before_it_failed(answers: Told) -> None:
    assert len(answers["wrong-stream"]["messages"]) == 1


def test_a_deadline_is_typed(answers: Told) -> None:
    assert answers["deadline"]["failure"]["code"] == "DEADLINE_EXCEEDED"


def test_a_server_that_comes_later_is_waited_for(programs: dict[str, list[str]], tmp_path: Path) -> None:
    address = free_address()
    cases.write(cases.values()[-3:], tmp_path / "cases.json")
    command = [*programs["conformance"], address, str(tmp_path / "cases.json"), str(tmp_path / "answers.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                program.wait(2)  # It waits: nobody listens.
            with serving(f"--grpc-address={address}"):
                printed, _ = program.communicate(timeout=120)
        finally:
            program.kill()
    assert program.returncode == 0, printed
    assert len(json.loads((tmp_path / "answers.json").read_text())) == 3
