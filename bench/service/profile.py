"""Where the CPU time of a call goes, for 1 and 256 rows, in evald and in its bare echo.

Needs perf (Debian's linux-perf). Sampling itself costs, so its shares divide the time of calls that were not sampled.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from bench.measure import Spread
from bench.report import Figure, main
from bench.service import workload
from bench.service.load import build, closed_loop
from bench.service.servers import EVALD, Pinned, echo, pinned

_CALLERS = 16
_ROUNDS = 5
# What a library's file begins with, by what it is called here.
_FILES = {
    "[kernel": "kernel",
    "libpython": "python",
    "cygrpc": "grpc",
    "_native": "native",
    "libc": "libc",
}
_ROOMS = {
    "kernel": "sockets, switching threads",
    "python": "the interpreter",
    "grpc": "gRPC's core",
    "native": "evald's native code",
    "libc": "memory and locks, of all",
}
_OTHER = "other"


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    if shutil.which("perf") is None:
        raise RuntimeError("perf is missing (Debian: linux-perf)")
    build()
    return [figure for rows in (1, 256) for figure in _size(rows, 1 if quick else _ROUNDS)]


def _size(rows: int, rounds: int) -> list[Figure]:
    request = workload.request(rows)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "request").write_bytes(request)
        evald = stack.enter_context(pinned(EVALD))
        servers = {"evald": evald, "echo": stack.enter_context(pinned(echo(len(evald.evaluate(request)))))}
        turns = [{name: _times(server, folder) for name, server in servers.items()} for _ in range(rounds)]
    return [
        Figure(f"profile.{rows}.{name}.{room}", Spread.of(turn[name][room] for turn in turns), "us", what)
        for name in servers
        for room, what in {**_ROOMS, _OTHER: _OTHER}.items()
    ]


def _times(server: Pinned, folder: Path) -> dict[str, float]:
    """CPU microseconds of a call by room."""
    file = folder / "request"
    warm = closed_loop(server, file, _CALLERS, 1000)
    calls = round(warm.rate * 2)
    cpu = closed_loop(server, file, _CALLERS, calls).cpu
    shares = _shares(server, file, calls, folder / "samples")
    return {room: cpu * shares[room] / 100 for room in (*_ROOMS, _OTHER)}


def _shares(server: Pinned, file: Path, calls: int, samples: Path) -> Counter[str]:
    """Percent of the samples by room."""
    command = ["perf", "record", "--quiet", "--freq", "4999", "--output", str(samples), "--pid", str(server.pid)]
    recording = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    closed_loop(server, file, _CALLERS, calls)
    recording.send_signal(signal.SIGINT)
    recording.wait(timeout=30)
    report = ["perf", "report", "--input", str(samples), "--stdio", "--no-children", "--sort", "dso"]
    page = subprocess.run(report, capture_output=True, text=True, check=True).stdout
    shares: Counter[str] = Counter()
    for line in page.splitlines():
        if line.strip() and not line.startswith("#"):
            percent, library = line.split(maxsplit=1)
            room = next((room for start, room in _FILES.items() if library.startswith(start)), _OTHER)
            shares[room] += float(percent.rstrip("%"))  # type: ignore[assignment]
    if not shares:
        raise RuntimeError("perf took no samples")
    return shares


if __name__ == "__main__":
    sys.exit(main("service_profile", run))
