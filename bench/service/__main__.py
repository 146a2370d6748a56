"""Runs sections: `python -m bench.service [section ...] [--quick] [--update-results]`."""

from __future__ import annotations

import sys

from bench.sections import main
from bench.service import SECTIONS

if __name__ == "__main__":
    sys.exit(main("service", SECTIONS))
