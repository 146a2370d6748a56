"""`evald models`: the models of a server, and model folders."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from evald.cli import inputs, output
from evald.results import ModelInfo
from evald.results.export import document
from evald.results.text import printable, table

if TYPE_CHECKING:
    from evald.backends.contract import ModelInfo as LoadedInfo

FAILED = 1
_CHECK_CODES = "Exit codes: 0 the model loads here, 1 it does not, 2 wrong usage."
# Loading a large model takes minutes.
_LOAD_SECONDS = 600.0
_ENCODERS = ("text-classification", "embedding")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command with its actions."""
    models = subparsers.add_parser(
        "models",
        help="list, load and unload the models of a server; check and export model folders",
        description="The models of a server, and model folders.",
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
    _add_check(actions)
    _add_export(actions)


def _add_check(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "say what is used, ignored, dropped and refused of a model folder, and whether it loads here"
    parser = actions.add_parser("check", help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=_CHECK_CODES)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a model folder")
    parser.add_argument("--backend", choices=("auto", "onnx", "torch"), default="auto", help="as in the settings")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="as in the settings")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto", help="as in the settings"
    )
    parser.add_argument(
        "--pooling", choices=("auto", "mean", "cls", "max"), default="auto", help="as in the settings, of an encoder"
    )
    parser.add_argument("--file", default="", metavar="NAME", help="graph of an ONNX model that has an unusual name")
    parser.add_argument("--base", type=Path, metavar="DIR", help="the folder of the base, if DIR is an adapter")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run_check)


def _add_export(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "make an ONNX folder from a folder of transformers; kept only if its numbers equal those of torch"
    parser = actions.add_parser("export", help=text, description=f"{text[0].upper()}{text[1:]}. Needs evald[torch].")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a model folder with safetensors")
    parser.add_argument(
        "--adapter", type=Path, metavar="DIR", help="an adapter to merge into the model; needs evald[peft]"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="NEW", help="the folder to write; must not exist")
    parser.set_defaults(run=run_export)


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


def run_check(args: argparse.Namespace) -> int:
    """Prints what evald makes of a folder; returns 0 if the model loads, else 1."""
    from evald.backends.check import check
    from evald.backends.registry import ModelOptions

    options = ModelOptions(args.backend, args.device, args.precision, args.pooling, file=args.file)
    found = check(args.folder, options, args.base)
    if args.json:
        print(output.to_json(asdict(found)))
        return FAILED if found.problem else 0
    if found.files:
        rows = [[printable(cell) for cell in (one.verdict, one.name, one.why)] for one in found.files]
        print(table(["verdict", "file", "why"], rows, left=3))
    if found.info is not None:
        print("\n".join(_facts(found.backend, found.info, found.weights_bytes)))
    if found.library_missing:
        print("whether weights and tokenizer fit the model cannot be judged without that library")
    print(f"does not load: {found.problem}" if found.problem else "loads")
    return FAILED if found.problem else 0


def run_export(args: argparse.Namespace) -> int:
    """Writes an ONNX folder; returns the exit code."""
    try:
        from evald.backends.export import TOLERANCE, export
        from evald.backends.folder import LoadError
    except ModuleNotFoundError as error:
        print(f"evald models export: {error.name} is missing: install evald[torch,cpu]", file=sys.stderr)
        return FAILED
    try:
        made = export(args.folder, args.out, args.adapter)
    except LoadError as error:
        print(f"evald models export: nothing was written: {error}", file=sys.stderr)
        return FAILED
    made_tokenizer = "; tokenizer.json was made from the slow tokenizer" if made.made_tokenizer else ""
    writes = ", writes texts" if made.info.writes else ", scores only" if made.info.task == "causal-lm" else ""
    invariant = str(made.info.batch_invariant).lower()
    padding = ", no padding but in attention" if made.info.packed_width else ""
    print(f"{args.out}: {made.info.task}{writes}, batch_invariant {invariant}{padding}{made_tokenizer}")
    print(
        f"largest difference of a number {made.largest_difference:.2g} over {made.sequences} texts, "
        f"allowed {TOLERANCE:g}"
    )
    return 0


def _facts(backend: str, info: LoadedInfo, size: int) -> Iterator[str]:
    facts = [
        ("task", info.task),
        ("classes", ", ".join(info.classes) or "–"),
        ("backend", f"{backend} ({info.engine}, {info.device}, {info.precision})"),
        ("weights", f"{size / (1 << 20):.1f} MiB, sha256 {info.weights_digest}"),
        *([("adapter", f"sha256 {info.adapter_digest}")] if info.adapter_digest else ()),
        ("tokenizer", f"sha256 {info.tokenizer_digest}"),
        ("max_tokens", str(info.max_tokens)),
        *([("pooling", info.embedding.pooling)] if info.embedding else ()),
        ("batch_invariant", str(info.batch_invariant).lower()),
        *([("padding", _padding(info))] if backend == "onnx" and info.task in _ENCODERS else ()),
    ]
    return (f"{name:16}{printable(value)}" for name, value in facts)


def _padding(info: LoadedInfo) -> str:
    if info.packed_width:
        return "computed in attention only"
    return "computed by every layer; `evald models export` makes graphs that leave it out"


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
    version = f"version {made.version}" if made.version else ""
    about = ", ".join(filter(None, (f"on {one.base}" if one.base else "", version)))
    alias = f"{one.alias} ({about})" if about else one.alias
    return [alias, one.task, state, size, made.engine or "–", made.device or "–", ", ".join(one.classes)]
