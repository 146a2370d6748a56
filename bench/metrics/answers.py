"""SQuAD F1 against the definition as a plain Python loop, which is what evaluation scripts run; one thread.

Six answers in ten of this system are the gold answer to the byte, which is a short cut; `squad_f1.different` are the
others, made up to as many rows.
"""

from __future__ import annotations

import re
import statistics
import string
import sys
from collections import Counter

from bench import corpora
from bench.corpora import Corpus
from bench.measure import interleave, rounds_of
from bench.metrics import ways
from bench.report import Figure, Goal, main
from evald import _native

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = set(string.punctuation)


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    rows = 100 if quick else 10_000
    return [
        *compare("squad_f1", corpora.answers(rows), quick, Goal(">=", 40)),
        *compare("squad_f1.different", corpora.answers(rows, different=True), quick, None),
    ]


def compare(key: str, corpus: Corpus, quick: bool, goal: Goal | None) -> list[Figure]:
    """Ratios to the loop."""

    def score() -> float:
        return 100 * statistics.fmean(map(f1, corpus.predictions, corpus.references))

    native = ways.native(corpus, ["token_f1(profile=squad1)"])
    ways.check_equal(native, [score()])
    measured = interleave({"reference": score, **native}, rounds_of(quick))
    return ways.figures(key, corpus, measured, "Python loop / evald", dict.fromkeys(native, goal))


def f1(prediction: str, gold: str) -> float:
    """F1 of the words of two answers, as SQuAD v1.1 defines it (Rajpurkar et al. 2016, section 6.1)."""
    given, wanted = words(prediction), words(gold)
    common = (Counter(given) & Counter(wanted)).total()
    return 2 * common / (len(given) + len(wanted)) if common else 0.0


def words(answer: str) -> list[str]:
    """Words in lower case, without punctuation and articles; character by character, as the script has it."""
    bare = "".join(character for character in answer.lower() if character not in PUNCTUATION)
    return ARTICLES.sub(" ", bare).split()


if __name__ == "__main__":
    sys.exit(main("metrics_answers", run))
