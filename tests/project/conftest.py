"""What the tests about the repository share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repository_files(root: Path) -> list[Path]:
    """Every file that is committed or would be, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    files = {Path(name) for name in listed.split("\0") if name}
    return sorted(file for file in files if (root / file).is_file())
