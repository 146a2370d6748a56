"""Against other native code: bleuscore and rouge-score-rs, both Rust. They use all cores; CPU time counts all of it."""

from __future__ import annotations

import statistics
import sys
from typing import Any

import bleuscore
from rouge_score_rs.rouge_scorer import RougeScorer

from bench import corpora
from bench.corpora import Corpus
from bench.measure import interleave, rounds_of
from bench.metrics import ways
from bench.metrics.rouge import KINDS
from bench.report import Figure, Goal, main
from evald import _native

# What bleuscore computes.
BLEU = "bleu(profile=hf,smoothing=none)"


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    figures = []
    for key, rows in (("2k", 2_000), ("50k", 50_000)):
        figures += _bleu(f"bleuscore.{key}", corpora.sentences(rows // 50 if quick else rows), quick)
    texts = corpora.long_summaries(100 if quick else 2_000)
    return [
        *figures,
        *_rouge("rouge_score_rs", texts, quick, False),
        *_rouge("rouge_score_rs.stem", texts, quick, True),
    ]


def _bleu(key: str, corpus: Corpus, quick: bool) -> list[Figure]:
    lists = [[reference] for reference in corpus.references]

    def score() -> Any:
        return bleuscore.compute(lists, corpus.predictions, 4, False)["bleu"]

    native = ways.native(corpus, [BLEU])
    ways.check_equal(native, [score()])
    measured = interleave({"reference": score, **native}, rounds_of(quick))
    return ways.figures(key, corpus, measured, "bleuscore / evald", dict.fromkeys(native, Goal(">=", 40)))


def _rouge(key: str, corpus: Corpus, quick: bool, stemmer: bool) -> list[Figure]:
    scorer = RougeScorer(list(KINDS.values()), use_stemmer=stemmer)

    def score() -> list[float]:
        rows = scorer.score_batch(corpus.references, corpus.predictions)
        return [statistics.fmean(row[kind].fmeasure for row in rows) for kind in KINDS.values()]

    native = ways.native(corpus, [name + ("(stemmer=true)" if stemmer else "") for name in KINDS])
    ways.check_equal(native, score())
    measured = interleave({"reference": score, **native}, rounds_of(quick))
    return ways.figures(key, corpus, measured, "rouge-score-rs / evald", dict.fromkeys(native, Goal(">=", 8)))


if __name__ == "__main__":
    sys.exit(main("metrics_ports", run))
