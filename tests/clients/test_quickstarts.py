"""The quickstarts of all languages print the same, and so do their pages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.clients.conftest import BUILD_SECONDS, run

pytestmark = [pytest.mark.clients, pytest.mark.timeout(BUILD_SECONDS)]


def test_all_print_the_same(root: Path, address: str, programs: dict[str, list[str]]) -> None:
    python = run([sys.executable, root / "clients" / "python" / "quickstart.py", address], root)
    assert "labels, accuracy: 0.6000 -> 0.8000, +0.2000" in python
    assert run([*programs["quickstart"], address], root) == python
