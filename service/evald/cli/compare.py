"""`evald compare`: is a candidate better than the baseline, by how much, and how sure is that?"""

from __future__ import annotations

import argparse

from evald.cli import inputs, output
from evald.errors import InvalidRequestError

_EXAMPLES = """\
  evald compare base.jsonl new.jsonl --metrics bleu,rouge_l
  evald compare base.jsonl new.jsonl newer.jsonl --metrics "f1(average=macro),accuracy" --out result.json
  evald compare --data gold.jsonl --pred base=a.jsonl --pred new=b.jsonl --metrics accuracy,confusion_matrix
  evald compare inputs.jsonl --model base=support-base --model new=support-tuned --server localhost:50051 -m accuracy
"""

_TESTS = (
    "paired_randomisation",
    "mcnemar_exact",
    "mcnemar_midp",
    "paired_t",
    "sign",
    "sacrebleu_paired_ar",
    "sacrebleu_paired_bs",
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evald compare`."""
    parser = subparsers.add_parser(
        "compare",
        help="compare systems with a baseline",
        description="Compares candidates with a baseline, paired by row: differences, intervals, p-values, verdicts.",
        epilog=inputs.epilog(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="BASE NEW [MORE ...]: rows that hold predictions and references"
    )
    inputs.add_data_flags(parser)
    inputs.add_scoring_flags(parser)
    group = parser.add_argument_group("comparison")
    group.add_argument("--baseline", metavar="NAME", help="name of the baseline (default: the first system)")
    group.add_argument(
        "--correction",
        choices=("holm", "holm_sidak", "benjamini_hochberg", "benjamini_yekutieli", "none"),
        help="for several tests (default holm)",
    )
    group.add_argument(
        "--test",
        choices=_TESTS,
        help="paired test of every metric (default: mcnemar_exact for shares of right rows that are independent, else"
        " paired_randomisation)",
    )
    group.add_argument(
        "--margin",
        action="append",
        default=[],
        metavar="[METRIC=]NUMBER",
        help="differences below it, on the metric's scale, do not matter: tells equivalent and not worse from"
        " inconclusive; may be given for several metrics",
    )
    group.add_argument(
        "--missing",
        choices=("pairwise", "fail"),
        help="rows without a prediction leave the paired figures, or fail the call (default pairwise)",
    )
    inputs.add_server_flags(parser)
    inputs.add_output_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compares; returns the exit code, which is no verdict."""
    with output.progress() as bar:
        bar.say("reading")
        table = inputs.table_from(args, args.files)
        if len(table.systems) < 2:
            raise InvalidRequestError.of_field("USAGE", "FILE", "give at least two systems to compare")
        options = inputs.options_of(args)
        resources = inputs.resources_of(args)
        if args.server:
            bar.say(f"{args.server} is comparing {table.rows:,} rows")
            with inputs.open_client(args) as client:
                result = client.compare(args.baseline, rows=table, metrics=args.metrics, **options)
        else:
            from evald.embedded import compare

            result = compare(
                args.baseline, rows=table, metrics=args.metrics, progress=bar, resources=resources, **options
            )
    output.show(result, args)
    return 0
