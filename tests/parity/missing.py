"""Rows without references: sacrebleu, rouge_score and SQuAD's scripts end with an error of Python (a TypeError, an
IndexError, a maximum of nothing); evald refuses the call and names the first such row.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.parity.generate import Pair, corpus
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances

import evald


def asked() -> list[str]:
    """All metrics that need references and nothing else but texts."""
    texts = {"prediction_text", "references"}
    return [metric.name for metric in evald.list_metrics() if set(metric.needs) == texts and not metric.model]


def case(choose: random.Random, metrics: Sequence[str]) -> Case:
    """Some of the rows have none."""
    drawn = corpus(choose)
    without = set(choose.sample(range(len(drawn)), choose.randint(1, len(drawn))))
    drawn = [Pair(one.prediction, () if at in without else one.references) for at, one in enumerate(drawn)]
    expected = Expected(refused=f"instances[{min(without)}].references")
    return Case(instances(drawn), dict.fromkeys(metrics, expected))


def missing() -> list[Check]:
    """All of them."""
    metrics = asked()
    return [CaseCheck(lambda choose: case(choose, metrics))]
