"""What a baseline learns from, what it is asked and what it answers. Knows no library and no transport."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import Floats


@dataclass(frozen=True)
class TrainingRow:
    """A row to learn from: its labels, exactly one unless they are sets, and its text for kinds that read texts."""

    labels: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What to learn and what to answer then.

    `rows` are in an order of their own, so that what is learned does not depend on that of the request. `keys` identify
    the rows asked about; `texts` are their texts, empty for kinds that read none.
    """

    rows: tuple[TrainingRow, ...]
    # Every label of `rows`, and others that rows may have.
    classes: tuple[str, ...]
    # Whether a row has any number of labels.
    multilabel: bool
    keys: Sequence[tuple[str, int]]
    texts: Sequence[str]
    seed: int

    @classmethod
    def of(
        cls,
        rows: Sequence[TrainingRow],
        keys: Sequence[tuple[str, int]],
        texts: Sequence[str] = (),
        *,
        classes: Sequence[str] = (),
        multilabel: bool = False,
        seed: int = 0,
    ) -> Lesson:
        """A lesson from rows in any order; `classes` come first among the classes, in their order."""
        seen = {label for row in rows for label in row.labels}
        found = (*classes, *in_order(seen.difference(classes)))
        ordered = sorted(rows, key=lambda row: (row.text, row.labels))
        return cls(tuple(ordered), found, multilabel, keys, texts, seed)

    def digest(self) -> str:
        """Digest (sha256, hex) of the rows to learn from."""
        digest = hashlib.sha256()
        for row in self.rows:
            for part in (row.text, *row.labels):
                encoded = part.encode()
                digest.update(len(encoded).to_bytes(8, "little"))
                digest.update(encoded)
            digest.update(b"\n")
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Guesses:
    """What a baseline answers: probabilities of the classes of the lesson, [rows, classes] and C-contiguous."""

    scores: Floats
    # What trained it, with its version, and every parameter that decides what is learned.
    engine: str
    parameters: dict[str, str]


def in_order(labels: set[str]) -> list[str]:
    """Labels as evald orders them: as numbers if all are integers, else by code point.

    >>> in_order({"10", "9", "1"})
    ['1', '9', '10']
    """
    if all(label.removeprefix("-").isascii() and label.removeprefix("-").isdigit() for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels)
