"""BLEU 13a against sacrebleu, one thread, no intervals, the corpus score out, as sacrebleu's corpus_score gives it.

The base is a new BLEU object each time, whose cache of tokenised lines is empty.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from sacrebleu.metrics import BLEU

from bench import corpora
from bench.corpora import Corpus
from bench.measure import interleave, rounds_of
from bench.metrics import limits, ways
from bench.report import Figure, Goal, main
from evald import _native


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    small = corpora.sentences(300 if quick else 2_000)
    large = corpora.sentences(1_000 if quick else 50_000)
    figures = [
        *compare("bleu.2k", small, quick, {"lists": Goal(">=", 300), "bytes": Goal(">=", 300)}),
        *compare("bleu.50k", large, quick, {"lists": Goal(">=", 180), "bytes": Goal(">=", 250)}),
    ]
    # Cargo builds the limits, which takes longer than a quick run may.
    return figures if quick else [*figures, *limits.figures("bleu.2k", small), *limits.figures("bleu.50k", large)]


def compare(key: str, corpus: Corpus, quick: bool, goals: Mapping[str, Goal | None]) -> list[Figure]:
    """Ratios to sacrebleu."""
    references = [corpus.references]
    native = ways.native(corpus, ["bleu"])
    ways.check_equal(native, [BLEU().corpus_score(corpus.predictions, references).score])
    work = {"reference": lambda: BLEU().corpus_score(corpus.predictions, references), **native}
    return ways.figures(
        key, corpus, interleave(work, rounds_of(quick)), "sacrebleu's corpus_score, cold cache / evald", goals
    )


if __name__ == "__main__":
    sys.exit(main("metrics_bleu", run))
