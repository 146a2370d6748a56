"""`evald models`: the models of a server, and model folders."""

from __future__ import annotations

import argparse

from evald.cli import inputs, output
from evald.results import ModelInfo
from evald.results.export import document
from evald.results.text import printable, table

# Loading a large model takes minutes.
_LOAD_SECONDS = 600.0


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command with its actions."""
    models = subparsers.add_parser(
        "models",
        help="list, load and unload the models of a server",
        description="The models of a server.",
        epilog=inputs.EXIT_CODES,
    )
    actions = models.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, text, run in (
        ("list", "list the models of a server", run_list),
        ("load", "load models and wait until they are ready", run_load),
        ("unload", "free the memory of models once they are done with their calls", run_unload),
    ):
        parser = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name != "list":
            parser.add_argument("alias", nargs="+", metavar="ALIAS", help="a model")
        inputs.add_server_flags(parser, required=True)
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        parser.set_defaults(run=run)
        if name == "load":
            parser.set_defaults(timeout=_LOAD_SECONDS)


def run_list(args: argparse.Namespace) -> int:
    """Prints the models of a server; returns the exit code."""
    with inputs.open_client(args) as client:
        return _show(client.list_models(), args)


def run_load(args: argparse.Namespace) -> int:
    """Loads models, one after the other; returns the exit code."""
    with inputs.open_client(args) as client:
        return _show([client.load_model(alias) for alias in args.alias], args)


def run_unload(args: argparse.Namespace) -> int:
    """Unloads models, one after the other; returns the exit code."""
    with inputs.open_client(args) as client:
        return _show([client.unload_model(alias) for alias in args.alias], args)


def _show(found: list[ModelInfo], args: argparse.Namespace) -> int:
    if args.json:
        print(output.to_json([document(one) for one in found]))
        return 0
    rows = [[printable(cell) for cell in _cells(one)] for one in found]
    print(table(["model", "task", "state", "MiB", "engine", "device", "classes"], rows, left=7))
    return 0


def _cells(one: ModelInfo) -> list[str]:
    made = one.provenance
    state = " ".join(filter(None, (one.state, "(pinned)" if one.pinned else "", one.state_reason)))
    size = f"{one.weights_bytes / (1 << 20):.1f}" if one.weights_bytes else "–"
    return [one.alias, one.task, state, size, made.engine or "–", made.device or "–", ", ".join(one.classes)]
