"""The example of a pipeline: its commands run as they stand, but for the installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml: Any = pytest.importorskip("yaml", reason="PyYAML is not installed")


def commands(root: Path) -> list[str]:
    workflow = yaml.safe_load((root / "examples" / "gate" / "workflow.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["gate"]["steps"] if "run" in step]
    return [step for step in steps if not step.startswith("pip install")]


def test_the_pipeline_lets_the_better_system_pass(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("models"))
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "evald"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m evald "$@"\n')
    program.chmod(0o755)
    search = os.pathsep.join([str(root / "service"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": search}
    assert len(commands(root)) == 2
    for command in commands(root):
        done = subprocess.run(
            ["sh", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "gate, new: GO (critical and shown to hold: rouge_l)" in done.stdout
    assert json.loads((tmp_path / "gate.json").read_text())["gate"]["verdict"] == "go"
    assert 'failures="0"' in (tmp_path / "gate.xml").read_text()
