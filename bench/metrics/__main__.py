"""Runs sections: `python -m bench.metrics [section ...] [--quick] [--update-results]`."""

from __future__ import annotations

import sys

from bench.metrics import SECTIONS
from bench.sections import main

if __name__ == "__main__":
    sys.exit(main("metrics", SECTIONS))
