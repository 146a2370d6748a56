"""The caller's own numbers against exact sums, pass@k against the paper's estimator."""

from __future__ import annotations

import math
import random

from tests.metrics.test_own_numbers import pass_at_k, rows, samples
from tests.parity.runner import Case, CaseCheck, Check, Expected


def score(choose: random.Random) -> Case:
    """The mean of numbers of any size."""
    scale = choose.choice((1.0, 1e-6, 1e9))
    numbers = [choose.choice((choose.gauss(0, scale), 0.0, 1.0)) for _ in range(choose.choice((1, 3, 100)))]
    mean = math.fsum(numbers) / len(numbers)
    forms = ("score(of=helpful)", "score(direction=lower,of=helpful)")
    return Case(rows(numbers), {form: Expected(mean, numbers) for form in forms})


def passes(choose: random.Random) -> Case:
    """Ids with different numbers of samples, in any order."""
    k = choose.choice((1, 2, 5, 10, 100))
    rate = choose.random()
    passed = {
        f"\u00e9{at}": [float(choose.random() < rate) for _ in range(k + choose.choice((0, 1, 7, 100)))]
        for at in range(choose.randint(1, 5))
    }
    every = samples(passed)
    choose.shuffle(every)
    estimates = [pass_at_k(len(numbers), int(sum(numbers)), k) for numbers in passed.values()]
    mean = math.fsum(estimates) / len(estimates)
    parts = {"ids": float(len(passed)), "samples": float(len(every))}
    return Case(every, {f"pass_at_k(k={k},of=pass)": Expected(mean, None, parts)})


def own() -> list[Check]:
    """Both."""
    return [CaseCheck(score, tolerance=1e-12), CaseCheck(passes, tolerance=1e-12)]
