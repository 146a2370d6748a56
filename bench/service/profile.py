"""Where the CPU time of a call goes: samples of `perf` by library, for 1 and 256 rows.

Needs perf (Debian's linux-perf). Sampling itself costs, so shares count here and times are those of `calls`.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.measure import Spread
from bench.report import Figure, main
from bench.service import workload
from bench.service.load import build, closed_loop
from bench.service.servers import EVALD, Pinned, pinned

_CALLERS = 16
_ROUNDS = 5
# What a library is called here, by what its file's name begins with.
_ROOMS = {
    "[kernel": "kernel: sockets, switching threads",
    "libpython": "Python",
    "cygrpc": "gRPC",
    "_native": "evald's native code",
    "libc": "memory, locks",
}
_OTHER = "other"


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    if shutil.which("perf") is None:
        raise RuntimeError("perf is missing (Debian: linux-perf)")
    build()
    return [figure for rows in (1, 256) for figure in _size(rows, 1 if quick else _ROUNDS)]


def _size(rows: int, rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, pinned(EVALD) as server:
        file = Path(folder) / "request"
        file.write_bytes(workload.request(rows))
        calls = round(closed_loop(server, file, _CALLERS, 1000).rate * 2)
        found = [_shares(server, file, calls, Path(folder) / "samples") for _ in range(rounds)]
    rooms = [*_ROOMS.values(), _OTHER]
    return [
        Figure(f"profile.{rows}.{room.split(':')[0]}", Spread.of(one[room] for one in found), "%", room)
        for room in rooms
    ]


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
            room = next((room for start, room in _ROOMS.items() if library.startswith(start)), _OTHER)
            shares[room] += float(percent.rstrip("%"))  # type: ignore[assignment]
    if not shares:
        raise RuntimeError("perf took no samples")
    return shares


if __name__ == "__main__":
    sys.exit(main("service_profile", run))
