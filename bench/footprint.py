"""What evald costs before it does anything: import time, imported modules, memory of an idle server without models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from bench import corpora, requests
from bench.machine import ROOT
from bench.measure import Spread
from bench.report import Figure, Goal, main, milliseconds
from bench.server import Server

RUNS = 7
QUICK_RUNS = 3
IMPORT_GOAL = Goal("<=", 500)
MEMORY_GOAL = Goal("<=", 120)
HEAVY = (
    "torch",
    "transformers",
    "sklearn",
    "scipy",
    "pandas",
    "datasets",
    "onnxruntime",
    "tokenizers",
    "prometheus_client",
)
IMPORTS = {
    "import": "import evald",
    "evaluate": "import evald; evald.evaluate(['a b c d'], ['a b c d'], metrics=['bleu'])",
    "client": "import evald; evald.Client",
}
PROGRAM = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
exec(sys.argv[1])
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""


def run(quick: bool) -> list[Figure]:
    """All figures of this benchmark. Raises RuntimeError if importing evald loads a heavy package."""
    figures = []
    for name, code in IMPORTS.items():
        runs = _fresh_runs(code, QUICK_RUNS if quick else RUNS)
        goal = IMPORT_GOAL if name == "import" else None
        what = f"`{code}` in a fresh interpreter; {len(runs[0]['modules'])} modules"
        figures.append(milliseconds(f"import.{name}", Spread.of(one["seconds"] for one in runs), what, goal))
        _check_light(code, runs[0]["modules"])
    return figures + _memory(QUICK_RUNS if quick else RUNS)


def _fresh_runs(code: str, runs: int) -> list[dict[str, Any]]:
    """Fresh interpreters one after the other, with bytecode on disk as after the first start of an installation."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        return [_fresh(code, environment) for _ in range(runs + 1)][1:]


def _fresh(code: str, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-c", PROGRAM, code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _check_light(code: str, modules: list[str]) -> None:
    found = sorted({module.partition(".")[0] for module in modules} & set(HEAVY))
    if found:
        raise RuntimeError(f"`{code}` imports {', '.join(found)}")


def _memory(runs: int) -> list[Figure]:
    request = requests.request_bytes(corpora.translations(256), ["bleu", "rouge_l"], replicates=1000)
    idle, used = [], []
    for _ in range(runs):
        with Server() as server:
            idle.append(server.memory())
            for _ in range(20):
                server.evaluate(request)
            used.append(server.memory())
    return [
        Figure("server.rss.idle", Spread.of(idle), "MB", "resident memory, no models, ready, no call yet", MEMORY_GOAL),
        Figure("server.rss.used", Spread.of(used), "MB", "after 20 calls of 256 rows with intervals"),
    ]


if __name__ == "__main__":
    sys.exit(main("footprint", run))
