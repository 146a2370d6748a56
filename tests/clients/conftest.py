"""The tools of the other languages; without one its tests are skipped, and loudly."""

from __future__ import annotations

import shutil

import pytest


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}: its client is NOT tested")
    return found


@pytest.fixture(scope="session")
def go() -> str:
    """The command go."""
    return _tool("go")
