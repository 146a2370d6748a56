"""Every section of the benchmarks of metrics still runs. What it measures is no matter here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.metrics import SECTIONS, Section

from evald import _native

NAMES = [section.name for section in SECTIONS]


@pytest.mark.skipif(_native.build_info()["profile"] != "release", reason="benchmarks refuse all but release builds")
@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
def test_a_section_runs(root: Path, section: Section) -> None:
    command = [sys.executable, "-m", f"bench.metrics.{section.name}", "--quick"]
    environment = os.environ | ({} if section.cpu is None else {"EVALD_CPU": section.cpu})
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((root / "bench" / "out" / f"metrics_{section.name}.json").read_text())
    assert report["figures"]
    assert all(figure["value"] == figure["value"] for figure in report["figures"].values()), "a figure is NaN"


def test_another_build_is_refused(root: Path) -> None:
    code = (
        "from evald import _native; _native.build_info = lambda: {'profile': 'quick', 'cpu': 'plain'}\n"
        "from bench.machine import check_native; check_native()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert "is a quick build" in done.stderr
