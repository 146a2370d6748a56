"""Real servers on free loopback ports, and a caller that speaks to them through a real channel."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from evald.server.app import Application
from evald.settings import Settings
from evald.v1 import evaluation_pb2, instance_pb2, metric_pb2, statistics_pb2

M = TypeVar("M", bound=Message)

# Long enough for a busy machine; no test asserts a time.
SOON = 60.0
EVALUATE = "/evald.v1.EvaluationService/Evaluate"
COMPARE = "/evald.v1.EvaluationService/Compare"
KINDS = (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo)


@dataclass(frozen=True)
class Failure:
    """How a call failed, taken apart."""

    code: str
    message: str
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] | None = None
    fields: tuple[str, ...] = ()
    retry_seconds: float | None = None
    raw: bytes = b""


def failure_of(error: grpc.RpcError) -> Failure:
    """The failure of a call; exactly one ErrorInfo, and no kind of detail twice."""
    call: Any = error
    raw = dict(call.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    details: dict[str, Any] = {}
    for packed in status_pb2.Status.FromString(raw).details:
        kind = next(kind for kind in KINDS if packed.Is(kind.DESCRIPTOR))
        assert kind.__name__ not in details
        details[kind.__name__] = kind.FromString(packed.value)
    if not raw:
        return Failure(call.code().name, call.details())
    info = details["ErrorInfo"]
    retry = details.get("RetryInfo")
    violations = details["BadRequest"].field_violations if "BadRequest" in details else ()
    return Failure(
        code=call.code().name,
        message=call.details(),
        reason=info.reason,
        domain=info.domain,
        metadata=dict(info.metadata),
        fields=tuple(violation.field for violation in violations),
        retry_seconds=retry.retry_delay.ToMilliseconds() / 1000 if retry else None,
        raw=raw,
    )


class Api:
    """Calls a server."""

    def __init__(self, address: str) -> None:
        # The default of a client: a larger answer than 4 MiB fails here.
        self.channel = grpc.insecure_channel(address, options=[("grpc.max_send_message_length", -1)])

    def call(self, path: str, request: Message | bytes, response: type[M], timeout: float | None = SOON) -> M:
        answer: M = self.start(path, request, response, timeout).result()
        return answer

    def start(self, path: str, request: Message | bytes, response: type[M], timeout: float | None = SOON) -> Any:
        """A call that goes on; its `result()` is the answer and `cancel()` ends it."""
        method: Any = self.channel.unary_unary(path, response_deserializer=response.FromString)
        return method.future(_bytes(request), timeout=timeout)

    def failure_of(self, call: Any) -> Failure:
        """How a call that was started fails."""
        with pytest.raises(grpc.RpcError) as caught:
            call.result(timeout=SOON)
        return failure_of(caught.value)

    def failure(self, path: str, request: Message | bytes, timeout: float | None = SOON) -> Failure:
        """How a call fails."""
        method: Any = self.channel.unary_unary(path)
        with pytest.raises(grpc.RpcError) as caught:
            method(_bytes(request), timeout=timeout)
        return failure_of(caught.value)


def _bytes(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()


class Server:
    """One server in this process and those who call it."""

    def __init__(self, settings: Settings) -> None:
        self.app = Application(settings)
        self.app.start()
        self.api = Api(f"127.0.0.1:{self.app.grpc_port}")

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        """Status and body of an operations page."""
        return http(f"127.0.0.1:{self.app.http_port}", path, method)

    def metric(self, name: str, **labels: str) -> float:
        """The value of a sample; 0 if there is none."""
        return self.app.telemetry.registry.get_sample_value(name, labels) or 0.0

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Waits for something that must come."""
        wait_until(condition)

    def wait_for_calls(self, number: int) -> None:
        """Waits until so many calls compute."""
        wait_until(lambda: self.metric("evald_calls_in_progress") == number)

    def close(self) -> None:
        self.api.channel.close()
        self.app.drain(lambda _: None)


