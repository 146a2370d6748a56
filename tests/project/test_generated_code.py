"""The checked-in code of proto/ is what the generators write today."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

# The first run may have to build the generators.
pytestmark = pytest.mark.timeout(600)

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


def run(command: list[str | Path], root: Path) -> str:
    done = subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def test_python_is_fresh(root: Path, tmp_path: Path) -> None:
    # The generator needs an older protobuf than the daemon, so it has an environment of its own.
    generator = root / ".venv-proto" / "bin" / "python"
    if not generator.exists():
        run(["make", "proto-tools"], root)
    run([generator, "tools/generate_proto.py", tmp_path], root)

    written = {file.name: file.read_text() for file in (tmp_path / "evald" / "v1").iterdir()}
    checked_in = {file.name: file.read_text() for file in (root / "service" / "evald" / "v1").glob("*_pb2*")}
    assert written.keys() == checked_in.keys()
    assert len(written) >= 14, "at least a module and a stub for each of the seven files"
    stale = [name for name in written if written[name] != checked_in[name]]
    assert not stale, f"run `make proto`; not what protoc writes: {stale}"


def test_rust_is_fresh(root: Path) -> None:
    run(["cargo", "run", "--quiet", "--locked", "-p", "evald-protogen", "--", "--check"], root)
