"""Whether models leave memory behind, in a real server: `python -m bench.model_memory [--quick]`.

Two questions: does resident memory return after models were loaded, used and unloaded again and again, and does it grow
while one model answers requests of mixed lengths? No times, so the build of the extension is no matter.
`tests/server/test_model_memory.py` is the small version.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import evald

ROOT = Path(__file__).resolve().parents[1]
WORDS = ("where", "is", "my", "parcel", "it", "was", "due", "on", "Monday", "and", "nobody", "answers", "the", "phone")
LOADS, REQUESTS = 50, 10_000
# By then allocators have their arenas and libraries their caches.
WARM_LOADS, WARM_SHARE = 5, 0.2


def main() -> int:
    """The command; see the docstring of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.model_memory", description="Memory that models leave behind."
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests: to see that it runs")
    requests = REQUESTS // 10 if parser.parse_args().quick else REQUESTS
    for alias in ("support-tuned", "tiny-lm"):
        with serving() as (client, resident):
            before, after = loading(client, resident, alias)
        print(f"{alias}: {before:.1f} MB resident without it, {after:.1f} MB after {LOADS} loads and unloads")
        print(f"{alias}: {after / before:.3f} of the memory before (goal: within 10 %)")
        with serving() as (client, resident):
            slope = answering(client, resident, alias, requests)
        print(
            f"{alias}: {slope:+.3f} MB per 1,000 requests over {requests} of mixed lengths (goal: under 1)", flush=True
        )
    return 0


@contextmanager
def serving() -> Iterator[tuple[evald.Client, Callable[[], float]]]:
    """A server with the example models, none of which is loaded, and its resident memory in MB."""
    command = [sys.executable, "-m", "evald", "serve", "--models", str(ROOT / "examples" / "models")]
    command += ["--model-load", "on_demand", "--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"]
    process = subprocess.Popen([*command, "--pre-stop-seconds", "0", "--log-level", "error"], stdout=subprocess.PIPE)
    page = os.sysconf("SC_PAGE_SIZE")
    try:
        line = process.stdout.readline() if process.stdout is not None else b"{}"
        with evald.Client(json.loads(line)["grpc"]) as client:
            statm = Path(f"/proc/{process.pid}/statm")
            yield client, lambda: int(statm.read_text().split()[1]) * page / 1e6
    finally:
        process.terminate()
        process.wait(30)


def loading(client: evald.Client, resident: Callable[[], float], alias: str) -> tuple[float, float]:
    """Resident memory after the first loads and unloads, and after many more."""
    found = []
    for _ in range(WARM_LOADS + LOADS):
        client.predict(alias, [" ".join(WORDS)] * 8)
        client.unload_model(alias)
        found.append(resident())
    return found[WARM_LOADS - 1], found[-1]


def answering(client: evald.Client, resident: Callable[[], float], alias: str, requests: int) -> float:
    """MB per 1,000 requests after a warm-up, by least squares."""
    draw = random.Random(1)
    found = []
    for _ in range(requests):
        client.predict(alias, [" ".join(draw.choices(WORDS, k=draw.randint(1, 40))) for _ in range(draw.randint(1, 8))])
        found.append(resident())
    kept = found[int(requests * WARM_SHARE) :]
    return float(np.polyfit(np.arange(len(kept)) / 1000, kept, 1)[0])


if __name__ == "__main__":
    sys.exit(main())
