"""What intervals cost in the extension, by size of the corpus, and how sacrebleu's bootstrap compares; one thread.

sacrebleu draws whole corpora with replacement and its answers differ from evald's; only the time is compared.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from sacrebleu.metrics import BLEU

import evald
from bench import corpora
from bench.corpora import Corpus
from bench.measure import Rounds, interleave, rounds_of
from bench.report import Figure, main, milliseconds
from evald import _native

REPLICATES = 1000
BLEU_ONLY = ("bleu",)
BLEU_ROUGE = ("bleu", "rouge_1", "rouge_2", "rouge_l")


def run(quick: bool) -> list[Figure]:
    """All figures of this benchmark."""
    _native.set_threads(1)
    figures: list[Figure] = []
    for rows in (256, 3004) if quick else (256, 3004, 50_000):
        corpus = corpora.translations(rows)
        for name, metrics in (("bleu", BLEU_ONLY), ("bleu_rouge", BLEU_ROUGE)):
            figures += _cost(f"{name}.{rows}", corpus, metrics, rounds_of(quick))
    return figures + _against_sacrebleu(corpora.translations(256 if quick else 3004), rounds_of(quick))


def _evaluate(corpus: Corpus, metrics: Sequence[str], replicates: int) -> evald.Evaluation:
    return evald.evaluate(corpus.predictions, corpus.references, metrics=metrics, replicates=replicates)


def _cost(key: str, corpus: Corpus, metrics: Sequence[str], rounds: int) -> list[Figure]:
    measured = interleave(
        {
            "with": partial(_evaluate, corpus, metrics, REPLICATES),
            "without": partial(_evaluate, corpus, metrics, 0),
        },
        rounds,
    )
    added = measured.combine(lambda seconds: seconds["with"] - seconds["without"])
    return [
        Figure(f"resampling.{key}", measured.ratio("with", "without"), "x", f"with intervals / without; {corpus.name}"),
        milliseconds(f"resampling.{key}.ms.without", measured.seconds("without"), "CPU time of a call without"),
        milliseconds(f"resampling.{key}.ms.added", added, f"what {REPLICATES:,} replicates add"),
    ]


def _against_sacrebleu(corpus: Corpus, rounds: int) -> list[Figure]:
    def reference(bootstrap: int) -> object:
        return BLEU().corpus_score(corpus.predictions, [corpus.references], n_bootstrap=bootstrap)

    measured = interleave(
        {
            "sacrebleu": partial(reference, REPLICATES),
            "sacrebleu_without": partial(reference, 1),
            "evald": partial(_evaluate, corpus, BLEU_ONLY, REPLICATES),
            "evald_without": partial(_evaluate, corpus, BLEU_ONLY, 0),
        },
        rounds,
    )
    return [
        Figure(
            "resampling.vs_sacrebleu.whole",
            measured.ratio("sacrebleu", "evald"),
            "x",
            f"corpus_score with {REPLICATES:,} resamples, cold cache / evald; {corpus.name}",
        ),
        _added_ratio(measured),
    ]


def _added_ratio(measured: Rounds) -> Figure:
    ratio = measured.combine(
        lambda seconds: (
            (seconds["sacrebleu"] - seconds["sacrebleu_without"]) / (seconds["evald"] - seconds["evald_without"])
        )
    )
    return Figure("resampling.vs_sacrebleu.added", ratio, "x", "the same of what resampling adds (differences: noisy)")


if __name__ == "__main__":
    sys.exit(main("resampling", run))
