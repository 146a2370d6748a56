"""Servers that are measured: processes on a core of their own, with the malloc settings of evald's image."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from bench.machine import ROOT
from bench.server import EVALUATE, cpu_seconds_of, environment
from evald.cli.serve import GRPC_EXPERIMENTS

SERVER_CORE = 0
LOAD_CORE = 1

# As the image has them: messages of a megabyte are not mapped and unmapped one by one.
MALLOC = dict(re.findall(r"\b(MALLOC_\w+)=(\d+)", (ROOT / "Dockerfile").read_text()))

EVALD = ["-m", "evald", "serve", "--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"]
EVALD += ["--pre-stop-seconds", "0", "--log-level", "warning"]
PLAIN = ["-m", "bench.service.plain"]


def echo(size: int) -> list[str]:
    """A bare echo whose answers have this size."""
    return ["-m", "bench.service.echo", str(size)]


def tuned_echo(size: int) -> list[str]:
    """The same with what evald asks of gRPC and of the system."""
    return [*echo(size), "tuned"]


@dataclass(frozen=True)
class Pinned:
    """A running server."""

    pid: int
    address: str

    def cpu_seconds(self) -> float:
        """CPU time of all its threads so far."""
        return cpu_seconds_of(self.pid)

    def evaluate(self, request: bytes) -> bytes:
        """One call."""
        with grpc.insecure_channel(self.address) as channel:
            call: Any = channel.unary_unary(EVALUATE)
            answer: bytes = call(request, wait_for_ready=True, timeout=60)
            return answer


@contextmanager
def pinned(arguments: Sequence[str]) -> Iterator[Pinned]:
    """A server on its core, for a `with` block; `arguments` are those of the interpreter."""
    command = ["taskset", "--cpu-list", str(SERVER_CORE), sys.executable, *arguments]
    settings = environment() | MALLOC
    if "tuned" in arguments:
        # From the start: gRPC reads it when it is imported.
        settings["GRPC_EXPERIMENTS"] = GRPC_EXPERIMENTS
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=settings)
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            raise RuntimeError(f"{' '.join(arguments)} ended with {process.wait()}")
        yield Pinned(process.pid, json.loads(line)["grpc"])
    finally:
        process.kill()
        process.wait()
