"""`evald plan`: how many rows a comparison needs, or what it can show with the rows there are."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evald.cli import inputs, output
from evald.errors import InvalidRequestError
from evald.results import PairedResult

if TYPE_CHECKING:
    from evald.client.plan import PlanKeywords

_EXAMPLES = """\
Examples:
  evald plan --effect 0.01 --rate 0.85 --discordant 0.06
  evald plan --rows 500 --rate 0.85
  evald plan --effect 0.5 --pilot result.json --metric bleu    (of `evald compare ... --out result.json`)
  evald plan --effect 0.02 --rate 0.7 --cluster-size 12 --cluster-correlation 0.2 --tests 3

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evald plan`."""
    parser = subparsers.add_parser(
        "plan",
        help="rows that a comparison needs",
        description="Tells the rows that show a difference, the difference that rows show, or the power of both.",
        epilog=_EXAMPLES + inputs.EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked = parser.add_argument_group("known; what is left out is asked for")
    asked.add_argument("--effect", type=float, help="smallest difference that matters, on the metric's scale")
    asked.add_argument("--rows", type=int, help="number of rows")
    asked.add_argument("--power", type=float, help="probability that the difference is found (default 0.8)")
    spread = parser.add_argument_group("how much rows vary; one of --rate, --std and --pilot")
    spread.add_argument("--rate", type=float, help="right or wrong: share of rows that the baseline gets right")
    spread.add_argument("--discordant", type=float, help="share of rows that only one system gets right")
    spread.add_argument(
        "--std", type=float, dest="difference_std", help="standard deviation over rows of candidate - baseline"
    )
    spread.add_argument(
        "--pilot", type=Path, metavar="FILE", help="result of a comparison, as --out or --json wrote it"
    )
    spread.add_argument("--metric", help="of the pilot (needed if it has several)")
    spread.add_argument("--candidate", help="of the pilot (needed if it has several)")
    test = parser.add_argument_group("test")
    test.add_argument("--confidence", type=float, dest="confidence_level", help="1 - level of the test (default 0.95)")
    test.add_argument("--tests", type=int, help="tests in the family, metrics x candidates (default 1)")
    test.add_argument("--cluster-size", type=float, help="mean number of rows of a cluster (document, user)")
    test.add_argument("--cluster-correlation", type=float, help="intraclass correlation of the difference, 0 to 1")
    inputs.add_server_flags(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of words")
    parser.set_defaults(run=run)


_PASSED = (
    "effect", "rows", "power", "rate", "discordant", "difference_std", "confidence_level", "tests",
    "cluster_size", "cluster_correlation",
)  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Prints the plan; returns the exit code."""
    keywords: Any = {name: getattr(args, name) for name in _PASSED}
    if args.pilot is not None:
        keywords["pilot"] = _pilot(args.pilot, {"metric": args.metric, "candidate": args.candidate})
    found: PlanKeywords = keywords
    if args.server:
        with inputs.open_client(args) as client:
            result = client.plan(**found)
    else:
        from evald.embedded import plan

        result = plan(**found)
    print(output.to_json(result.to_dict()) if args.json else result)
    return 0


def _pilot(path: Path, wanted: dict[str, str | None]) -> PairedResult:
    """The one comparison of a result file that the flags name."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["comparisons"]
        results = [PairedResult(**one) for one in found]
    except OSError as error:
        raise InvalidRequestError.of_field("FILE_ERROR", str(path), error.strerror or "cannot be read") from None
    except (ValueError, TypeError, KeyError):
        raise InvalidRequestError.of_field(
            "BAD_PLAN", str(path), "is no result of evald compare: write one with --out"
        ) from None
    for name, value in wanted.items():
        names = sorted({getattr(one, name) for one in results})
        if value is None and len(names) == 1:
            continue
        if value not in names:
            raise InvalidRequestError.of_field("BAD_PLAN", f"--{name}", f"must be one of {', '.join(names)}")
        results = [one for one in results if getattr(one, name) == value]
    if not results:
        raise InvalidRequestError.of_field("BAD_PLAN", str(path), "holds no comparison of that metric and candidate")
    return results[0]
