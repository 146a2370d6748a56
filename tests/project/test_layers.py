"""Imports go one way; the contracts are in pyproject.toml under [tool.importlinter]."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

# import-linter does not see compiled modules, so this room is guarded here.
MAY_IMPORT_THE_EXTENSION = ("engine", "embedded")


def test_contracts_are_kept(root: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", done.stdout)
    assert kept, done.stdout
    assert int(kept[1]) >= 5


def imports_the_extension(text: str) -> bool:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import) and any(name.name == "evald._native" for name in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            names = {name.name for name in node.names}
            if node.module == "evald._native" or (node.module == "evald" and "_native" in names):
                return True
    return False


def test_only_engine_and_embedded_import_the_extension(root: Path) -> None:
    package = root / "service" / "evald"
    importers = {
        file.relative_to(package).parts[0].removesuffix(".py")
        for file in package.rglob("*.py")
        if imports_the_extension(file.read_text())
    }
    assert "engine" in importers, "the search is broken"
    assert importers <= set(MAY_IMPORT_THE_EXTENSION)
