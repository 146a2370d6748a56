"""`python -m tests.parity`: every metric against its reference on generated data; exit code 1 if anything differs."""

from __future__ import annotations

import argparse
import sys

from tests.parity.groups import GROUPS
from tests.parity.runner import run, shown


def main() -> int:
    """Parses arguments and runs the checks."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="groups of metrics; all by default")
    parser.add_argument("--cases", type=int, default=100_000, help="pairs (or rows) a metric (100000)")
    parser.add_argument("--seed", type=int, default=20261121, help="seed of the data")
    arguments = parser.parse_args()
    mismatches = 0
    for group in arguments.groups or GROUPS:
        checks = GROUPS[group]()
        if not checks:
            print(f"{group}: NOT COMPARED, its reference does not run here; see tests/parity/README.md")
            continue
        table = run(checks, arguments.cases, arguments.seed)
        mismatches += sum(tally.mismatches for tally in table.values())
        print(shown(table), flush=True)
    print(f"{mismatches} mismatches")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
