"""`evald metrics`: what can be asked for."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence

from evald.cli import inputs, output
from evald.results import MetricInfo
from evald.results.export import document
from evald.results.text import printable, table


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    metrics = subparsers.add_parser(
        "metrics", help="list metrics", description="Lists the metrics, or describes one.", epilog=inputs.EXIT_CODES
    )
    metrics.add_argument("name", nargs="?", metavar="NAME", help="a metric to describe")
    inputs.add_server_flags(metrics, required=False)
    metrics.add_argument("--json", action="store_true", help="print JSON instead of a table")
    metrics.set_defaults(run=run_metrics)


def run_metrics(args: argparse.Namespace) -> int:
    """Prints the metrics of this installation or of a server; returns the exit code."""
    found = _metrics(args)
    if args.json:
        print(output.to_json([document(one) for one in found]))
    elif args.name:
        print(_described(found[0]))
    else:
        rows = [[one.name, ", ".join(one.needs), one.direction or "–", one.summary] for one in found]
        shown = table(["metric", "needs", "better", "what it measures"], rows, left=4)
        print("\n".join(map(_fitted, shown.splitlines())))
    return 0


def _fitted(line: str) -> str:
    """The line, cut where it would wrap on a terminal."""
    width = shutil.get_terminal_size().columns
    return line if len(line) <= width or not sys.stdout.isatty() else f"{line[: width - 1]}…"


def _metrics(args: argparse.Namespace) -> Sequence[MetricInfo]:
    if args.server:
        with inputs.open_client(args) as client:
            return [client.get_metric(args.name)] if args.name else client.list_metrics()
    from evald import embedded

    return [embedded.get_metric(args.name)] if args.name else embedded.list_metrics()


def _described(one: MetricInfo) -> str:
    facts = [
        ["needs", ", ".join(one.needs)],
        ["better", one.direction or "neither"],
        ["range", f"{one.low:g} to {one.high:g}"],
        ["row scores", "yes" if one.row_score else "no"],
        ["row weights", "yes" if one.weighted else "no"],
        ["intervals", "yes" if one.interval else "no"],
        ["shards merge", one.mergeable or "–"],
        ["profiles", ", ".join(one.profiles) or "–"],
        ["reference", one.reference],
        ["source", one.source],
        ["signature", one.signature or "–"],
    ]
    width = max(len(name) for name, _ in facts)
    lines = [one.name, one.summary, "", *(f"{name:{width}}  {printable(value)}" for name, value in facts)]
    if one.parameters:
        rows = [[p.name, p.type, p.default, p.allowed or "", p.summary] for p in one.parameters]
        lines += ["", table(["parameter", "type", "default", "allowed", "what it does"], rows, left=5)]
    return "\n".join(lines)
