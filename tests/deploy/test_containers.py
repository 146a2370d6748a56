"""Where containers cannot be had, tests of the image say why."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.deploy.containers import CannotRunError, Podman


def test_a_machine_without_the_tools_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotRunError, match=r"there is no buildah and no podman .*; try: apt-get install buildah"):
        Podman(tmp_path / "image")
