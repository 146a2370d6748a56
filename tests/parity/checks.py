"""The checks: metrics of evald beside the reference implementation of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF, TER
from sklearn import metrics as sklearn
from tests.parity.generate import Pair, labels
from tests.parity.runner import Check, CorpusCheck, RowCheck


def _sentence(scorer: BLEU | CHRF | TER) -> Callable[[Pair], float]:
    return lambda one: float(scorer.sentence_score(one.prediction, list(one.references)).score)


def _rouge(kind: str, stemmer: bool) -> Callable[[Pair], float]:
    scorer = RougeScorer([kind], use_stemmer=stemmer)
    return lambda one: float(scorer.score_multi(list(one.references), one.prediction)[kind].fmeasure)


def translation() -> list[Check]:
    """BLEU, chrF and TER against sacrebleu."""
    bleu = {
        "bleu": BLEU(effective_order=True),
        "bleu(lowercase=true)": BLEU(effective_order=True, lowercase=True),
        "bleu(smoothing=floor)": BLEU(effective_order=True, smooth_method="floor"),
        "bleu(smoothing=add-k)": BLEU(effective_order=True, smooth_method="add-k"),
        "bleu(tokenizer=intl)": BLEU(effective_order=True, tokenize="intl"),
        "bleu(tokenizer=zh)": BLEU(effective_order=True, tokenize="zh"),
        "bleu(tokenizer=char)": BLEU(effective_order=True, tokenize="char"),
        "bleu(tokenizer=none)": BLEU(effective_order=True, tokenize="none"),
    }
    chrf = {
        "chrf": CHRF(),
        "chrf(word_order=2)": CHRF(word_order=2),
        "chrf(lowercase=true,whitespace=true)": CHRF(lowercase=True, whitespace=True),
        "chrf(eps_smoothing=true,word_order=2)": CHRF(eps_smoothing=True, word_order=2),
    }
    ter = {
        "ter": TER(),
        "ter(normalized=true)": TER(normalized=True),
        "ter(no_punct=true)": TER(no_punct=True),
        "ter(asian_support=true,normalized=true)": TER(asian_support=True, normalized=True),
        "ter(case_sensitive=true)": TER(case_sensitive=True),
    }
    return [RowCheck(name, _sentence(scorer)) for name, scorer in {**bleu, **chrf, **ter}.items()]


def summarization() -> list[Check]:
    """ROUGE against rouge_score, bit by bit."""
    kinds = {
        "rouge_1": "rouge1",
        "rouge_2": "rouge2",
        "rouge_9": "rouge9",
        "rouge_l": "rougeL",
        "rouge_lsum": "rougeLsum",
    }
    return [
        RowCheck(f"{name}(stemmer=true)" if stemmer else name, _rouge(kind, stemmer), tolerance=0)
        for name, kind in kinds.items()
        for stemmer in (False, True)
    ]


def classification() -> list[Check]:
    """Labels against scikit-learn."""
    classes = ("b", "Z", "a", "\u00e9", "\u65e5\u672c", "a b", "10", "")

    def check(metric: str, value: Callable[[Sequence[str], Sequence[str]], float]) -> Check:
        def make(choose: random.Random) -> tuple[dict[str, object], float | None, int]:
            rows = choose.randint(1, 60)
            gold, predicted = labels(choose, choose.sample(classes, choose.randint(1, len(classes))), rows)
            return {"predictions": predicted, "references": gold}, float(value(gold, predicted)), rows

        return CorpusCheck(metric, make)

    found = [
        check("accuracy", sklearn.accuracy_score),
        check("mcc", sklearn.matthews_corrcoef),
    ]
    for name, score in (
        ("precision", sklearn.precision_score),
        ("recall", sklearn.recall_score),
        ("f1", sklearn.f1_score),
        ("jaccard", sklearn.jaccard_score),
    ):
        for average in ("micro", "macro", "weighted"):

            def value(
                gold: Sequence[str], predicted: Sequence[str], score: object = score, average: str = average
            ) -> float:
                return float(score(gold, predicted, average=average, zero_division=0))  # type: ignore[operator]

            found.append(check(f"{name}(average={average})", value))
    return found


GROUPS: dict[str, Callable[[], list[Check]]] = {
    "translation": translation,
    "summarization": summarization,
    "classification": classification,
}
