"""ROUGE written down from the paper (Lin 2004, https://aclanthology.org/W04-1013), slowly: what lin2004 must equal.

Texts are words here; :func:`words` makes them of text. Section numbers are those of the paper.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations

Words = Sequence[str]
Triple = tuple[float, float, float]

# Hits, size of the prediction, size of the reference: numbers of units, or weights.
Counts = tuple[float, float, float]
Measure = Callable[[Words, Words], Counts]


def words(text: str) -> list[str]:
    """Runs of ASCII letters and digits of the lower-cased text."""
    return re.findall("[a-z0-9]+", text.lower())


def _overlap(prediction: Counter[Hashable], reference: Counter[Hashable]) -> Counts:
    return (prediction & reference).total(), prediction.total(), reference.total()


def n_grams(n: int) -> Measure:
    """ROUGE-N, section 2."""

    def grams(text: Words) -> Counter[Hashable]:
        return Counter(tuple(text[at : at + n]) for at in range(len(text) - n + 1))

    return lambda prediction, reference: _overlap(grams(prediction), grams(reference))


def subsequence(prediction: Words, reference: Words) -> Counts:
    """ROUGE-L of texts as one sentence, section 3.1."""
    return weighted_subsequence(1)(prediction, reference)


def weighted_subsequence(power: float) -> Measure:
    """ROUGE-W with f(k) = k^power, section 3.3: the two tables of its algorithm."""

    def weight(run: int) -> float:
        return float(run**power)

    def measure(prediction: Words, reference: Words) -> Counts:
        weights = [[0.0] * (len(prediction) + 1) for _ in range(len(reference) + 1)]
        runs = [[0] * (len(prediction) + 1) for _ in range(len(reference) + 1)]
        for i, word in enumerate(reference):
            for j, other in enumerate(prediction):
                if word == other:
                    run = runs[i][j]
                    weights[i + 1][j + 1] = weights[i][j] + weight(run + 1) - weight(run)
                    runs[i + 1][j + 1] = run + 1
                else:
                    weights[i + 1][j + 1] = max(weights[i][j + 1], weights[i + 1][j])
        return weights[-1][-1], weight(len(prediction)), weight(len(reference))

    return measure


def skip_bigrams(distance: int | None, *, unigrams: bool) -> Measure:
    """ROUGE-S and ROUGE-SU, sections 4 and 5: at most `distance` words between the two of a pair, None is no limit."""

    def units(text: Words) -> Counter[Hashable]:
        places = combinations(range(len(text)), 2)
        pairs = [(text[i], text[j]) for i, j in places if distance is None or j - i - 1 <= distance]
        # The paper puts a marker before the text, whose pairs are the words.
        return Counter(pairs) + Counter(text if unigrams else [])

    return lambda prediction, reference: _overlap(units(prediction), units(reference))


def triple(counts: Counts, power: float = 1, alpha: float = 0.5) -> Triple:
    """Precision, recall, F; the inverse of the power makes lengths of weights."""
    hits, of_prediction, of_reference = counts
    precision = (hits / of_prediction) ** (1 / power) if of_prediction else 0.0
    recall = (hits / of_reference) ** (1 / power) if of_reference else 0.0
    below = (1 - alpha) * precision + alpha * recall
    return precision, recall, precision * recall / below if below else 0.0


def score(
    measure: Measure,
    prediction: Words,
    references: Sequence[Words],
    *,
    aggregation: str = "best",
    power: float = 1,
    alpha: float = 0.5,
) -> Triple:
    """Precision, recall, F of a prediction: of the best reference, on average, or of the sums of all counts."""
    counts = [measure(prediction, reference) for reference in references]
    if aggregation == "pooled":
        hits, of_prediction, of_reference = (sum(column) for column in zip(*counts, strict=True))
        return triple((hits, of_prediction, of_reference), power, alpha)
    triples = [triple(one, power, alpha) for one in counts]
    if aggregation == "best":
        # The first of those that are as high but for rounding.
        highest = max(one[2] for one in triples)
        return next(one for one in triples if one[2] >= highest * (1 - 1e-12))
    precision, recall, fmeasure = (sum(column) / len(triples) for column in zip(*triples, strict=True))
    return precision, recall, fmeasure
