"""Runs benchmarks, each in a process of its own: `python -m bench [name ...] [--quick] [--update-results]`.

A missed goal is shown, not punished: times depend on the machine. The exit code is 1 if a benchmark failed or ran
nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Any

from bench import report
from bench.machine import ROOT, check_native

# In the order in which they run; a name is a module of this folder.
NAMES = ("text_metrics", "grpc_intervals", "gil", "footprint", "resampling", "slices")


def main() -> int:
    """The command; see the docstring of this module."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures evald against reference packages.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"what to run: {', '.join(NAMES)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows: to see that everything runs")
    parser.add_argument("--update-results", action="store_true", help="write the figures into bench/RESULTS.md")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if options.update_results and options.quick:
        parser.error("--update-results needs a full run: no --quick")
    check_native()
    names = options.names or NAMES
    reports = [found for name in names if (found := _run(name, options.quick)) is not None]
    report.print_goals(reports)
    if len(reports) < len(names):
        print("a benchmark failed or ran nothing; see above", file=sys.stderr)
        return 1
    if options.update_results:
        report.record("results", reports)
    return 0


def _run(name: str, quick: bool) -> dict[str, Any] | None:
    """The report of a benchmark in a process of its own; None if it failed."""
    (report.OUT / f"{name}.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode != 0:
        print(f"{name} ended with {done.returncode}", file=sys.stderr)
        return None
    found = report.read(name)
    return found if found["figures"] else None


if __name__ == "__main__":
    sys.exit(main())
