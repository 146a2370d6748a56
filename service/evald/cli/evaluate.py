"""`evald evaluate`: values with intervals for one system or several."""

from __future__ import annotations

import argparse

from evald.cli import inputs, output

_EXAMPLES = """\
  evald evaluate answers.jsonl --metrics bleu,rouge_l
  evald evaluate answers.csv --metrics "f1(average=macro)" --map prediction=output,reference=target
  evald evaluate --data gold.jsonl --pred base=a.jsonl --pred new=b.jsonl --metrics accuracy --json
  evald evaluate inputs.jsonl --model base=support-base --server localhost:50051 --metrics accuracy
  evald evaluate inputs.jsonl --remote gpt=my-endpoint --server localhost:50051 --metrics exact_match
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evald evaluate`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score predictions",
        description="Scores predictions against references, in this process or on a server.",
        epilog=inputs.epilog(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="rows that hold predictions and references")
    inputs.add_data_flags(parser)
    inputs.add_scoring_flags(parser)
    inputs.add_server_flags(parser)
    inputs.add_output_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluates; returns the exit code."""
    output.show(inputs.evaluated(args), args)
    return 0
