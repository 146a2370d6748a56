"""The examples run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def test_quickstart(root: Path, address: str) -> None:
    program = root / "clients" / "python" / "quickstart.py"
    done = subprocess.run([sys.executable, program, address], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[2].startswith("labels, accuracy: 0.6000 -> 0.8000, +0.2000 [")
    assert lines[2].endswith(", improved")
    assert lines[4].startswith("models, accuracy: ")
    assert lines[5] == "refused: INVALID_ARGUMENT UNKNOWN_METRIC, spec.metrics[0].name, nearest bleu"


def test_checkpoints(root: Path, address: str) -> None:
    program = root / "clients" / "python" / "checkpoints.py"
    outputs = []
    for arguments in ([], [address]):
        command = [sys.executable, str(program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1], "a server gives what this process gives"
    assert "step-1200 against baseline" in outputs[0]
    assert "holm over 6 tests" in outputs[0]
    assert "Test: may step-3000 replace the base?" in outputs[0]
    assert outputs[0].endswith("verdict: go\n")


@pytest.mark.timeout(600)
def test_baselines(root: Path, address: str) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: install evald[baselines]")
    program = root / "clients" / "python" / "baselines.py"
    for arguments, last in (([], "regression"), ([address], "model")):
        command = [sys.executable, str(program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, done.stderr
        assert f"{last} against majority" in done.stdout
        assert "TRAINING_ROWS" in done.stdout
        assert "(3,600 rows)" in done.stdout
        assert "majority: evald, learned from 3,600 rows" in done.stdout
