"""Real servers, and the programs of other languages, built once; without a language its tests skip, and loudly."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import evald

MODELS = ("support-base", "support-tuned")
# Downloads, and the compilers of a busy machine.
BUILD_SECONDS = 900


@contextmanager
def serving(*flags: str) -> Iterator[str]:
    """`evald serve` as a process of its own; gives its address."""
    command = [sys.executable, "-m", "evald", "serve", "--http-address=127.0.0.1:0", "--pre-stop-seconds=0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["grpc"]
        finally:
            process.terminate()
            process.wait(60)


def free_address() -> str:
    """An address where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def run(command: list[Any], folder: Path, **environment: str) -> str:
    """What a command prints; a command that fails shows all of it."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def address(root: Path) -> Iterator[str]:
    """Address of a server with the example models that takes messages of at most 8 MiB."""
    flags = [f"--model={alias}={root / 'examples' / 'models' / alias}" for alias in MODELS]
    with serving("--grpc-address=127.0.0.1:0", f"--max-request-bytes={8 << 20}", *flags) as found:
        with evald.Client(found) as client:
            client.wait_ready(120)
        yield found


def _tool(name: str, language: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}: the client in {language} is NOT tested")
    return found


@pytest.fixture(scope="session")
def go() -> str:
    """The command go."""
    return _tool("go", "Go")


@pytest.fixture(scope="session")
def go_programs(go: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Commands of the programs in Go: conformance and quickstart."""
    folder = tmp_path_factory.mktemp("go")
    # A checkout of another user has no version that git would tell.
    build = [go, "build", "-buildvcs=false", "-o", folder, "./internal/conformance", "./examples/quickstart"]
    run(build, root / "clients" / "go")
    return {name: [str(folder / name)] for name in ("conformance", "quickstart")}


@pytest.fixture(scope="session")
def java_tests(root: Path, address: str) -> str:
    """What Maven printed when it built the client in Java and ran its tests against the server."""
    _tool("javac", "Java")
    maven = _tool("mvn", "Java")
    return run([maven, "--batch-mode", "test"], root / "clients" / "java", EVALD_ADDRESS=address)


@pytest.fixture(scope="session")
def java_programs(java_tests: str, root: Path) -> dict[str, list[str]]:
    """Commands of the programs in Java: conformance and quickstart."""
    assert java_tests
    target = root / "clients" / "java" / "target"
    libraries = (target / "classpath.txt").read_text().strip()
    classpath = os.pathsep.join([str(target / "test-classes"), str(target / "classes"), libraries])
    classes = {"conformance": "dev.evald.conformance.Conformance", "quickstart": "dev.evald.examples.Quickstart"}
    return {name: ["java", "-classpath", classpath, main] for name, main in classes.items()}


@pytest.fixture(scope="session", params=["go", "java"])
def programs(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """Commands of the programs of one language after the other."""
    found: dict[str, list[str]] = request.getfixturevalue(f"{request.param}_programs")
    return found
