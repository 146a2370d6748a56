"""A real server process on loopback, on ports that the system picks."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc

from bench.machine import ROOT

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


def environment() -> dict[str, str]:
    """Of a server: its flags say what is measured, not settings of whoever measures; EVALD_CPU chooses the path."""
    return {name: value for name, value in os.environ.items() if name == "EVALD_CPU" or name[:6] != "EVALD_"}


def cpu_seconds_of(pid: int) -> float:
    """CPU time of all threads of a process so far."""
    # The clock of another process, as clock_getcpuclockid(3) makes it on Linux.
    return time.clock_gettime((~pid << 3) | 2)


class Server:
    """`evald serve` with these flags, for a `with` block; calls send raw request bytes over one channel."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "evald", "serve", "--grpc-address", "127.0.0.1:0"]
        command += ["--http-address", "127.0.0.1:0", "--pre-stop-seconds", "0", "--log-level", "warning"]
        command += self._arguments
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment())
        try:
            addresses = self._addresses()
            self._http = addresses["http"]
            self.address = addresses["grpc"]
            self._channel = grpc.insecure_channel(self.address, options=_OPTIONS)
            grpc.channel_ready_future(self._channel).result(timeout=30)
        except BaseException:
            self._process.kill()
            raise
        self._methods: dict[str, Any] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def evaluate(self, request: bytes) -> bytes:
        """One call of Evaluate."""
        return self.call(EVALUATE, request)

    def call(self, path: str, request: bytes) -> bytes:
        """One call of a method."""
        answer: bytes = self._method(path)(request)
        return answer

    def begin(self, path: str, request: bytes) -> Any:
        """A call that goes on: a future."""
        return self._method(path).future(request)

    def await_models(self) -> None:
        """Returns when all models can answer."""
        end = time.monotonic() + 60
        while self._status("/readyz") != HTTPStatus.OK:
            if time.monotonic() > end:
                raise RuntimeError("the models of the server did not become ready")
            time.sleep(0.05)

    def cpu_seconds(self) -> float:
        """CPU time of all threads of the server so far."""
        return cpu_seconds_of(self._process.pid)

    def memory(self, field: str = "VmRSS") -> float:
        """Memory of the server in MB (1,000,000 bytes), by the name of a field in /proc/PID/status."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        kibibytes = next(line.split()[1] for line in lines if line.startswith(f"{field}:"))
        return int(kibibytes) * 1024 / 1e6

    def _method(self, path: str) -> Any:
        if path not in self._methods:
            self._methods[path] = self._channel.unary_unary(path)
        return self._methods[path]

    def _status(self, page: str) -> int:
        connection = http.client.HTTPConnection(self._http, timeout=10)
        try:
            connection.request("GET", page)
            return connection.getresponse().status
        finally:
            connection.close()

    def _addresses(self) -> dict[str, str]:
        """What the server printed once it listened."""
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise RuntimeError(f"evald serve ended with {self._process.wait()}")
        found: dict[str, str] = json.loads(line)
        return found
