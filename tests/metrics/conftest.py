"""What the parity tests share."""

from __future__ import annotations

import os
from pathlib import Path

# The environment of the torch stage has torchmetrics, not the other references.
collect_ignore = (
    [
        "test_bleu.py",
        "test_classification.py",
        "test_drop.py",
        "test_rouge.py",
        "test_squad2.py",
        "test_triviaqa.py",
        "test_truthfulqa.py",
    ]
    if os.environ.get("EVALD_TORCH") == "required"
    else []
)


def lines(path: Path) -> list[str]:
    """The lines of a file, split at newlines alone."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
