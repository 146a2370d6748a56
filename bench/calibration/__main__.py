"""The command: `python -m bench.calibration [--runs 10000] [--cell NAME] [--out docs/calibration.md]`.

Results are kept in bench/out/calibration.json as cells end. Cells that are there with as many runs are not run again,
unless they are named.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from bench import report
from bench.calibration import coverage, family, power, rejection
from bench.calibration.cells import Cell, Result, simulate
from bench.calibration.tables import tables, written
from evald import _native

KEPT = report.OUT / "calibration.json"


def main() -> None:
    """Runs what is missing, then prints the tables or writes them."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="of most cells; the slowest have a share of them")
    parser.add_argument("--cell", action="append", default=[], help="run cells whose name holds this, anew; repeatable")
    parser.add_argument("--out", type=Path, help="write the tables into this page, between its markers")
    parser.add_argument("--no-run", action="store_true", help="only show what was simulated before")
    args = parser.parse_args()
    # The simulation is one of many small calls.
    _native.set_threads(1)
    results = _kept()
    for cell in [] if args.no_run else _wanted(args.cell, args.runs, results):
        results[cell.name] = result = simulate(cell, args.runs)
        shown = ", ".join(f"{name} {one.mean:.4f}" for name, one in result.figures.items())
        print(f"{cell.name}: {shown} ({result.runs:,} runs, {result.seconds:.0f} s)", flush=True)
        _keep(results)
    text = tables({cell.name: results[cell.name] for cell in all_cells() if cell.name in results}, _about())
    if args.out:
        args.out.write_text(written(args.out.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        print(text)


def all_cells() -> Iterator[Cell]:
    """Every cell, in the order of the tables."""
    return chain(coverage.cells(), rejection.cells(), family.cells(), power.cells())


def _wanted(names: list[str], runs: int, results: dict[str, Result]) -> list[Cell]:
    """Cells to run; those of many rows come last."""
    if names:
        return [cell for cell in all_cells() if any(name in cell.name for name in names)]
    missing = [
        cell for cell in all_cells() if cell.name not in results or results[cell.name].runs < round(runs * cell.share)
    ]
    return sorted(missing, key=lambda cell: "/20000/" in cell.name)


def _kept() -> dict[str, Result]:
    if not KEPT.exists():
        return {}
    data: dict[str, Any] = json.loads(KEPT.read_text())
    return {name: Result.of_json(result) for name, result in data.items()}


def _keep(results: dict[str, Result]) -> None:
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps({name: result.as_json() for name, result in results.items()}, indent=1) + "\n")


def _about() -> str:
    date = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")
    return (
        f"Simulated on {date} with evald {_native.VERSION}, NumPy {np.__version__}, Python {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
