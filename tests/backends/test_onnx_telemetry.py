"""ONNX Runtime's official builds tell their maker of every session; in evald they tell nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from evald.backends.onnx_session import open_session
from evald.backends.registry import ModelOptions
open_session(Path(sys.argv[1]), ModelOptions())
"""


def test_a_session_leaves_nothing_at_home(tmp_path: Path, root: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    # It is silent by itself where it believes to be in CI.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("XDG_CACHE_HOME", "CI", "ORT_DISABLE_TELEMETRY")
    }
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": str(root / "service")}
    model = root / "examples" / "models" / "support-base" / "onnx" / "model.onnx"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(model)], env=environment, capture_output=True, text=True, check=True
    )
    # The sender keeps its events in a database under ~/.cache.
    assert list(tmp_path.rglob("*")) == []
    assert "elemetry" not in done.stderr
