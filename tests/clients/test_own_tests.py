"""The clients' own tests, in their languages, against a real server; what they print is the proof that they ran."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.clients.conftest import BUILD_SECONDS, run

pytestmark = [pytest.mark.clients, pytest.mark.timeout(BUILD_SECONDS)]


def test_go(go: str, root: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = root / "clients" / "go"
    assert run(["gofmt", "-l", "."], folder) == ""
    run([go, "vet", "./..."], folder)
    run([go, "mod", "verify"], folder)
    before = (folder / "go.mod").read_text(), (folder / "go.sum").read_text()
    printed = run([go, "test", "-count=1", "-v", "."], folder, EVALD_ADDRESS=address)
    assert "--- SKIP" not in printed
    assert before == ((folder / "go.mod").read_text(), (folder / "go.sum").read_text())
    with capsys.disabled():
        print(f"\ngo test: {len(re.findall(r'^--- PASS', printed, flags=re.MULTILINE))} tests and examples passed")
        print(printed.splitlines()[-1])


def test_java(java_tests: str, capsys: pytest.CaptureFixture[str]) -> None:
    totals = re.findall(r"^\[INFO\] (Tests run: .*)$", java_tests, flags=re.MULTILINE)
    assert totals[-1].endswith("Failures: 0, Errors: 0, Skipped: 0")
    assert "BUILD SUCCESS" in java_tests
    with capsys.disabled():
        print(f"\nmvn test: {totals[-1]}")
