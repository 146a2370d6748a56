"""`evald-load` as it is built here, and what a server says of itself: its metrics, its memory, its threads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.server.conftest import SOON, Process, wait_until

# Where Go must be there, its absence fails instead of skipping. A server that inherits it would take it for a setting.
REQUIRED = os.environ.pop("EVALD_LOAD", "") == "required"
# The binary ends by itself; this is for one that hangs.
MOST_SECONDS = 600

Labels = frozenset[tuple[str, str]]


def tool(name: str, why: str) -> str:
    """A program that these tests need."""
    found = shutil.which(name)
    if found is None:
        (pytest.fail if REQUIRED else pytest.skip)(f"there is no {name}: {why}")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def binary(root: Path) -> Path:
    """The generator, built."""
    go = tool("go", "the load generator is NOT tested")
    path = root / "target" / "load" / "evald-load"
    command = [go, "build", "-buildvcs=false", "-o", str(path), "./cmd/evald-load"]
    subprocess.run(command, cwd=root / "clients" / "load", check=True, timeout=MOST_SECONDS)
    return path


Load = Callable[..., dict[str, Any]]


@pytest.fixture
def evald_load(binary: Path, process: Process) -> Load:
    """Runs the generator against the server and gives its results; `codes` are the exit codes that are right."""

    def run(*flags: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        # How late a busy machine sends is not what these tests are about.
        command = [str(binary), "--address", process.grpc_address, "--json", "-", "--max-lateness", "10m", *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MOST_SECONDS)
        assert done.returncode in codes, done.stdout[-2000:] + done.stderr
        results: dict[str, Any] = json.loads(done.stdout)
        return results

    return run


@pytest.fixture(scope="module")
def process(root: Path) -> Iterator[Process]:
    """A real server with the example models, ready."""
    process = Process("--models-dir", str(root / "examples" / "models"), "--pre-stop-seconds", "0")
    process.wait_until(lambda: process.get("/readyz")[0] == 200)
    yield process
    process.popen.terminate()
    process.end()


class Scrape:
    """The metrics page at one moment."""

    def __init__(self, process: Process) -> None:
        self._samples: dict[tuple[str, Labels], float] = {}
        for family in text_string_to_metric_families(process.get("/metrics")[1]):
            for sample in family.samples:
                self._samples[sample.name, frozenset(sample.labels.items())] = sample.value

    def by(self, name: str, label: str, **labels: str) -> Counter[str]:
        """The values of a metric by one of its labels, for given values of others."""
        found: Counter[str] = Counter()
        for (known, pairs), value in self._samples.items():
            if known == name and labels.items() <= dict(pairs).items():
                # Counts are whole.
                found[dict(pairs).get(label, "")] += int(value)
        return found

    def total(self, name: str, **labels: str) -> int:
        """The sum of a metric over all labels that are not given."""
        return self.by(name, "", **labels).total()


def quiet(process: Process) -> Scrape:
    """The metrics once every call that the server knows has ended; callers that left do not wait for that."""
    seen: list[Scrape] = []

    def ended() -> bool:
        scrape = Scrape(process)
        seen.append(scrape)
        # The scrape is no RPC.
        return scrape.total("grpc_server_started_total") == scrape.total("grpc_server_handled_total")

    wait_until(ended)
    return seen[-1]


def made_by_server(results: dict[str, Any]) -> Counter[str]:
    """Calls by the code that the server gave, as the generator saw it."""
    found: Counter[str] = Counter()
    for ending in results["endings"]:
        if ending["maker"] == "server":
            found[ending["code"]] += ending["count"]
    return found


class Resources:
    """What a process holds, by /proc."""

    def __init__(self, process: Process) -> None:
        folder = Path("/proc") / str(process.popen.pid)
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        self.resident_kib = int(status["VmRSS"].split()[0])
        self.threads = int(status["Threads"])
        self.descriptors = len(list((folder / "fd").iterdir()))


def settled(look: Callable[[], int], most: int) -> int:
    """Waits until a number has gone down to `most`, and gives it; the last one if it does not."""
    end = time.monotonic() + SOON
    while (now := look()) > most and time.monotonic() < end:
        time.sleep(0.1)
    return now
