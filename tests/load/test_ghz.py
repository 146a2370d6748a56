"""ghz, another load generator, calls the server as it describes itself, and both count the same."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.load.conftest import MOST_SECONDS, quiet, tool

if TYPE_CHECKING:
    from tests.server.conftest import Process

# The first run builds ghz.
pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]


def test_ghz_needs_nothing_but_reflection(root: Path, process: Process) -> None:
    tool("go", "ghz is NOT tested")
    before = quiet(process)
    script = root / "clients" / "load" / "ghz.sh"
    command = [str(script), process.grpc_address, "--total", "200", "--concurrency", "4", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MOST_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(done.stdout)
    assert results["statusCodeDistribution"] == {"OK": 200}
    after = quiet(process)
    counted = after.by("grpc_server_handled_total", "grpc_code", grpc_method="Evaluate")
    assert counted - before.by("grpc_server_handled_total", "grpc_code", grpc_method="Evaluate") == {"OK": 200}
    rows = after.total("evald_rows_total", rpc="evaluate") - before.total("evald_rows_total", rpc="evaluate")
    assert rows == 2 * 200
    ours = {"date", "endReason", "options", "count", "total", "average", "fastest", "slowest", "rps"}
    ours |= {"errorDistribution", "statusCodeDistribution", "latencyDistribution", "histogram"}
    assert ours <= results.keys(), "names that evald-load takes over"
