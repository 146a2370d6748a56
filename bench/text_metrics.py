"""BLEU against sacrebleu and ROUGE against rouge_score, one thread, per-row and corpus scores out, no intervals.

The base of BLEU's goal is sacrebleu's corpus_score by a new BLEU object, whose cache of tokenised lines is empty: it
gives no per-row scores, evald does. The answers are compared before anything is timed.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU

import evald
from bench import corpora, requests
from bench.corpora import Corpus
from bench.measure import Rounds, interleave, rounds_of
from bench.report import Figure, Goal, main, milliseconds
from evald import _native

Work = dict[str, Callable[[], object]]

BLEU_GOAL = Goal(">=", 50)
ROUGE_GOAL = Goal(">=", 100)


def run(quick: bool) -> list[Figure]:
    """All figures of this benchmark."""
    _native.set_threads(1)
    pairs = corpora.translations(500 if quick else 3004)
    texts = corpora.summaries(200 if quick else 1000)
    figures = _bleu(pairs, rounds_of(quick))
    for stemmer in (False, True):
        figures += _rouge(texts, stemmer, rounds_of(quick))
    return [*figures, _fixed_cost(pairs.head(1), rounds_of(quick))]


def evald_work(corpus: Corpus, metrics: list[str]) -> Work:
    """The three ways into evald."""
    allowed = requests.limits()
    header = requests.request_bytes(corpus, metrics, rows=False)
    request = requests.request_bytes(corpus, metrics)
    return {
        "evaluate": lambda: evaluate(corpus, metrics),
        "native_lists": lambda: requests.score_lists(header, corpus, allowed),
        "bytes": lambda: requests.score_bytes(request, allowed),
    }


def evaluate(corpus: Corpus, metrics: list[str]) -> evald.Evaluation:
    """The embedded API, with the scores of every row."""
    return evald.evaluate(corpus.predictions, corpus.references, metrics=metrics, replicates=0, row_report="all")


def _bleu(corpus: Corpus, rounds: int) -> list[Figure]:
    metrics = ["bleu"]
    references = [corpus.references]

    def with_rows() -> None:
        BLEU().corpus_score(corpus.predictions, references)
        sentence = BLEU(effective_order=True)
        for prediction, reference in zip(corpus.predictions, corpus.references, strict=True):
            sentence.sentence_score(prediction, [reference])

    same = BLEU()
    expected = same.corpus_score(corpus.predictions, references).score
    _check_equal("bleu", evaluate(corpus, metrics)["bleu"].value, expected)
    measured = interleave(
        {
            "cold": lambda: BLEU().corpus_score(corpus.predictions, references),
            "warm": lambda: same.corpus_score(corpus.predictions, references),
            "with_rows": with_rows,
            **evald_work(corpus, metrics),
        },
        rounds,
    )
    base = f"sacrebleu corpus_score, cold cache; {corpus.name}"
    return [
        Figure("bleu.evaluate", measured.ratio("cold", "evaluate"), "x", f"evald.evaluate; {base}", BLEU_GOAL),
        Figure("bleu.native_lists", measured.ratio("cold", "native_lists"), "x", f"lists to answer bytes; {base}"),
        Figure("bleu.bytes", measured.ratio("cold", "bytes"), "x", f"request bytes to answer bytes; {base}"),
        Figure("bleu.evaluate_vs_warm", measured.ratio("warm", "evaluate"), "x", "same BLEU object again, warm cache"),
        Figure(
            "bleu.evaluate_vs_rows", measured.ratio("with_rows", "evaluate"), "x", "corpus_score and sentence_score"
        ),
        *_times("bleu", measured, ("cold", "warm", "with_rows"), corpus),
    ]


def _rouge(corpus: Corpus, stemmer: bool, rounds: int) -> list[Figure]:
    name = "rouge_stemmer" if stemmer else "rouge"
    option = "(stemmer=true)" if stemmer else ""
    metrics = [f"{kind}{option}" for kind in ("rouge_1", "rouge_2", "rouge_l")]
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stemmer)

    def reference() -> list[float]:
        rows = [scorer.score(gold, text) for text, gold in zip(corpus.predictions, corpus.references, strict=True)]
        return [statistics.fmean(row[kind].fmeasure for row in rows) for kind in ("rouge1", "rouge2", "rougeL")]

    found = evaluate(corpus, metrics)
    for metric, expected in zip(metrics, reference(), strict=True):
        _check_equal(metric, found[metric].value, expected)
    measured = interleave({"rouge_score": reference, **evald_work(corpus, metrics)}, rounds)
    base = f"ROUGE-1/2/L by rouge_score; {corpus.name}"
    return [
        Figure(
            f"{name}.evaluate", measured.ratio("rouge_score", "evaluate"), "x", f"evald.evaluate; {base}", ROUGE_GOAL
        ),
        Figure(f"{name}.native_lists", measured.ratio("rouge_score", "native_lists"), "x", "lists to answer bytes"),
        Figure(f"{name}.bytes", measured.ratio("rouge_score", "bytes"), "x", "request bytes to answer bytes"),
        *_times(name, measured, ("rouge_score",), corpus),
    ]


def _fixed_cost(row: Corpus, rounds: int) -> Figure:
    measured = interleave({"evaluate": lambda: evaluate(row, ["bleu"])}, rounds)
    return milliseconds("bleu.ms.one_row", measured.seconds("evaluate"), "evald.evaluate of one row: its fixed cost")


def _times(name: str, measured: Rounds, bases: tuple[str, ...], corpus: Corpus) -> list[Figure]:
    tokens = corpus.tokens()

    def nanoseconds(way: str) -> str:
        return f"CPU time of a call; {measured.seconds(way).median / tokens * 1e9:.3g} ns a word"

    ways = (*bases, "evaluate", "native_lists", "bytes")
    return [milliseconds(f"{name}.ms.{way}", measured.seconds(way), nanoseconds(way)) for way in ways]


def _check_equal(metric: str, found: float | None, expected: float) -> None:
    if found is None or not math.isclose(found, expected, rel_tol=1e-9):
        raise RuntimeError(f"{metric}: evald says {found}, the reference {expected}; nothing was timed")


if __name__ == "__main__":
    sys.exit(main("text_metrics", run))
