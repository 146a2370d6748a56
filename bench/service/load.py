"""Runs `evald-load`: a closed loop of callers on a core of their own, which send request bytes as they are."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT
from bench.server import EVALUATE
from bench.service.servers import LOAD_CORE, Pinned

_BINARY = ROOT / "target" / "load" / "evald-load"
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Sample:
    """CPU microseconds of the server a call, calls a second, and latency in seconds by percentile."""

    cpu: float
    rate: float
    latency: dict[int, float]


def build() -> None:
    """Builds the load generator."""
    if shutil.which("go") is None:
        raise RuntimeError("go is missing: the load generator of clients/load is written in it")
    command = ["go", "build", "-buildvcs=false", "-o", str(_BINARY), "./cmd/evald-load"]
    subprocess.run(command, cwd=ROOT / "clients" / "load", check=True)


def closed_loop(server: Pinned, request: Path, callers: int, calls: int) -> Sample:
    """So many calls of a file's request, by so many callers over one connection."""
    command = ["taskset", "--cpu-list", str(LOAD_CORE), str(_BINARY), "-address", server.address]
    command += ["-method", EVALUATE, "-request", str(request), "-json", "-"]
    command += ["-concurrency", str(callers), "-calls", str(calls)]
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    used = server.cpu_seconds() - before
    if done.returncode != 0:
        raise RuntimeError(f"evald-load ended with {done.returncode}: {done.stderr}")
    report = json.loads(done.stdout)
    if report["statusCodeDistribution"] != {"OK": calls}:
        raise RuntimeError(f"calls failed: {report['statusCodeDistribution']}")
    marks = {mark["percentage"]: mark["latency"] / 1e9 for mark in report["latencyDistribution"]}
    return Sample(used / calls * 1e6, report["rps"], {mark: marks[mark] for mark in PERCENTILES})
