"""The checked-in Go code of proto/ is what its generators write today."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.clients.conftest import BUILD_SECONDS, run

# The first run downloads and builds the generators.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(BUILD_SECONDS)]


@pytest.mark.usefixtures("go")
def test_go_is_fresh(root: Path, tmp_path: Path) -> None:
    buf = Path(sys.executable).with_name("buf")
    run([buf, "generate", "--template", "clients/go/buf.gen.yaml", "--output", tmp_path], root)

    package = Path("clients") / "go" / "evald" / "v1"
    written = {file.name: file.read_text() for file in (tmp_path / package).iterdir()}
    checked_in = {file.name: file.read_text() for file in (root / package).iterdir()}
    assert written.keys() == checked_in.keys()
    protos = list((root / "proto" / "evald" / "v1").glob("*.proto"))
    assert len(written) > len(protos) > 15, "a file for each of proto/, and another one for each with a service"
    stale = [name for name in written if written[name] != checked_in[name]]
    assert not stale, f"run `make proto`; not what the generators write: {stale}"
