"""Choices and their scores against the formulas of TruthfulQA and lm-evaluation-harness in NumPy."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np
from tests.metrics.test_choices import ANY, BINARY, SINGLE, Choices, Score, row_of
from tests.parity.generate import text
from tests.parity.runner import Case, CaseCheck, Check, Expected

Asked = tuple[Choices, Sequence[float]]


def question(choose: random.Random, right: int, wrong: int) -> Asked:
    """Choices in any order with scores that tie now and then; no choice is empty, which has no length to divide by."""
    marks = [True] * right + [False] * wrong
    choose.shuffle(marks)
    texts = [text(choose)[:40] or "x" for _ in marks]
    levels = [-choose.random() * choose.choice((1, 30, 2_000)) for _ in range(choose.choice((2, 9)))]
    return list(zip(texts, marks, strict=True)), [choose.choice(levels) for _ in marks]


def case(questions: Sequence[Asked], metrics: Mapping[str, Score]) -> Case:
    """Every metric of every question."""
    expected = {}
    for metric, score in metrics.items():
        rows = []
        for choices, scores in questions:
            texts, right = zip(*choices, strict=True)
            rows.append(float(score(texts, np.array(right), np.array(scores))))
        expected[metric] = Expected(float(np.mean(rows)), rows)
    return Case([row_of(*one) for one in questions], expected)


def choices() -> list[Check]:
    """MC0 to MC3, and accuracies by length."""

    def several(choose: random.Random) -> Case:
        return case([question(choose, choose.randint(1, 6), choose.randint(1, 6)) for _ in range(50)], ANY)

    def single(choose: random.Random) -> Case:
        return case([question(choose, 1, choose.randint(1, 8)) for _ in range(50)], SINGLE | ANY)

    def binary(choose: random.Random) -> Case:
        return case([question(choose, 1, 1) for _ in range(50)], BINARY | ANY)

    return [CaseCheck(make, tolerance=1e-12) for make in (several, single, binary)]
