"""Writes entity_f1.json from seqeval; run it from the root of the repository."""

from __future__ import annotations

import random
import warnings
from importlib import metadata
from typing import Any

from rows import case, table, write
from seqeval import scheme as schemes
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_precision_recall_fscore_support

Sentences = list[list[str]]
LETTERS = {
    "any": "BIESO",
    "iob1": "IOB",
    "iob2": "IOB",
    "ioe1": "IOE",
    "ioe2": "IOE",
    "iobes": "IOBES",
    "bilou": "BILOU",
}


def corpora(letters: str) -> list[tuple[Sentences, Sentences]]:
    """Gold and predicted tags: of seqeval's README, without entities, random."""
    draw = random.Random(20261121)
    tags = [letter if letter == "O" else f"{letter}-{kind}" for letter in letters for kind in ("PER", "LOC")]
    gold = [draw.choices(tags, k=draw.randrange(1, 9)) for _ in range(40)]
    predicted = [[draw.choice(tags) if draw.random() < 0.2 else tag for tag in sentence] for sentence in gold]
    found = [([["O", "O"], ["O"]], [["O", "O"], ["O"]]), (gold, predicted)]
    if set("BIO") <= set(letters):
        misc = ["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"]
        wrong = ["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"]
        found.append(([misc, ["B-PER", "I-PER", "O"]], [wrong, ["B-PER", "I-PER", "O"]]))
    return found


def rates(gold: Sentences, predicted: Sentences, scheme: str, average: str) -> Any:
    """Precision, recall, F1, support."""
    if scheme == "any":
        return precision_recall_fscore_support(gold, predicted, average=average, zero_division=0)
    named = getattr(schemes, scheme.upper())
    return strict_precision_recall_fscore_support(gold, predicted, average=average, scheme=named, zero_division=0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    tables = []
    for scheme, letters in LETTERS.items():
        for average in ("micro", "macro", "weighted"):
            cases = []
            for gold, predicted in corpora(letters):
                rows = [
                    {"predictions": [{"tokens": answer}], "reference_tokens": [{"tokens": tags}]}
                    for tags, answer in zip(gold, predicted, strict=True)
                ]
                precision, recall, f1, support = rates(gold, predicted, scheme, average)
                cases.append(case(rows, f1, precision=precision, recall=recall, support=support))
            tables.append(table("entity_f1", {"average": average, "scheme": scheme}, cases))
    write("entity_f1.json", f"seqeval {metadata.version('seqeval')}", 1e-12, tables)
