"""Runs sections: `python -m bench.models [section ...] [--quick] [--update-results]`."""

from __future__ import annotations

import sys

from bench.models import SECTIONS
from bench.sections import main

if __name__ == "__main__":
    sys.exit(main("models", SECTIONS))
