"""The caller's own numbers and what answers took against exact sums, pass@k against the paper's estimator."""

from __future__ import annotations

import math
import random

from tests.metrics.test_own_numbers import pass_at_k, rows, samples
from tests.parity.runner import Case, CaseCheck, Check, Expected
from tests.properties.build import Row

from evald.v1.instance_pb2 import Prediction, Usage


def score(choose: random.Random) -> Case:
    """The mean of numbers of any size."""
    scale = choose.choice((1.0, 1e-6, 1e9))
    numbers = [choose.choice((choose.gauss(0, scale), 0.0, 1.0)) for _ in range(choose.choice((1, 3, 100)))]
    mean = math.fsum(numbers) / len(numbers)
    forms = ("score(of=helpful)", "score(direction=lower,of=helpful)")
    return Case(rows(numbers), {form: Expected(mean, numbers) for form in forms})


def usage(choose: random.Random) -> Case:
    """Means of what answers took, from fractions of a second to millions of tokens."""
    count = choose.choice((1, 3, 100))
    seconds = [choose.lognormvariate(0, 2) for _ in range(count)]
    costs = [choose.choice((0.0, choose.random() / 1e4)) for _ in range(count)]
    tokens = [[choose.randrange(10 ** choose.randrange(1, 8)) for _ in range(count)] for _ in range(2)]
    memory = [choose.randrange(1 << choose.randrange(1, 48)) for _ in range(count)]
    parts = ("latency_seconds", "cost", "input_tokens", "output_tokens", "peak_memory_bytes")
    taken = [
        Row(predictions=[Prediction(usage=Usage(**dict(zip(parts, of_row, strict=True))))])
        for of_row in zip(seconds, costs, *tokens, memory, strict=True)
    ]
    numbers = {"latency": seconds, "cost": costs}
    for name, counts in zip(("input_tokens", "output_tokens", "memory"), (*tokens, memory), strict=True):
        numbers[name] = [float(number) for number in counts]
    return Case(taken, {name: Expected(math.fsum(of_rows) / count, of_rows) for name, of_rows in numbers.items()})


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
    """All."""
    return [CaseCheck(case, tolerance=1e-12) for case in (score, usage, passes)]
