"""Every metric of the registry has its golden table and its line in README."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evald import _native
from evald.v1 import catalog_pb2


@pytest.fixture(scope="module")
def metrics() -> list[str]:
    response = catalog_pb2.ListMetricsResponse.FromString(_native.list_metrics())
    return [metric.name for metric in response.metrics]


def test_metrics_are_listed_by_name(metrics: list[str]) -> None:
    assert metrics
    assert metrics == sorted(set(metrics))


def test_every_metric_has_a_golden_table(metrics: list[str], root: Path) -> None:
    tables = {file.stem: json.loads(file.read_text()) for file in (root / "tests" / "golden").glob("*.json")}
    missing = [name for name in metrics if name not in tables]
    assert not missing, f"add tests/golden/NAME.json for: {missing}"
    empty = [name for name in metrics if not tables[name]]
    assert not empty


def test_readme_lists_the_metrics(root: Path) -> None:
    command = [sys.executable, "tools/metrics_table.py", "--check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
