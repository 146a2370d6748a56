"""Likelihood metrics against the formulas of lm-evaluation-harness with exact sums."""

from __future__ import annotations

import random

from tests.metrics.test_language import expected, scored
from tests.parity.generate import text
from tests.parity.runner import Case, CaseCheck, Check, Expected, undefined


def case(choose: random.Random, tokens: int = 40) -> Case:
    """Texts with likelihoods of few or many tokens, some of them certain."""
    count = choose.choice((1, 5, 60)) if tokens <= 40 else 1
    size = choose.choice((0.01, 3, 50))
    logprobs, texts = [], []
    for _ in range(count):
        drawn = [-choose.expovariate(1 / size) for _ in range(choose.randint(tokens // 40, tokens))]
        logprobs.append([0.0 if choose.random() < 0.05 else max(number, -600.0) for number in drawn])
        texts.append(text(choose) or "x")
    by_row = [expected([one], [other]) for one, other in zip(logprobs, texts, strict=True)]
    found = {}
    for metric, value in expected(logprobs, texts).items():
        rows = [undefined(of_row[metric]) for of_row in by_row]
        found[metric] = Expected(undefined(value), rows)
    return Case(scored(logprobs, texts), found)


def language() -> list[Check]:
    """NLL, perplexity, bits per byte."""
    return [CaseCheck(case, tolerance=1e-12, long=lambda choose: case(choose, 20_000))]
