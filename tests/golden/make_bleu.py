"""Write bleu.json: BLEU of sacrebleu, of nltk, and of Hugging Face evaluate.

Needs sacrebleu 2.6.0, regex 2026.11.15 and nltk 3.10 under Python 3.11 (whose `sum()` of floats is the plain one).
Evaluate loads its script over the network, so its definition is written down here; `tests/metrics/` compares the
metric with bleuscore, a port of it, too.
"""

import collections
import json
import logging
import math
import warnings

from make_golden import HERE, PAIRS, Pairs, numbers
from nltk.translate import bleu_score
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

# What the tokenizers intl and zh split at, or not.
TEXTS: Pairs = [
    ("in 2009.", ["in 2009 .", "in 2009"]),
    ("in 2009. \u3000", ["in 2009."]),
    ("1.5 2,000. .5 a.5 5.a ..5 a..5 a...5 5...", [". 5 a . 5 5 . a .. 5"]),
    ("\u0663\u066b\u0664 \u00bd,\u00bd \u2167. \u2155\u2026x", ["\u0663 \u066b \u0664"]),
    ("\u201cquoted\u201d \u2018it\u2019s\u2019 \u00abx\u00bb 3\u20134 \u2014", ["\u201c quoted \u201d it \u2019 s"]),
    ("5\u20ac+3$=8\u00a3 \u00a9x \u2122 \u2260 a\u2192b \u2200x", ["5 \u20ac + 3 $ = 8 \u00a3"]),
    ("new symbols \u20c1 \u20c2x \U0001fa8ey \U0001f6d8", ["new symbols \u20c1 x \U0001fa8e y"]),
    ("snake_case e-mail AT&T #tag @you 50% ^^ `x` ~y |z|", ["snake _ case e - mail AT & T"]),
    ("\u6211\u7231NLP\uff0c\u4f60\u5462\uff1f\u3002", ["\u6211 \u7231 NLP \uff0c \u4f60"]),
    ("\u6771\u4eac\u90fd\u30ab\u30ca\u3072\u3089 \uff76\uff85 \uff11\uff12\uff0e\uff15", ["\u6771 \u4eac \u90fd"]),
    ("\U00020000\U0002f800\u4e00\u9fbb\u9fbc\u2a6d\u2a6e", ["\U00020000 \u4e00 \u9fbb \u9fbc"]),
    (" .5 5. ", [".5 5."]),
    (" ,5 \u4e00.5\u4e00 5.\u4e00 2-3 2-\u4e00 -\u4e00", [", 5 \u4e00 . 5 \u4e00"]),
    ("&amp; &lt;\u4e00&gt; <skipped> a-\nb", ["& amp ; < \u4e00 >"]),
    ("a well-\n", ["a well"]),
    ("a well-<skipped>\n \u2028", ["a well -"]),
    ("\u03a3\u0391\u03a3. \u0130I", ["\u03c3\u03b1\u03c2 . i\u0307i"]),
]

ALL = PAIRS + TEXTS

# Our parameters by name, those of sacrebleu.
SACREBLEU: list[tuple[dict, dict]] = [
    ({}, {}),
    ({"lowercase": True}, {"lowercase": True}),
    ({"smoothing": "none"}, {"smooth_method": "none"}),
    ({"smoothing": "floor", "max_order": 2}, {"smooth_method": "floor", "max_ngram_order": 2}),
    ({"smoothing": "floor", "smoothing_value": 0.01}, {"smooth_method": "floor", "smooth_value": 0.01}),
    ({"smoothing": "add-k", "max_order": 6}, {"smooth_method": "add-k", "max_ngram_order": 6}),
    ({"smoothing": "add-k", "smoothing_value": 0}, {"smooth_method": "add-k", "smooth_value": 0}),
    ({"smoothing": "add-k", "smoothing_value": 2.5}, {"smooth_method": "add-k", "smooth_value": 2.5}),
    ({"effective_order": True, "max_order": 9}, {"effective_order": True, "max_ngram_order": 9}),
    ({"tokenizer": "intl"}, {"tokenize": "intl"}),
    ({"tokenizer": "intl", "lowercase": True}, {"tokenize": "intl", "lowercase": True}),
    ({"tokenizer": "zh"}, {"tokenize": "zh"}),
    ({"tokenizer": "zh", "lowercase": True}, {"tokenize": "zh", "lowercase": True}),
    ({"tokenizer": "char", "max_order": 9}, {"tokenize": "char", "max_ngram_order": 9}),
    ({"tokenizer": "none", "lowercase": True}, {"tokenize": "none", "lowercase": True}),
]

# Our parameters, those of compute_bleu.
HF: list[tuple[dict, dict]] = [
    ({}, {}),
    ({"smoothing": "add-one"}, {"smooth": True}),
    ({"smoothing": "add-one", "max_order": 2}, {"smooth": True, "max_order": 2}),
    ({"tokenizer": "none", "max_order": 1}, {"tokenizer": str.split, "max_order": 1}),
]

CHEN_CHERRY = bleu_score.SmoothingFunction
# Our parameters, the smoothing function of nltk, whether it reweighs.
NLTK: list[tuple[dict, object, bool]] = [
    ({}, None, False),
    ({"effective_order": True}, None, True),
    ({"smoothing": "method1"}, CHEN_CHERRY().method1, False),
    ({"smoothing": "method1", "smoothing_value": 0.5}, CHEN_CHERRY(epsilon=0.5).method1, False),
    ({"smoothing": "method2", "max_order": 9}, CHEN_CHERRY().method2, False),
    ({"smoothing": "method3", "max_order": 6}, CHEN_CHERRY().method3, False),
    ({"smoothing": "method4"}, CHEN_CHERRY().method4, False),
    ({"smoothing": "method4", "smoothing_value": 2, "max_order": 3}, CHEN_CHERRY(k=2).method4, False),
    ({"smoothing": "method4", "effective_order": True}, CHEN_CHERRY().method4, True),
]


