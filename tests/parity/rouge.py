"""ROUGE of the profile lin2004 against the definitions of the paper in tests/metrics/rouge_oracle.py."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from tests.metrics import rouge_oracle as oracle
from tests.parity.generate import Pair, long_pair, pairs
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances

AGGREGATIONS = ("best", "average", "pooled")


def measures(choose: random.Random) -> dict[str, tuple[oracle.Measure, float]]:
    """N, L, W, S and SU with what is their own drawn: parameters, definition and the power of the weights."""
    power = choose.choice((1, 1.2, 2, choose.uniform(1, 4)))
    distance = choose.choice((-1, 0, 1, 4, 9))
    gap = None if distance < 0 else distance
    return {
        **{f"rouge_{n}(": (oracle.n_grams(n), 1) for n in range(1, 10)},
        "rouge_l(": (oracle.subsequence, 1),
        f"rouge_w(weight={power!r},": (oracle.weighted_subsequence(power), power),
        f"rouge_s(skip_distance={distance},": (oracle.skip_bigrams(gap, unigrams=False), 1),
        f"rouge_su(skip_distance={distance},": (oracle.skip_bigrams(gap, unigrams=True), 1),
    }


def case(drawn: Sequence[Pair], asked: dict[str, tuple[oracle.Measure, float]], choose: random.Random) -> Case:
    """F of every row, and the means of precision and recall."""
    alpha, aggregation = choose.choice((0.5, 0.5, 0, 1, 0.8)), choose.choice(AGGREGATIONS)
    cut = [(oracle.words(one.prediction), [*map(oracle.words, one.references)]) for one in drawn]
    expected = {}
    for name, (measure, power) in asked.items():
        triples = [
            oracle.score(measure, said, golds, aggregation=aggregation, power=power, alpha=alpha) for said, golds in cut
        ]
        means = [math.fsum(column) / len(triples) for column in zip(*triples, strict=True)]
        parts = dict(zip(("precision", "recall", "fmeasure"), means, strict=True))
        form = f"{name}aggregation={aggregation},alpha={alpha},profile=lin2004)"
        expected[form] = Expected(None, [fmeasure for _, _, fmeasure in triples], parts)
    return Case(instances(drawn), expected)


def rouge() -> list[Check]:
    """No package has these as the paper defines them."""

    def long(choose: random.Random) -> Case:
        # Tables of subsequences and all pairs of words are quadratic in plain Python; runs of words are not.
        words = choose.choice((300, 10_000))
        asked = measures(choose)
        asked = {name: asked[name] for name in asked if words == 300 or measure_is_linear(name)}
        return case([long_pair(choose, words)], asked, choose)

    def short(choose: random.Random) -> Case:
        return case(pairs(choose, choose.choice((1, 30))), measures(choose), choose)

    return [CaseCheck(short, tolerance=1e-12, long=long)]


def measure_is_linear(name: str) -> bool:
    """Whether the definition takes time in proportion to the words."""
    return name.partition("(")[0].removeprefix("rouge_").isdecimal()
