"""Definitions of evaluations of short answers, written from their descriptions and held against golden tables."""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

Normalizer = Callable[[str], list[str]]

ENGLISH = re.compile(r"\b(a|an|the)\b")
ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
ALL_PUNCTUATION = {ord(c) for c in map(chr, range(sys.maxunicode)) if unicodedata.category(c)[0] == "P"}
NO_PUNCTUATION = dict.fromkeys(ALL_PUNCTUATION | set(map(ord, string.punctuation)))
ELISIONS = NO_PUNCTUATION | {ord("'"): " ", 0x2019: " "}
QUOTES = dict.fromkeys(map(ord, string.punctuation + "\u2018\u2019\u00b4"), " ")

ARTICLES = {
    "de": "ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des",
    "es": "un|una|unos|unas|el|la|los|las",
    "fr": "le|la|les|l|un|une|des",
    "it": "il|lo|la|i|gli|le|l|un|uno|una",
    "mlqa_en": "a|an|the",
    "nl": "de|het|een",
    "pt": "o|a|os|as|um|uma|uns|umas",
    "vi": "của|là|cái|chiếc|những",
}


def squad_words(text: str) -> list[str]:
    """SQuAD: lower case; without ASCII punctuation, then without English articles."""
    return ENGLISH.sub(" ", text.lower().translate(ASCII_PUNCTUATION)).split()


def triviaqa_words(text: str) -> list[str]:
    """TriviaQA: punctuation, underscores and some quotes separate words."""
    return ENGLISH.sub(" ", text.replace("_", " ").lower().translate(QUOTES)).split()


def language_words(name: str) -> Normalizer:
    """MLQA: lower case, without punctuation of any script, then without the language's articles."""

    def words(text: str) -> list[str]:
        text = text.lower().translate(ELISIONS if name in {"fr", "it"} else NO_PUNCTUATION)
        if name == "ar":
            text = text.replace("\u0627\u0644", " ")
        if name == "zh":
            text = re.sub("([\u4e00-\u9fa5])", r" \1 ", text)
        if name in ARTICLES:
            text = re.sub(rf"\b({ARTICLES[name]})\b", " ", text)
        return text.split()

    return words


def overlap(said: Sequence[str], asked: Sequence[str], empty: float = 0.0) -> tuple[float, float, float]:
    """Precision, recall and F1 of bags of words; `empty` for two empty bags."""
    if not said and not asked:
        return empty, empty, empty
    common = sum((Counter(said) & Counter(asked)).values())
    if common == 0:
        return 0.0, 0.0, 0.0
    precision, recall = common / len(said), common / len(asked)
    return precision, recall, 2 * precision * recall / (precision + recall)


def squad2_scores(said: str, golds: Sequence[str], words: Normalizer = squad_words) -> tuple[float, float]:
    """SQuAD 2.0: exact match and F1; gold answers without words count only where there is no other."""
    left = words(said)
    kept = [right for right in map(words, golds) if right] or [[]]
    return float(left in kept), max(overlap(left, right, empty=1.0)[2] for right in kept)


def is_number(text: str) -> bool:
    """What Python's float() reads."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def drop_words(text: str) -> list[str]:
    """DROP: part by part between spaces and hyphens, numbers in one spelling."""
    found: list[str] = []
    for part in re.split("[ -]", text):
        kept = part.lower()
        if not is_number(kept):
            kept = kept.translate(ASCII_PUNCTUATION)
        if is_number(kept):
            kept = str(float(kept))
        found += ENGLISH.sub(" ", kept).split()
    return found


def drop_bag_f1(said: set[str], asked: set[str]) -> float:
    """F1 of two bags; nothing where the gold bag has numbers of which none was said."""
    gold_numbers = set(filter(is_number, asked))
    if gold_numbers and not gold_numbers & said:
        return 0.0
    common = len(said & asked)
    precision = common / len(said) if said else 1.0
    recall = common / len(asked) if asked else 1.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def drop_scores(predicted: Sequence[str], golds: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Exact match and F1 of the best gold answer that does not begin with a blank."""
    said = [drop_words(span) for span in predicted]
    exact = best = 0.0
    for gold in golds:
        if not gold or not gold[0].strip():
            continue
        asked = [drop_words(span) for span in gold]
        if len(said) == len(asked) and set(map(tuple, said)) == set(map(tuple, asked)):
            exact = 1.0
        table = np.array([[drop_bag_f1(set(right), set(asked_of)) for right in said] for asked_of in asked])
        table = table.reshape(len(asked), len(said))
        paired = np.zeros(max(table.shape))
        rows, columns = linear_sum_assignment(-table)
        paired[rows] = table[rows, columns]
        best = max(best, float(np.round(np.mean(paired), 2)))
    return exact, best
