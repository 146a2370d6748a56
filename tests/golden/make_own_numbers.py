"""Writes own_numbers.json: means of numbers, and pass@k in rational numbers; run it from the root of the repository."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb
from typing import Any

from rows import case, table, write

Samples = list[list[int]]

# Metrics of what answers took, and the field of usage that each is the mean of.
USAGE = {
    "cost": "cost",
    "input_tokens": "inputTokens",
    "latency": "latencySeconds",
    "memory": "peakMemoryBytes",
    "output_tokens": "outputTokens",
}


def samples() -> list[Samples]:
    """For each id whether its samples pass."""
    draw = random.Random(20261121)
    return [
        [[1]],
        [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]],
        [draw.choices([0, 0, 0, 1], k=draw.randrange(5, 30)) for _ in range(12)],
        [[0] * 97 + [1] * 3, [1] * 60 + [0] * 40],
    ]


def rows(of_ids: Samples) -> list[dict[str, Any]]:
    return [
        {"id": f"task {at}", "sample": sample, "predictions": [{"scores": {"pass": passed}}]}
        for at, passes in enumerate(of_ids)
        for sample, passed in enumerate(passes)
    ]


def pass_at_k(of_ids: Samples, k: int) -> float | None:
    """One minus the share of subsets of k samples of which none passes, as mean over ids."""
    if any(len(passes) < k for passes in of_ids):
        return None
    shares = [1 - Fraction(comb(len(p) - sum(p), k), comb(len(p), k)) for p in of_ids]
    return float(sum(shares, Fraction()) / len(shares))


if __name__ == "__main__":
    numbers = [[1.0], [0.1] * 3, [-5.0, 2.5, 1e9, 1e-9], [1e15, 1.0, -1e15]]
    means = [
        case(
            [{"predictions": [{"scores": {"quality": number, "other": 7.0}}]} for number in of_case],
            float(sum(map(Fraction, of_case), Fraction()) / len(of_case)),
        )
        for of_case in numbers
    ]
    tables = [
        table("score", {"of": "quality"}, means),
        table("score", {"direction": "lower", "of": "quality"}, means),
    ]
    for metric, field in USAGE.items():
        taken = [[abs(number) for number in of_case] for of_case in numbers[:2]] + [[3.0, 0.0, 1e15, 7.0]]
        if metric in ("input_tokens", "memory", "output_tokens"):
            taken = [[round(number) for number in of_case] for of_case in taken]
        of_usage = [
            case(
                [{"predictions": [{"usage": {field: number}}]} for number in of_case],
                float(sum(map(Fraction, of_case), Fraction()) / len(of_case)),
            )
            for of_case in taken
        ]
        tables.append(table(metric, {}, of_usage))
    for k in (1, 2, 5, 100):
        cases = [case(rows(one), pass_at_k(one, k), ids=len(one), samples=sum(map(len, one))) for one in samples()]
        tables.append(table("pass_at_k", {"k": k, "of": "pass"}, cases))
    write("own_numbers.json", "rational numbers; Chen et al. 2021, equation 1", 1e-12, tables)
