"""What all tests share: the root of the repository, the shared data, the profiles of hypothesis."""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from evald.cli.serve import GRPC_EXPERIMENTS

ROOT = Path(__file__).resolve().parent.parent

# Servers inside the process of the tests are served as `evald serve` does it. gRPC reads it when it is imported.
os.environ.setdefault("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS)

# HYPOTHESIS_PROFILE=slow before a release; CI uses more examples than a developer's loop, and always the same ones.
settings.register_profile("fast", max_examples=30, deadline=None)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("slow", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "fast"))


class SharedDataMissingWarning(UserWarning):
    """The parity tests on real data were skipped; the summary of pytest shows this in full."""


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the checkout; without it the test is skipped, and loudly."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        reason = "../shared/data is missing: parity on real data is NOT tested"
        warnings.warn(SharedDataMissingWarning(reason), stacklevel=1)
        pytest.skip(reason)
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where torch is promised (`make test-torch`), a test of torch that skips itself has failed."""
    report = yield
    if report.skipped and os.environ.get("EVALD_TORCH") == "required" and item.get_closest_marker("torch"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped itself in the torch stage: {report.longrepr}"
    return report
