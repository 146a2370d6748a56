"""Writes diversity.json from sets of tuples, NLTK and sacrebleu; run it from the root of the repository."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rows import Case, case, table, write
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

Words = list[str]
SPLIT: dict[str, Callable[[str], Words]] = {
    "13a": lambda text: str(Tokenizer13a()(text)).split(),
    "whitespace": str.split,
}


def corpora() -> list[list[str]]:
    """Texts of a system."""
    draw = random.Random(20261121)
    words = ["the", "cat", "sat.", "don't", "1,5", "日本", "na\u00efve", "\x1c", "a\u3000b"]
    return [
        [""],
        ["the cat sat on the mat the cat sat"],
        ["a b c d e", "a b c d e", "a b c d e"],
        ["a b c d", "e f g h"],
        ["to be or not to be.", "to be is to do", "do be do be do", "", "be"],
        [" ".join(draw.choices(words, k=draw.randrange(12))) for _ in range(20)],
    ]


def grams(words: Words, n: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


def distinct(texts: Sequence[Words], n: int) -> tuple[float | None, float | None]:
    """Share of distinct n-grams of all texts, and the mean of the texts' own shares."""
    found = [grams(text, n) for text in texts]
    every = [gram for of_text in found for gram in of_text]
    shares = [len(set(of_text)) / len(of_text) for of_text in found if of_text]
    if not every:
        return None, None
    return len(set(every)) / len(every), math.fsum(shares) / len(shares)


def self_bleu(texts: Sequence[Words], order: int) -> float | None:
    """Mean BLEU of each text against all others."""
    if len(texts) < 2:
        return None
    smoothing = SmoothingFunction().method1
    scores = [
        sentence_bleu([*texts[:at], *texts[at + 1 :]], text, [1 / order] * order, smoothing)
        for at, text in enumerate(texts)
    ]
    return math.fsum(scores) / len(scores)


def lengths(texts: list[str], references: list[str], tokenizer: str) -> Case:
    """Lengths as sacrebleu counts them."""
    found = BLEU(tokenize="none" if tokenizer == "whitespace" else tokenizer, force=True).corpus_score(
        texts, [references]
    )
    ratio = found.sys_len / found.ref_len if found.ref_len else None
    return case(rows(texts, references), ratio, system_length=found.sys_len, reference_length=found.ref_len)


def rows(texts: Sequence[str], references: Sequence[str] = ()) -> list[dict[str, Any]]:
    given = [{"references": [reference]} for reference in references] or [{} for _ in texts]
    return [{"predictions": [{"text": text}], **other} for text, other in zip(texts, given, strict=True)]


if __name__ == "__main__":
    tables = []
    for tokenizer, split in SPLIT.items():
        corpus = [(texts, [split(text) for text in texts]) for texts in corpora()]
        for n in (1, 2, 4):
            params = {"n": n, "tokenizer": tokenizer}
            shares = [(texts, *distinct(words, n)) for texts, words in corpus]
            tables.append(
                table("distinct_n", params, [case(rows(t), all_, mean_of_texts=mean) for t, all_, mean in shares])
            )
            repeated = [case(rows(t), None if mean is None else 1 - mean) for t, _, mean in shares]
            tables.append(table("repetition", params, repeated))
            similar = [case(rows(t), self_bleu(words, n)) for t, words in corpus]
            tables.append(table("self_bleu", {"max_order": n, "tokenizer": tokenizer}, similar))
        ratios = [lengths(texts, [*texts[1:], "a reference."], tokenizer) for texts in corpora()]
        tables.append(table("length_ratio", {"tokenizer": tokenizer}, ratios))
    source = ", ".join(f"{name} {metadata.version(name)}" for name in ("nltk", "sacrebleu"))
    write("diversity.json", source, 1e-12, tables)
