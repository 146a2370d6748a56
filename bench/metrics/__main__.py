"""Runs sections, each in a process of its own: `python -m bench.metrics [section ...] [--quick] [--update-results]`.

The figures of all sections go to bench/out/metrics.json, one key a figure. A missed goal is shown, not punished.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from bench import report
from bench.machine import ROOT, check_native
from bench.metrics import SECTIONS, Section


def main() -> int:
    """The command; see the docstring of this module. 1 if a section failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.metrics", description="Measures metrics.")
    names = [section.name for section in SECTIONS]
    parser.add_argument("sections", nargs="*", metavar="section", help=f"what to run: {', '.join(names)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows: to see that everything runs")
    parser.add_argument("--update-results", action="store_true", help="write the figures into bench/RESULTS.md")
    options = parser.parse_args()
    unknown = set(options.sections) - set(names)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if options.update_results and options.quick:
        parser.error("--update-results needs a full run: no --quick")
    check_native()
    wanted = [section for section in SECTIONS if section.name in (options.sections or names)]
    reports = [found for section in wanted if (found := _run(section, options.quick)) is not None]
    figures = {key: figure for found in reports for key, figure in found["figures"].items()}
    machines = {found["benchmark"]: found["machine"] for found in reports}
    merged = {"quick": options.quick, "machines": machines, "figures": figures}
    (report.OUT / "metrics.json").write_text(json.dumps(merged, indent=2) + "\n")
    report.print_goals(reports)
    if len(reports) < len(wanted):
        return 1
    if options.update_results:
        report.record("metrics", reports)
    return 0


def _run(section: Section, quick: bool) -> dict[str, Any] | None:
    """The report of a section in a process of its own; None if it failed."""
    name = f"metrics_{section.name}"
    (report.OUT / f"{name}.json").unlink(missing_ok=True)
    environment = os.environ | ({} if section.cpu is None else {"EVALD_CPU": section.cpu})
    command = [sys.executable, "-m", f"bench.metrics.{section.name}", *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode != 0:
        print(f"{section.name} ended with {done.returncode}", file=sys.stderr)
        return None
    return report.read(name)


if __name__ == "__main__":
    sys.exit(main())
