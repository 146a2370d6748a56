"""`evald demo` does the main job on the example models, through a real server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from evald.__main__ import main

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so the demo cannot run its models")


def test_the_demo_tells_a_verdict_and_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evald", "demo"], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^tuned +accuracy +0\.8850", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^accuracy .*▲ improved$", done.stdout, flags=re.MULTILINE)
    assert "gold \\ predicted  billing  cancel" in done.stdout
    assert re.search(r"^bleu +13\.93 +37\.60", done.stdout, flags=re.MULTILINE)
    assert re.search(r'^grpc_server_handled_total\{.*grpc_method="Compare".*\} 2\.0$', done.stdout, flags=re.MULTILINE)
    assert "The server drained and ended." in done.stdout


def test_without_examples_the_demo_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--examples", str(tmp_path)]) == 2
    assert "needs the repository's examples" in capsys.readouterr().err
