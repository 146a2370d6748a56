"""Runs the sections of a folder of benchmarks, each in a process of its own, and records what they found.

A section is a module with `run(quick) -> list[Figure]`. A missed goal is shown, not punished.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench import report
from bench.machine import ROOT, check_native


@dataclass(frozen=True)
class Section:
    """A module of the folder."""

    name: str
    # The processor path that EVALD_CPU forces; None for the fastest.
    cpu: str | None = None


def main(folder: str, sections: Sequence[Section]) -> int:
    """The command `python -m bench.FOLDER [section ...] [--quick] [--update-results]`; 1 if a section failed.

    The figures of all sections go to bench/out/FOLDER.json, one key a figure.
    """
    names = [section.name for section in sections]
    options = _options(folder, names)
    check_native()
    wanted = [section for section in sections if section.name in (options.sections or names)]
    reports = [found for section in wanted if (found := _run(folder, section, options.quick)) is not None]
    figures = {key: figure for found in reports for key, figure in found["figures"].items()}
    machines = {found["benchmark"]: found["machine"] for found in reports}
    merged = {"quick": options.quick, "machines": machines, "figures": figures}
    (report.OUT / f"{folder}.json").write_text(json.dumps(merged, indent=2) + "\n")
    report.print_goals(reports)
    if len(reports) < len(wanted):
        return 1
    if options.update_results:
        report.record(folder, reports)
    return 0


def _options(folder: str, names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m bench.{folder}", description=f"Measures {folder}.")
    parser.add_argument("sections", nargs="*", metavar="section", help=f"what to run: {', '.join(names)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows: to see that everything runs")
    parser.add_argument("--update-results", action="store_true", help="write the figures into bench/RESULTS.md")
    options = parser.parse_args()
    unknown = set(options.sections) - set(names)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if options.update_results and options.quick:
        parser.error("--update-results needs a full run: no --quick")
    return options


def _run(folder: str, section: Section, quick: bool) -> dict[str, Any] | None:
    """The report of a section in a process of its own; None if it failed."""
    name = f"{folder}_{section.name}"
    (report.OUT / f"{name}.json").unlink(missing_ok=True)
    environment = os.environ | ({} if section.cpu is None else {"EVALD_CPU": section.cpu})
    command = [sys.executable, "-m", f"bench.{folder}.{section.name}", *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode != 0:
        print(f"{section.name} ended with {done.returncode}", file=sys.stderr)
        return None
    return report.read(name)
