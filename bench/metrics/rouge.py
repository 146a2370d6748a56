"""ROUGE-1/2/L against rouge_score, one thread, without and with stemmer, corpus means out."""

from __future__ import annotations

import statistics
import sys

from rouge_score.rouge_scorer import RougeScorer

from bench import corpora
from bench.corpora import Corpus
from bench.measure import interleave, rounds_of
from bench.metrics import ways
from bench.report import Figure, Goal, main
from evald import _native

KINDS = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    corpus = corpora.long_summaries(100 if quick else 2_000)
    goal = Goal(">=", 400)
    return [*compare("rouge", corpus, quick, False, goal), *compare("rouge_stemmer", corpus, quick, True, goal)]


def compare(key: str, corpus: Corpus, quick: bool, stemmer: bool, goal: Goal) -> list[Figure]:
    """Ratios to rouge_score."""
    scorer = RougeScorer(list(KINDS.values()), use_stemmer=stemmer)
    option = "(stemmer=true)" if stemmer else ""

    def reference() -> list[float]:
        rows = [scorer.score(gold, text) for text, gold in zip(corpus.predictions, corpus.references, strict=True)]
        return [statistics.fmean(row[kind].fmeasure for row in rows) for kind in KINDS.values()]

    native = ways.native(corpus, [name + option for name in KINDS])
    ways.check_equal(native, reference())
    measured = interleave({"reference": reference, **native}, rounds_of(quick))
    return ways.figures(key, corpus, measured, "rouge_score / evald", {"lists": goal, "bytes": goal})


if __name__ == "__main__":
    sys.exit(main("metrics_rouge", run))
