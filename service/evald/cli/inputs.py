"""What `evaluate` and `compare` share: flags, and the table that the files make."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evald.data import Model, Source, Table, combine, join, read_file, split_metrics, table_of
from evald.data.naming import NAMES, with_models
from evald.data.sources import FORMATS
from evald.errors import InvalidRequestError

if TYPE_CHECKING:
    from evald.client.request import Options
    from evald.client.sync import Client

EXIT_CODES = "Exit codes: 0 done (whatever the verdict), 1 failure of server or program, 2 wrong usage or input."
_FILES = """\
Files are JSONL (one object a line), CSV or TSV with a header; "-" is standard input. Columns are found by common
names (prediction, output, answer, response; reference, references, target, gold, label; id) or named by --map; other
fields by the names of the row type (value, weight, choices, token_logprobs, scores, ...).
"""


def epilog(examples: str) -> str:
    """The end of a command's help: files, examples, exit codes."""
    return f"{_FILES}\nExamples:\n{examples}\n{EXIT_CODES}"


def add_data_flags(parser: argparse.ArgumentParser) -> None:
    """Flags that say where rows come from."""
    group = parser.add_argument_group("data")
    group.add_argument("--data", metavar="GOLD", help="file of references, to be joined with --pred by id or position")
    group.add_argument(
        "--pred", action="append", default=[], metavar="NAME=FILE", help="predictions of a system; may be repeated"
    )
    group.add_argument(
        "--model", action="append", default=[], metavar="NAME=ALIAS", help="a model of the server as a system"
    )
    group.add_argument(
        "--map",
        type=_mapping,
        default={},
        metavar="ROLE=COLUMN,...",
        help=f"columns by role, for example prediction=output,reference=target; roles: {', '.join(NAMES)}",
    )
    group.add_argument("--format", choices=FORMATS, help="format of all files (default: by extension)")


def add_scoring_flags(parser: argparse.ArgumentParser) -> None:
    """Flags that say how to score."""
    group = parser.add_argument_group("scoring")
    group.add_argument(
        "--metrics",
        "-m",
        required=True,
        metavar="LIST",
        help='for example bleu,"rouge_l(stemmer=true)"; `evald metrics` lists them',
    )
    group.add_argument("--classes", metavar="A,B,...", help="the class set, in the order of class scores")
    group.add_argument(
        "--unknown-labels",
        choices=("reject", "bucket", "drop"),
        help="labels that are none of --classes: refuse the call, count them as the class (other), or drop the row"
        " (default reject)",
    )
    group.add_argument(
        "--resource",
        action="append",
        metavar="NAME=PATH",
        help="a file or folder that a metric names, for example a list of stop words; may be given several times",
    )
    group.add_argument("--seed", type=int, help="seed of all draws (default 12345)")
    group.add_argument("--replicates", type=int, help="bootstrap replicates, 0 for no intervals (default 1000)")
    group.add_argument("--confidence", type=float, help="level of the intervals (default 0.95)")
    group.add_argument(
        "--slice",
        action="append",
        metavar="FORM",
        help="slice the rows by a column or a key of a slices column, by 'language x domain', label, length(reference),"
        " 'contains(input, \"not\")'; may be given several times",
    )
    group.add_argument(
        "--min-slice-size", type=int, metavar="ROWS", help="smaller slices have no intervals and tests (default 30)"
    )
    group.add_argument("--rows", choices=("none", "failed", "all"), help="rows in the JSON (default failed)")


