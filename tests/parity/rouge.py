"""ROUGE-L, W, S and SU of profile lin2004 against the definitions of the paper in tests/metrics/rouge_oracle.py."""

from __future__ import annotations

from collections.abc import Callable

from tests.metrics import rouge_oracle as oracle
from tests.parity.generate import Pair
from tests.parity.runner import Check, RowCheck


def _lin2004(measure: oracle.Measure, power: float = 1, aggregation: str = "best") -> Callable[[Pair], float]:
    def fmeasure(one: Pair) -> float:
        references = [oracle.words(text) for text in one.references]
        prediction = oracle.words(one.prediction)
        return oracle.score(measure, prediction, references, power=power, aggregation=aggregation)[2]

    return fmeasure


def rouge() -> list[Check]:
    """No package has these as the paper defines them."""
    found = {
        "rouge_l(profile=lin2004)": _lin2004(oracle.subsequence),
        "rouge_w(profile=lin2004)": _lin2004(oracle.weighted_subsequence(1.2), 1.2),
        "rouge_w(profile=lin2004,weight=2)": _lin2004(oracle.weighted_subsequence(2), 2),
        "rouge_w(aggregation=average,profile=lin2004)": _lin2004(oracle.weighted_subsequence(1.2), 1.2, "average"),
        "rouge_s(profile=lin2004)": _lin2004(oracle.skip_bigrams(4, unigrams=False)),
        "rouge_s(profile=lin2004,skip_distance=-1)": _lin2004(oracle.skip_bigrams(None, unigrams=False)),
        "rouge_su(profile=lin2004)": _lin2004(oracle.skip_bigrams(4, unigrams=True)),
        "rouge_su(aggregation=pooled,profile=lin2004)": _lin2004(
            oracle.skip_bigrams(4, unigrams=True), aggregation="pooled"
        ),
    }
    return [RowCheck(metric, reference, tolerance=1e-12) for metric, reference in found.items()]
