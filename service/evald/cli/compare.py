"""`evald compare`: is a candidate better than the baseline, by how much, and how sure is that?"""

from __future__ import annotations

import argparse

from evald.cli import inputs, output

_EXAMPLES = """\
  evald compare base.jsonl new.jsonl --metrics bleu,rouge_l
  evald compare base.jsonl new.jsonl newer.jsonl --metrics "f1(average=macro),accuracy" --out result.json
  evald compare --data gold.jsonl --pred base=a.jsonl --pred new=b.jsonl --metrics accuracy,confusion_matrix
  evald compare answers.jsonl --baseline-model majority --metrics accuracy
  evald compare inputs.jsonl --model base=support-base --model new=support-tuned --server localhost:50051 -m accuracy
"""


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
    inputs.add_comparison_flags(parser)
    inputs.add_server_flags(parser)
    inputs.add_output_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compares; returns the exit code, which is no verdict."""
    output.show(inputs.compared(args), args)
    return 0