def add_server_flags(parser: argparse.ArgumentParser, required: bool = False) -> None:
    """Flags that say which server to ask; without one, this process does the work."""
    group = parser.add_argument_group("server")
    group.add_argument("--server", required=required, metavar="HOST:PORT", help="server to ask (default: none)")
    group.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="of a call (default 120)")
    group.add_argument("--tls", action="store_true", help="encrypt the connection")
    group.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust, in PEM; implies --tls")


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    """Flags that say what to print."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print JSON instead of a table")
    group.add_argument("--out", type=Path, metavar="FILE", help="write the JSON to a file as well")


def open_client(args: argparse.Namespace) -> Client:
    """The client that the server flags ask for."""
    from evald.client.channel import tls_credentials
    from evald.client.sync import Client

    try:
        credentials = tls_credentials(args.ca) if args.tls or args.ca else None
    except OSError as error:
        raise InvalidRequestError.of_field("FILE_ERROR", str(args.ca), error.strerror or "cannot be read") from None
    return Client(args.server, credentials=credentials, timeout=args.timeout)


def resources_of(args: argparse.Namespace) -> dict[str, str] | None:
    """Files that metrics name, by name."""
    if not args.resource:
        return None
    if args.server:
        raise _usage("--resource", "is for scoring in this process; a server has resources of its own")
    found: dict[str, str] = {}
    for entry in args.resource:
        name, equals, path = entry.partition("=")
        if not (name and equals and path):
            raise _usage("--resource", f"must be NAME=PATH, not {entry!r}")
        found[name] = path
    return found


def options_of(args: argparse.Namespace) -> Options:
    """Options of the call; flags that were not given stay unset."""
    options: Options = {
        "seed": args.seed,
        "replicates": args.replicates,
        "confidence_level": args.confidence,
        "row_report": args.rows,
        "slices": args.slice,
        "min_slice_size": args.min_slice_size,
        "unknown_labels": args.unknown_labels,
    }
    if args.classes is not None:
        options["classes"] = [label.strip() for label in args.classes.split(",")]
    if hasattr(args, "correction"):
        options["correction"] = args.correction
        options["missing"] = args.missing
    return options


def table_from(args: argparse.Namespace, files: Sequence[str]) -> Table:
    """The table that the files and flags make."""
    split_metrics(args.metrics)  # A typing error should not cost the reading of large files.
    if args.model:
        return _of_models(args, files)
    if args.pred and not args.data:
        return combine(_sources(args, [*files, *args.pred]), args.map)
    if args.data:
        if files or not args.pred:
            raise _usage("--data", "needs --pred NAME=FILE for every system, and no other files")
        return join(read_file(args.data, args.format), _sources(args, args.pred), args.map)
    if not files:
        raise _usage("FILE", "is missing; or give --data GOLD --pred NAME=FILE")
    if len(files) > 1:
        return combine(_sources(args, files), args.map)
    ((name, source),) = _sources(args, files).items()
    return table_of(source, args.map, name)


def _of_models(args: argparse.Namespace, files: Sequence[str]) -> Table:
    data = [*files, *([args.data] if args.data else [])]
    if args.pred or len(data) != 1:
        raise _usage("--model", "needs exactly one file of inputs and references, and no --pred")
    if not args.server:
        raise _usage("--model", "needs --server HOST:PORT, where models run")
    pairs = [entry.partition("=") for entry in args.model]
    models = {name: Model(alias or name) for name, _, alias in pairs}
    if len(models) != len(pairs):
        raise _usage("--model", "names a system twice")
    return with_models(read_file(data[0], args.format), models, args.map)


def _sources(args: argparse.Namespace, entries: Sequence[str]) -> dict[str, Source]:
    paths: dict[str, str] = {}
    for entry in entries:
        name, path = _named(entry)
        # Two runs often differ in the folder only.
        name = name if name not in paths else path
        if name in paths:
            raise _usage(entry, f"there are two systems of the name {name!r}; write NAME=FILE")
        paths[name] = path
    return {name: read_file(path, args.format) for name, path in paths.items()}


def _named(entry: str) -> tuple[str, str]:
    name, equals, path = entry.partition("=")
    if equals and name and path and not Path(entry).exists():
        return name, path
    return ("stdin" if entry == "-" else Path(entry).stem), entry


def _mapping(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(equals and role.strip() and column.strip() for role, equals, column in pairs):
        raise argparse.ArgumentTypeError("write ROLE=COLUMN,ROLE=COLUMN")
    return {role.strip(): column.strip() for role, _, column in pairs}


def _usage(field: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError.of_field("USAGE", field, problem)
