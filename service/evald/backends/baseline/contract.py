"""What a baseline learns from, what it is asked and what it answers. Knows no library and no transport."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import Floats


# What makes a kind learn labels, in the words of `Spec.needs`.
OF_LABELS = frozenset(("prediction_label", "prediction_label_set", "class_scores"))


@dataclass(frozen=True)
class TrainingRow:
    """A row to learn from; only what is learned from is set.

    Labels are exactly one unless they are sets; the text is for kinds that read texts.
    """

    labels: tuple[str, ...] = ()
    text: str = ""
    references: tuple[str, ...] = ()
    value: float = 0.0


@dataclass(frozen=True, eq=False)
class Lesson:
    """What to learn and what to answer then.

    `rows` are in an order of their own, so that what is learned does not depend on that of the request. `wants` says
    what to answer, in the words of `Spec.needs`. `keys` identify the rows asked about; `texts` are their texts, empty
    for kinds that read none.
    """

    rows: tuple[TrainingRow, ...]
    wants: frozenset[str]
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
        wants: frozenset[str] = OF_LABELS,
        classes: Sequence[str] = (),
        multilabel: bool = False,
        seed: int = 0,
    ) -> Lesson:
        """A lesson from rows in any order; `classes` come first among the classes, in their order."""
        seen = {label for row in rows for label in row.labels}
        found = (*classes, *in_order(seen.difference(classes)))
        ordered = sorted(rows, key=lambda row: (row.text, row.labels, row.references, row.value))
        return cls(tuple(ordered), wants, found, multilabel, keys, texts, seed)

    @property
    def has_labels(self) -> bool:
        """Whether labels are to be learned."""
        return bool(self.wants & OF_LABELS)

    def digest(self) -> str:
        """Digest (sha256, hex) of the rows to learn from."""
        digest = hashlib.sha256()
        for row in self.rows:
            for parts in ((row.text,), row.labels, row.references, (repr(row.value),)):
                digest.update(len(parts).to_bytes(8, "little"))
                for part in parts:
                    encoded = part.encode()
                    digest.update(len(encoded).to_bytes(8, "little"))
                    digest.update(encoded)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Guesses:
    """What a baseline answers, as far as the lesson wants it.

    `scores` are probabilities of the classes of the lesson, [rows, classes] and C-contiguous; `text` and `value` are
    the answer to every row.
    """

    # What trained it, with its version, and every parameter that decides what is learned.
    engine: str
    parameters: dict[str, str] = field(default_factory=dict)
    scores: Floats | None = None
    text: str | None = None
    value: float | None = None


def in_order(labels: set[str]) -> list[str]:
    """Labels as evald orders them: as numbers if all are integers, else by code point.

    >>> in_order({"10", "9", "1"})
    ['1', '9', '10']
    """
    if all(label.removeprefix("-").isascii() and label.removeprefix("-").isdigit() for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels)
