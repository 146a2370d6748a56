"""Entity F1 against seqeval, in both of its modes."""

from __future__ import annotations

import random

from tests.metrics.test_entity_f1 import AVERAGES, LETTERS, key, reference, tagged
from tests.parity.runner import Case, CaseCheck, Check, Expected

KINDS = ("P", "L", "X-Y", "\u00e9", "\u65e5\u672c", "B")


def case(choose: random.Random) -> Case:
    """Sentences of any tags of a scheme, valid or not."""
    scheme, suffix = choose.choice(list(LETTERS)), choose.random() < 0.3
    kinds = choose.sample(KINDS, choose.randint(1, 3))
    tags = ["O", "O", *(f"{letter}-{kind}" for letter in LETTERS[scheme] if letter != "O" for kind in kinds)]
    count = choose.choice((1, 4, 60))
    gold = [choose.choices(tags, k=choose.randint(0, 9)) for _ in range(count)]
    predicted = [[tag if choose.random() < 0.8 else choose.choice(tags) for tag in sentence] for sentence in gold]
    if suffix:
        gold, predicted = (
            [["-".join(tag.split("-", 1)[::-1]) for tag in one] for one in side] for side in (gold, predicted)
        )
    params = {"suffix": str(suffix).lower()}
    by_type = reference(gold, predicted, None, scheme, suffix=suffix, zero_division=0)
    expected = {}
    for average in AVERAGES:
        zero = choose.choice((0, 1))
        form = key(average, scheme, zero_division=zero, **params)
        if average == "macro" and not len(by_type[0]):
            # seqeval's mean of nothing.
            expected[form] = Expected(float("nan"))
            continue
        found = reference(gold, predicted, average, scheme, suffix=suffix, zero_division=zero)
        precision, recall, f1, support = map(float, found)
        expected[form] = Expected(f1, None, {"precision": precision, "recall": recall, "support": support})
    return Case(tagged(gold, predicted), expected)


def tagging() -> list[Check]:
    """All schemes and averages."""
    return [CaseCheck(case, tolerance=1e-12)]
