"""What the parity tests share."""

from __future__ import annotations

import os
from pathlib import Path

# The environment of the torch stage has torchmetrics, not the other references.
OTHERS = [file.name for file in Path(__file__).parent.glob("test_*.py") if file.name != "test_squad.py"]
collect_ignore = OTHERS if os.environ.get("EVALD_TORCH") == "required" else []


def lines(path: Path) -> list[str]:
    """The lines of a file, split at newlines alone."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
