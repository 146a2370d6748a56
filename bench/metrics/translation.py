"""chrF and TER against sacrebleu, one thread, the corpus score out."""

from __future__ import annotations

import sys

from sacrebleu.metrics import CHRF, TER
from sacrebleu.metrics.base import Metric

from bench import corpora
from bench.measure import interleave, rounds_of
from bench.metrics import ways
from bench.report import Figure, Goal, main
from evald import _native

GOAL = Goal(">=", 60)


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    corpus = corpora.sentences(100 if quick else 2_000)
    # sacrebleu's TER takes a millisecond a pair and more.
    few = corpora.sentences(50 if quick else 500)
    return [*_compare("chrf", corpus, quick, CHRF), *_compare("ter", few, quick, TER)]


def _compare(name: str, corpus: corpora.Corpus, quick: bool, reference: type[Metric]) -> list[Figure]:
    def score() -> float:
        return float(reference().corpus_score(corpus.predictions, [corpus.references]).score)

    native = ways.native(corpus, [name])
    ways.check_equal(native, [score()])
    measured = interleave({"reference": score, **native}, rounds_of(quick))
    return ways.figures(name, corpus, measured, "sacrebleu / evald", dict.fromkeys(native, GOAL))


if __name__ == "__main__":
    sys.exit(main("metrics_translation", run))
