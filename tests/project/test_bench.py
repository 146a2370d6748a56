"""Every section of the benchmarks of metrics and models still runs. What it measures is no matter here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bench import judging, metrics, models, service
from bench.sections import Section

from evald import _native

needs_release = pytest.mark.skipif(
    _native.build_info()["profile"] != "release", reason="benchmarks refuse all but release builds"
)


def name_of(section: Section) -> str:
    return section.name


def check_section(root: Path, folder: str, section: Section) -> None:
    command = [sys.executable, "-m", f"bench.{folder}.{section.name}", "--quick"]
    # The checkout's own package, where the environment has the wheel installed.
    environment = os.environ | {"PYTHONPATH": str(root / "service")}
    environment |= {} if section.cpu is None else {"EVALD_CPU": section.cpu}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((root / "bench" / "out" / f"{folder}_{section.name}.json").read_text())
    assert report["figures"]
    assert all(figure["value"] == figure["value"] for figure in report["figures"].values()), "a figure is NaN"


@needs_release
@pytest.mark.parametrize("section", metrics.SECTIONS, ids=name_of)
def test_a_section_of_metrics_runs(root: Path, section: Section) -> None:
    check_section(root, "metrics", section)


@needs_release
@pytest.mark.parametrize("section", judging.SECTIONS, ids=name_of)
def test_a_section_of_judging_runs(root: Path, section: Section) -> None:
    pytest.importorskip("httpx2")
    check_section(root, "judging", section)


@needs_release
@pytest.mark.torch
@pytest.mark.parametrize("section", models.SECTIONS, ids=name_of)
def test_a_section_of_models_runs(root: Path, section: Section) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    check_section(root, "models", section)


@needs_release
@pytest.mark.load
@pytest.mark.parametrize("section", service.SECTIONS, ids=name_of)
def test_a_section_of_the_service_runs(root: Path, section: Section) -> None:
    if section.name == "profile" and shutil.which("perf") is None:
        pytest.skip("perf is not installed")
    check_section(root, "service", section)


def test_another_build_is_refused(root: Path) -> None:
    code = (
        "from evald import _native; _native.build_info = lambda: {'profile': 'quick', 'cpu': 'plain'}\n"
        "from bench.machine import check_native; check_native()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert "is a quick build" in done.stderr
