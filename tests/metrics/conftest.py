"""What the parity tests share."""

from __future__ import annotations

import os
from pathlib import Path

# The environment of the torch stage has torchmetrics, not the other references.
REFERENCES = ["bleu", "chrf", "classification", "rouge", "ter", "wer"]
collect_ignore = [f"test_{name}.py" for name in REFERENCES] if os.environ.get("EVALD_TORCH") == "required" else []


def lines(path: Path) -> list[str]:
    """The lines of a file, split at newlines alone."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
