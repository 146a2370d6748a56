"""A real server process on loopback, with the example models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import evald

MODELS = ("support-base", "support-tuned", "tiny-encoder")


@pytest.fixture(scope="session")
def address(root: Path) -> Iterator[str]:
    """Address of a server that is ready; it is ended after the last test."""
    flags = [f"--model={alias}={root / 'examples' / 'models' / alias}" for alias in MODELS]
    command = [sys.executable, "-m", "evald", "serve", "--grpc-address=127.0.0.1:0", "--http-address=127.0.0.1:0"]
    with subprocess.Popen([*command, "--pre-stop-seconds=0", *flags], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found: str = json.loads(process.stdout.readline())["grpc"]
            with evald.Client(found) as client:
                client.wait_ready(60)
            yield found
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[evald.Client]:
    """A client of the server."""
    with evald.Client(address) as client:
        yield client