def http(address: str, path: str, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=SOON) as answer:  # noqa: S310 (as above)
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits for something that must come; how long it takes is not tested."""
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def loopback(**changes: Any) -> Settings:
    """Settings for a test: free ports of loopback, no pause before draining."""
    values: dict[str, Any] = {"grpc_address": "127.0.0.1:0", "http_address": "127.0.0.1:0", "pre_stop_seconds": 0.0}
    # Tests of calls that end early need calls that would take long.
    values["max_resampling_cost"] = 10**15
    return Settings(**{**values, **changes})


@pytest.fixture(scope="session")
def start_server() -> Callable[..., Server]:
    """Starts a server with changed settings; the caller closes it."""
    return lambda **changes: Server(loopback(**changes))


@pytest.fixture
def make_server() -> Iterator[Callable[..., Server]]:
    """Starts servers with changed settings; they are drained after the test."""
    servers: list[Server] = []

    def make(**changes: Any) -> Server:
        servers.append(Server(loopback(**changes)))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with default limits and no models, shared by tests that change nothing in it."""
    server = Server(loopback())
    wait_until(lambda: server.app.ready)
    yield server
    server.close()


def heavy_request(systems: int, replicates: int) -> bytes:
    """An Evaluate request whose intervals take long: 64 columns of figures a system over 4,096 slots."""
    rows = [
        instance_pb2.Instance(
            id=str(row),
            predictions=[instance_pb2.Prediction(text="a b c d e")] * systems,
            references=["a b c d f"],
        )
        for row in range(4096)
    ]
    spec = evaluation_pb2.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name="bleu", key=f"bleu-{copy}") for copy in range(64)],
        systems=[evaluation_pb2.System(name=f"system-{number}") for number in range(systems)],
        statistics=statistics_pb2.StatisticsSpec(replicates=replicates),
    )
    return evaluation_pb2.EvaluateRequest(spec=spec, instances=rows).SerializeToString()


@pytest.fixture(scope="session")
def slow_request() -> bytes:
    """Computes far longer than any test waits, unless it is ended."""
    return heavy_request(systems=4, replicates=10_000)


@pytest.fixture(scope="session")
def long_request() -> bytes:
    """Computes for a moment that a test can see."""
    return heavy_request(systems=1, replicates=4_000)


class Process:
    """A real `evald serve`."""

    def __init__(self, *flags: str) -> None:
        service = Path(__file__).resolve().parents[2] / "service"
        code = f"import sys; sys.path.insert(0, {str(service)!r}); from evald.__main__ import main; sys.exit(main())"
        ports = ("--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--max-resampling-cost", str(10**15))
        self.popen = subprocess.Popen(
            [sys.executable, "-c", code, "serve", *ports, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        assert line, self.popen.communicate()[1]
        addresses = json.loads(line)
        self.http_address: str = addresses["http"]
        self.grpc_address: str = addresses["grpc"]
        self.api = Api(addresses["grpc"])

    def get(self, path: str) -> tuple[int, str]:
        return http(self.http_address, path)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Waits for something that must come."""
        wait_until(condition)

    def end(self) -> str:
        """Waits for the end and returns what it logged; the exit code is in `popen.returncode`."""
        self.api.channel.close()
        return self.popen.communicate(timeout=SOON)[1]


@pytest.fixture
def serve() -> Iterator[Callable[..., Process]]:
    """Starts processes of `evald serve`; what still runs after the test is killed."""
    processes: list[Process] = []

    def start(*flags: str) -> Process:
        processes.append(Process(*flags))
        return processes[-1]

    yield start
    for process in processes:
        if process.popen.poll() is None:
            process.popen.kill()
            process.end()


@pytest.fixture(scope="module")
def busy(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    """A server of the example models: large batches, several workers, several threads a batch."""
    server = start_server(models_dir=root / "examples" / "models", batch_tokens=2048, model_workers=2, model_threads=2)
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    yield server
    server.close()
