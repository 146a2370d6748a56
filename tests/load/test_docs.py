"""The commands of docs/load.md run, on a smaller scale."""

from __future__ import annotations

import doctest
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.load.conftest import MOST_SECONDS

if TYPE_CHECKING:
    from tests.server.conftest import Process

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]


def test_commands_run(
    root: Path, process: Process, binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (root / "docs" / "load.md").read_text()
    monkeypatch.chdir(tmp_path)
    program = doctest.DocTestParser().get_doctest(page, {}, "load.md", None, None)
    assert not doctest.DocTestRunner().run(program).failed
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) > 6
    for line in lines:
        command = re.sub(r"\b\d+s\b", "1s", line).replace("127.0.0.1:50051", process.grpc_address)
        command = command.replace("clients/load", str(root / "clients" / "load"))
        # A busy machine sends late; that is told, and is no failure here.
        command = command.replace("evald-load ", f"{binary} --address {process.grpc_address} --max-lateness 10m ")
        done = subprocess.run(command.split(), capture_output=True, text=True, check=False, timeout=MOST_SECONDS)
        assert done.returncode == 0, line + "\n" + done.stdout + done.stderr
        assert re.search(r"OK\s+server\s+[1-9]|\[OK\] +200 responses", done.stdout), line + "\n" + done.stdout


def test_flags_that_the_page_names_exist(root: Path, binary: Path) -> None:
    text = (root / "docs" / "load.md").read_text()
    named = set(re.findall(r"`--([a-z0-9-]+)", text.split("## ghz")[0]))
    shown = subprocess.run([str(binary), "--help"], capture_output=True, text=True, check=True).stderr
    assert named
    assert named <= set(re.findall(r"^  -([a-z0-9-]+)", shown, re.MULTILINE))
