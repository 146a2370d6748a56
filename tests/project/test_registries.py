"""Every metric of the registry has its golden table and its line in README."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

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


def metrics_in(value: Any) -> Iterator[str]:
    """Names under the key "metric", at any depth; "rouge_l(stemmer=true)" is a table of rouge_l."""
    if isinstance(value, dict):
        if isinstance(value.get("metric"), str):
            yield value["metric"].partition("(")[0]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from metrics_in(item)


def test_every_metric_has_a_golden_table(metrics: list[str], root: Path) -> None:
    files = [json.loads(file.read_text()) for file in (root / "tests" / "golden").glob("*.json")]
    covered = {table["metric"] for file in files for table in file["tables"]}
    missing = [name for name in metrics if name not in covered]
    assert not missing, f"add a table to a file of tests/golden for: {missing}"


def test_documentation_says_what_the_registry_says(root: Path) -> None:
    command = [sys.executable, "tools/metric_docs.py", "--check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_references_are_the_versions_that_tests_run() -> None:
    """A metric that names a package is compared with that version of it here."""
    response = catalog_pb2.ListMetricsResponse.FromString(_native.list_metrics())
    named = {
        found for metric in response.metrics for found in re.findall(r"([a-z][\w-]+) (\d+\.\d[\d.]*)", metric.reference)
    }
    installed = {distribution.name.lower(): distribution.version for distribution in metadata.distributions()}
    compared = {(name, version) for name, version in named if name in installed}
    assert len(compared) > 5
    wrong = [f"{name} {version}" for name, version in compared if not f"{installed[name]}.".startswith(f"{version}.")]
    assert not wrong, f"metrics name {wrong}, and other versions are installed"


def test_every_metric_has_a_page(metrics: list[str], root: Path) -> None:
    pages = {page: page.read_text() for page in sorted((root / "docs" / "metrics").glob("*.md"))}
    for name in metrics:
        homes = [page.name for page, text in pages.items() if f"<!-- parameters: {name} -->" in text]
        assert len(homes) == 1, f"{name} needs exactly one page in docs/metrics with its marker; it has {homes}"
