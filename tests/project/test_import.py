"""`import evald` stays light: heavy packages are imported where they are used, not before."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "datasets",
    "google",
    "grpc",
    "numpy",
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
BUDGET = 50
# What scoring without a server may load on top.
LIGHT_ENOUGH = {"google", "grpc", "numpy"}
PROGRAM = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
import evald
STEP
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""


def modules_of(step: str) -> list[str]:
    program = PROGRAM.replace("STEP", step)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    print(f"import evald; {step}: {answer['seconds']:.3f} s, {len(answer['modules'])} modules")
    return list(answer["modules"])


def test_import_is_light() -> None:
    modules = modules_of("")
    assert not HEAVY & {module.partition(".")[0] for module in modules}
    assert len(modules) <= BUDGET


def test_scoring_loads_nothing_heavy() -> None:
    modules = modules_of("evald.evaluate(['a b c'], ['a b c'], metrics=['bleu', 'rouge_l'], replicates=100)")
    assert not (HEAVY - LIGHT_ENOUGH) & {module.partition(".")[0] for module in modules}
