"""service/evald/_native.pyi says what the built extension is."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from evald import _native


def test_stubs_are_true(root: Path) -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "evald._native", "--mypy-config-file", "pyproject.toml"]
    environment = {**os.environ, "MYPYPATH": "service"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_stubs_list_every_public_name(root: Path) -> None:
    tree = ast.parse((root / "service" / "evald" / "_native.pyi").read_text())
    assigned = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    listed = ast.literal_eval(assigned["__all__"])
    public = {name for name in dir(_native) if not name.startswith("_")}
    assert set(listed) == public
