"""The example runs as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_quickstart(root: Path, address: str) -> None:
    program = root / "clients" / "python" / "quickstart.py"
    done = subprocess.run([sys.executable, program, address], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "tuned against baseline" in done.stdout
    assert "verdict by accuracy: improved" in done.stdout
