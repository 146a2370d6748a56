"""Figures, and how they are shown: table on the terminal, JSON in bench/out, table in RESULTS.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench import machine
from bench.measure import Spread

OUT = machine.ROOT / "bench" / "out"
RESULTS = machine.ROOT / "bench" / "RESULTS.md"


@dataclass(frozen=True)
class Goal:
    """A bound that a figure should keep; at least (">=") or at most ("<=")."""

    relation: str
    bound: float

    def met_by(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value >= self.bound if self.relation == ">=" else value <= self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:g}"


@dataclass(frozen=True)
class Figure:
    """One number with its unit ("x" is a ratio), its spread over rounds and what it means."""

    key: str
    spread: Spread
    unit: str
    what: str
    goal: Goal | None = None

    def as_json(self) -> dict[str, Any]:
        """The figure without its key."""
        goal = None if self.goal is None else {"goal": str(self.goal), "met": self.goal.met_by(self.spread.median)}
        numbers = {"value": self.spread.median, "low": self.spread.low, "high": self.spread.high}
        return {**numbers, "unit": self.unit, "what": self.what, **(goal or {})}


def milliseconds(key: str, spread: Spread, what: str, goal: Goal | None = None) -> Figure:
    """A figure in ms from a spread in seconds."""
    return Figure(key, Spread(spread.median * 1e3, spread.low * 1e3, spread.high * 1e3), "ms", what, goal)


def nanoseconds(key: str, spread: Spread, tokens: int, what: str) -> Figure:
    """A figure in ns a token from a spread in seconds."""
    scale = 1e9 / tokens
    return Figure(key, Spread(spread.median * scale, spread.low * scale, spread.high * scale), "ns", what)


def main(name: str, run: Callable[[bool], list[Figure]]) -> int:
    """The command of one benchmark: runs it, prints the table, writes bench/out/NAME.json. 1 if there is no figure."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows: to see that it runs")
    quick = parser.parse_args().quick
    about = machine.describe()
    figures = run(quick)
    keys = [figure.key for figure in figures]
    if len(set(keys)) != len(keys):
        raise ValueError(f"figures share a key: {keys}")
    report = {
        "benchmark": name,
        "quick": quick,
        "machine": about,
        "figures": {figure.key: figure.as_json() for figure in figures},
    }
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"\n{name}: {about['native']} {about['native_sha256']} ({about['native_build']}), load {about['load']}")
    print(table(report))
    return 0 if figures else 1


def read(name: str) -> dict[str, Any]:
    """The report of a benchmark that ran."""
    report: dict[str, Any] = json.loads((OUT / f"{name}.json").read_text())
    return report


def table(report: dict[str, Any]) -> str:
    """The figures for a terminal."""
    rows = [("figure", "median", "rounds", "goal", "what"), *_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:<{widths[3]}}  {row[4]}"
        for row in rows
    )


# What differs from one run to the next stands below the name of a section, the rest above all of them.
_OF_RUN = ("date", "commit", "native", "native_sha256", "native_build", "native_cpu", "load")


def markdown(report: dict[str, Any]) -> str:
    """One section of RESULTS.md."""
    about = report["machine"]
    lines = [f"### {report['benchmark']}", ""]
    lines += [f"{about['date']}, commit {about['commit']}, {about['native_cpu']}, load {about['load']}", ""]
    lines += ["| figure | median | rounds | goal | what |", "| --- | ---: | ---: | --- | --- |"]
    lines += [f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in _rows(report)]
    return "\n".join(lines) + "\n"


def print_goals(reports: Sequence[dict[str, Any]]) -> None:
    """Each goal, and whether it is met."""
    print("\ngoals" + (" (a quick run: too few rounds and rows to judge)" if any(r["quick"] for r in reports) else ""))
    for found in reports:
        for key, figure in found["figures"].items():
            if "goal" in figure:
                met = "met   " if figure["met"] else "MISSED"
                print(f"  {met} {key}: {figure['value']:.3g} {figure['unit']}, goal {figure['goal']}")


def record(block: str, reports: Sequence[dict[str, Any]]) -> None:
    """Writes sections into a block of RESULTS.md, between its two comments; other sections stay, with their dates."""
    if len({found["machine"]["native_sha256"] for found in reports}) > 1:
        raise RuntimeError("the extension was rebuilt during the run; nothing was recorded")
    start, end = f"<!-- {block}: start -->", f"<!-- {block}: end -->"
    before, _, rest = RESULTS.read_text(encoding="utf-8").partition(start)
    known, found_end, after = rest.partition(end)
    if not found_end:
        raise RuntimeError(f"RESULTS.md lacks {start} or {end}")
    sections = {part.split("\n", 1)[0]: f"### {part.rstrip()}\n" for part in known.split("\n### ")[1:]}
    sections |= {found["benchmark"]: markdown(found) for found in reports}
    about = {name: value for name, value in reports[0]["machine"].items() if name not in _OF_RUN}
    machine_table = ["| measured on | |", "| --- | --- |"]
    machine_table += [f"| {name.replace('_', ' ')} | {value} |" for name, value in about.items()]
    body = "\n".join(["\n".join(machine_table) + "\n", *sections.values()])
    RESULTS.write_text(f"{before}{start}\n{body}\n{end}{after}", encoding="utf-8")
    print("wrote bench/RESULTS.md")


def _rows(report: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            key,
            f"{_number(found['value'])} {found['unit']}",
            f"{_number(found['low'])} - {_number(found['high'])}",
            f"{found['goal']} {'met' if found['met'] else 'MISSED'}" if "goal" in found else "",
            found["what"],
        )
        for key, found in report["figures"].items()
    ]


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.3g}"