def sacrebleu_table(params: dict, arguments: dict) -> dict:
    """Statistics and sentence score of each row, corpus score and parts."""
    metric = BLEU(**arguments)
    by_row = BLEU(**{**arguments, "effective_order": True})
    rows, stats = [], []
    for prediction, references in ALL:
        row = metric._extract_corpus_statistics([prediction], [[text] for text in references])[0]
        stats.append(row)
        rows.append({"stats": numbers(row), "score": repr(float(by_row._compute_score_from_stats(list(row)).score))})
    corpus = metric._aggregate_and_compute(stats)
    parts = {"precision_1": repr(corpus.precisions[0]), "brevity_penalty": repr(corpus.bp)}
    return {"metric": "bleu", "params": params, "rows": rows, "value": repr(corpus.score), "parts": parts}


def tokens_13a(text: str) -> list[str]:
    """The tokenizer of evaluate: that of sacrebleu, without stripping the text first."""
    return Tokenizer13a()(text).split()


def grams(tokens: list[str], order: int) -> collections.Counter:
    """How often each n-gram occurs."""
    return collections.Counter(zip(*(tokens[at:] for at in range(order)), strict=False))


def counts(prediction: list[str], references: list[list[str]], max_order: int, length, at_least: int) -> list[int]:
    """Lengths, clipped matches and n-grams, from the definition."""
    correct, total = [], []
    for order in range(1, max_order + 1):
        allowed = collections.Counter()
        for reference in references:
            allowed |= grams(reference, order)
        correct.append((grams(prediction, order) & allowed).total())
        total.append(max(len(prediction) - order + 1, at_least))
    return [len(prediction), length([len(reference) for reference in references]), *correct, *total]


def hf_score(stats: list[int], smooth: bool) -> tuple[float, list[float], float]:
    """Score, precisions and brevity penalty, from the definition; 0 where it divides by 0."""
    (sys_len, ref_len), (correct, total) = stats[:2], (stats[2:][: len(stats) // 2 - 1], stats[len(stats) // 2 + 1 :])
    pairs = zip(correct, total, strict=True)
    precisions = [(c + smooth) / (t + smooth) if t + smooth else 0.0 for c, t in pairs]
    if not sys_len or not ref_len:
        return 0.0, precisions, 0.0
    ratio = sys_len / ref_len
    penalty = 1.0 if ratio > 1 else math.exp(1 - 1 / ratio)
    if min(precisions) == 0:
        return 0.0, precisions, penalty
    return math.exp(sum(1 / len(precisions) * math.log(p) for p in precisions)) * penalty, precisions, penalty


def hf_table(params: dict, smooth: bool = False, max_order: int = 4, tokenizer=tokens_13a) -> dict:
    """Statistics and score of each row, corpus score and parts."""
    rows = [
        counts(tokenizer(prediction), [tokenizer(text) for text in references], max_order, min, 0)
        for prediction, references in ALL
    ]
    value, precisions, penalty = hf_score([sum(column) for column in zip(*rows, strict=True)], smooth)
    return {
        "metric": "bleu",
        "params": {"profile": "hf", **params},
        "rows": [{"stats": numbers(row), "score": repr(hf_score(row, smooth)[0])} for row in rows],
        "value": repr(value),
        "parts": {"precision_1": repr(precisions[0]), "brevity_penalty": repr(penalty)},
    }


def nltk_table(params: dict, smoothing, auto_reweigh: bool) -> dict:
    """Statistics (from the definition) and score (of nltk) of each row, corpus score of nltk."""
    order = params.get("max_order", 4)
    # The same tuple as nltk's default, which it recognises when it reweighs.
    options = {"weights": (1 / order,) * order, "smoothing_function": smoothing, "auto_reweigh": auto_reweigh}
    split = [(prediction.split(), [text.split() for text in references]) for prediction, references in ALL]
    rows = []
    for prediction, references in split:

        def closest(lengths: list[int], wanted: int = len(prediction)) -> int:
            return min(lengths, key=lambda length: (abs(length - wanted), length))

        score = bleu_score.sentence_bleu(references, prediction, **options)
        stats = counts(prediction, references, order, closest, 1)
        rows.append({"stats": numbers(stats), "score": repr(float(score))})
    value = bleu_score.corpus_bleu([references for _, references in split], [words for words, _ in split], **options)
    return {"metric": "bleu", "params": {"profile": "nltk", **params}, "rows": rows, "value": repr(float(value))}


def main() -> None:
    """Write the file."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    tables = [sacrebleu_table(params, arguments) for params, arguments in SACREBLEU]
    tables += [hf_table(params, **arguments) for params, arguments in HF]
    tables += [nltk_table(*options) for options in NLTK]
    golden = {
        "source": "sacrebleu 2.6.0, regex 2026.11.15, nltk 3.10.4, Python 3.11",
        "tolerance": 1e-12,
        "pairs": [{"prediction": prediction, "references": references} for prediction, references in ALL],
        "tables": tables,
    }
    # One line a pair and a row.
    text = json.dumps(golden).replace("}, {", "},\n{")
    assert json.loads(text) == golden
    (HERE / "bleu.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
