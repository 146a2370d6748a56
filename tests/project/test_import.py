"""`import evald` stays light: heavy packages are imported where they are used, not before."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "datasets",
    "onnx",
    "onnxruntime",
    "pandas",
    "prometheus_client",
    "scipy",
    "sklearn",
    "tokenizers",
    "torch",
    "transformers",
}
# Modules beyond those of a bare interpreter; seconds depend on the machine, this number does not.
BUDGET = 450
PROGRAM = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
import evald
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""


def test_import_is_light() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    modules = answer["modules"]
    print(f"import evald: {answer['seconds']:.3f} s, {len(modules)} modules")
    assert not HEAVY & {module.partition(".")[0] for module in modules}
    assert len(modules) <= BUDGET
