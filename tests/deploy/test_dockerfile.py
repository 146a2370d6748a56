"""The Dockerfile keeps its own rules, which need no build."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from evald.__main__ import _parser
from evald.settings import FIELDS, load


@pytest.fixture(scope="module")
def stages(root: Path) -> dict[str, list[str]]:
    """Instructions by stage, a line each."""
    text = re.sub(r"^\s*#.*\n", "", (root / "Dockerfile").read_text(), flags=re.MULTILINE)
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.startswith("FROM "):
            found[line.rpartition(" AS ")[2]] = []
        elif line and found:
            found[list(found)[-1]].append(line)
    return found


def test_hadolint_has_nothing_to_say(root: Path) -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([str(program), str(root / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_runs_is_made_without_a_shell(stages: dict[str, list[str]]) -> None:
    runtime = {name: lines for name, lines in stages.items() if name.startswith("runtime")}
    assert runtime.keys() == {"runtime", "runtime-cpu", "runtime-gpu"}
    for name, lines in runtime.items():
        assert not [line for line in lines if line.startswith(("RUN", "ADD", "SHELL"))], name
    # What is built when no stage is named.
    assert list(stages)[-1] == "runtime-cpu"


def test_no_image_has_both_onnx_runtimes(stages: dict[str, list[str]]) -> None:
    cpu, gpu = ("\n".join(stages[f"install-{kind}"]) for kind in ("cpu", "gpu"))
    assert "--extra cpu" in cpu
    assert "gpu" not in cpu
    assert "--extra gpu" in gpu
    assert "--extra cpu" not in gpu


def commands(stages: dict[str, list[str]]) -> Iterator[list[str]]:
    for lines in stages.values():
        yield from (json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD "))


def test_commands_are_settings_that_the_server_takes(stages: dict[str, list[str]]) -> None:
    found = list(commands(stages))
    assert len(found) == 2
    for command in found:
        flags = vars(_parser().parse_args(command))
        settings = load({name: value for name, value in flags.items() if name in FIELDS}, environ={})
        assert settings.grpc_address == "0.0.0.0:50051"
        assert settings.http_address == "0.0.0.0:9090"
        assert settings.model_device == ("cuda" if "cuda" in command else "cpu")


def test_the_version_is_that_of_the_sources(root: Path, stages: dict[str, list[str]]) -> None:
    version = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert f"ARG VERSION={version}" in stages["runtime"]
