"""Writes the example data sets: support tickets (classification) and ticket summaries (text generation).

Everything is drawn from the wording in phrases.py and scenarios.py with a seeded generator, so anybody can make
the committed files again, byte for byte:

    python -m examples.data.make_data
    python -m examples.data.make_data --out some/other/folder

Only `Random.random()` is used: it is the one draw whose sequence Python promises to keep between releases.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

from examples.data import phrases, scenarios

SEED = 20240611
TRAIN_ROWS = 3600
TEST_ROWS = 400
SUMMARY_ROWS = 2 * len(scenarios.SCENARIOS)

SHARE_AMBIGUOUS = 0.06
SHARE_HELD_OUT = 0.08
SHARE_TYPOS = 0.35

Ticket = tuple[str, str]
T = TypeVar("T")


def pick(rng: Random, items: Sequence[T]) -> T:
    """One item, evenly."""
    return items[int(rng.random() * len(items))]


def fill(rng: Random, pattern: str) -> str:
    """Replaces each {slot} by a word of its list, never the same word twice, and mends "a air sensor"."""
    used: set[str] = set()

    def draw(slot: re.Match[str]) -> str:
        word = pick(rng, [item for item in phrases.SLOTS[slot[1]] if item not in used])
        used.add(word)
        return word

    return re.sub(r"\ba (?=air|old)", "an ", re.sub(r"\{(\w+)\}", draw, pattern))


def another(rng: Random, label: str) -> str:
    """A label other than `label`."""
    return pick(rng, [name for name in phrases.LABELS if name != label])


def compose(rng: Random, label: str, core: str) -> str:
    """Puts the core alone, beside an aside, or against a second topic, so that single words do not give it away."""
    draw = rng.random()
    if draw < 0.45:
        return core
    if draw < 0.90:
        frame = pick(rng, phrases.ASIDE_FIRST if draw < 0.68 else phrases.ASIDE_LAST)
        return frame.format(core=core, aside=fill(rng, pick(rng, phrases.ASIDES[another(rng, label)])))
    other = fill(rng, pick(rng, phrases.CORES[another(rng, label)]))
    return pick(rng, phrases.TWO_TOPICS).format(core=core, other=other)


def misspell(rng: Random, word: str) -> str:
    """One slip of the finger inside a word: two letters swapped, one lost, or one doubled."""
    at = 1 + int(rng.random() * (len(word) - 2))
    kind = rng.random()
    if kind < 0.4:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.75:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]


def roughen(rng: Random, text: str) -> str:
    """Typing habits: slips in some tickets, no capitals in some, no final stop in others."""
    if rng.random() < SHARE_TYPOS:
        rate = 0.05 + 0.15 * rng.random()
        words = [misspell(rng, w) if w.isalpha() and len(w) > 3 and rng.random() < rate else w for w in text.split(" ")]
        text = " ".join(words)
    draw = rng.random()
    if draw < 0.3:
        return text.lower()
    if draw < 0.35:
        return text.upper()
    return text


def draw_ticket(rng: Random, held_out: bool) -> Ticket:
    """One labelled message; `held_out` admits the wording that only the test split may use."""
    if rng.random() < SHARE_AMBIGUOUS:
        pattern, first, second, weight = pick(rng, phrases.AMBIGUOUS)
        label = first if rng.random() < weight else second
        body = fill(rng, pattern)
    else:
        label = pick(rng, phrases.LABELS)
        source = phrases.HELD_OUT if held_out and rng.random() < SHARE_HELD_OUT else phrases.CORES
        body = compose(rng, label, fill(rng, pick(rng, source[label])))
    body = body[0].upper() + body[1:] + pick(rng, (".", ".", "!", "", "..."))
    opener = pick(rng, phrases.OPENERS) + " " if rng.random() < 0.45 else ""
    closer = " " + pick(rng, phrases.CLOSERS) if rng.random() < 0.45 else ""
    return roughen(rng, opener + body + closer), label


def draw_split(rng: Random, rows: int, held_out: bool, seen: set[str]) -> list[Ticket]:
    """`rows` tickets, none of which says the same as one in `seen` (which grows), capitals aside."""
    split: list[Ticket] = []
    while len(split) < rows:
        ticket = draw_ticket(rng, held_out)
        key = ticket[0].lower()
        if key not in seen:
            seen.add(key)
            split.append(ticket)
    return split


def write_tickets(path: Path, prefix: str, split: Sequence[Ticket]) -> None:
    """CSV with LF line ends on every system, for the sake of equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("id", "text", "label"))
        for number, (text, label) in enumerate(split, start=1):
            writer.writerow((f"{prefix}-{number:04d}", text, label))


def write_summaries(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """One JSON object per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes("".join(lines).encode("utf-8"))


def summary_rows(rng: Random) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The same inputs and references with the predictions of a weak and of a better summariser."""
    base: list[dict[str, str]] = []
    tuned: list[dict[str, str]] = []
    for number in range(SUMMARY_ROWS):
        turn, index = divmod(number, len(scenarios.SCENARIOS))
        text = scenarios.tell(rng, pick, scenarios.SCENARIOS[index], turn)
        shared = {"id": f"summary-{number + 1:03d}", "input": text.source}
        base.append({**shared, "prediction": text.base, "reference": text.reference})
        tuned.append({**shared, "prediction": text.tuned, "reference": text.reference})
    return base, tuned


def write_all(out: Path) -> None:
    """Writes every committed data file under `out`."""
    rng = Random(SEED)
    seen: set[str] = set()
    train = draw_split(rng, TRAIN_ROWS, False, seen)
    test = draw_split(rng, TEST_ROWS, True, seen)
    write_tickets(out / "support-tickets" / "train.csv", "train", train)
    write_tickets(out / "support-tickets" / "test.csv", "test", test)
    base, tuned = summary_rows(Random(SEED + 1))
    write_summaries(out / "summaries" / "base.jsonl", base)
    write_summaries(out / "summaries" / "tuned.jsonl", tuned)


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Write the example data sets again.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="folder to write into")
    write_all(parser.parse_args().out)


if __name__ == "__main__":
    main()
