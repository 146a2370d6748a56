"""What the rows of this example are: intents of BANKING77, and film reviews of SST-2 as the other task."""

from __future__ import annotations

import csv
from pathlib import Path

Rows = tuple[list[str], list[str]]


def intents(folder: Path, split: str, rows: int | None = None) -> Rows:
    """Texts and intents of train.csv or test.csv; the first `rows` of an even choice from all."""
    with (folder / f"{split}.csv").open(encoding="utf-8", newline="") as stream:
        found = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    # The file is sorted by intent: every n-th row has rows of all.
    step = max(1, len(found) // rows) if rows else 1
    return [text for text, _ in found[::step]], [intent for _, intent in found[::step]]


def reviews(file: Path) -> tuple[Rows, Rows]:
    """Texts and labels, "positive" or "negative", of the rows to train on (every other one) and to test on."""
    rows = [line.rstrip("\n").split("\t") for line in file.open(encoding="utf-8")]
    train, test = (([row[0] for row in half], [row[1] for row in half]) for half in (rows[::2], rows[1::2]))
    return train, test
