"""Variety of texts: n-grams against sets of tuples, self-BLEU against nltk, lengths against sacrebleu."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence

from sacrebleu.metrics import BLEU
from tests.metrics.test_diversity import TOKENIZERS, ngrams, self_bleu
from tests.metrics.translations import streams
from tests.parity.generate import Pair, corpus, long_pair
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances, undefined
from tests.properties.build import Row

LENGTHS = {"13a": BLEU(), "whitespace": BLEU(tokenize="none")}


def bare(drawn: Sequence[Pair]) -> list[Row]:
    """Rows of texts, half of them without references: nothing here needs any."""
    rows = instances(drawn)
    for row in rows[::2]:
        del row.references[:]
    return rows


def grams(choose: random.Random, drawn: Sequence[Pair]) -> Case:
    """Distinct and repeated n-grams."""
    n, tokenizer = choose.randint(1, 6), choose.choice(list(TOKENIZERS))
    of_texts = [ngrams(TOKENIZERS[tokenizer](one.prediction), n) for one in drawn]
    every = [gram for of_text in of_texts for gram in of_text]
    shares = [len({*of_text}) / len(of_text) for of_text in of_texts if of_text]
    mean = math.fsum(shares) / len(shares) if shares else math.nan
    distinct = len({*every}) / len(every) if every else math.nan
    parts = {"distinct": float(len({*every})), "total": float(len(every)), "mean_of_texts": mean}
    params = f"(n={n},tokenizer={tokenizer})"
    expected = {f"distinct_n{params}": Expected(distinct, None, parts), f"repetition{params}": Expected(1 - mean)}
    return Case(bare(drawn), expected)


def each_other(choose: random.Random) -> Case:
    """Each text against all others."""
    drawn = corpus(choose, 1)[:30]
    order, tokenizer = choose.randint(1, 6), choose.choice(list(TOKENIZERS))
    found = self_bleu([TOKENIZERS[tokenizer](one.prediction) for one in drawn], order)
    return Case(bare(drawn), {f"self_bleu(max_order={order},tokenizer={tokenizer})": Expected(undefined(found))})


def lengths(choose: random.Random) -> Case:
    """The references' lengths by every choice; that of sacrebleu is the closest."""
    drawn = corpus(choose)
    expected = {}
    for tokenizer, scorer in LENGTHS.items():
        split = TOKENIZERS[tokenizer]
        asked = [[len(split(reference)) for reference in one.references] for one in drawn]
        choices: dict[str, Iterable[float]] = {"shortest": map(min, asked), "longest": map(max, asked)}
        choices["average"] = (sum(of_row) / len(of_row) for of_row in asked)
        score = scorer.corpus_score([one.prediction for one in drawn], streams([one.references for one in drawn]))
        sums = {"closest": float(score.ref_len)} | {choice: math.fsum(of_rows) for choice, of_rows in choices.items()}
        for choice, length in sums.items():
            parts = {"system_length": float(score.sys_len), "reference_length": length}
            ratio = score.sys_len / length if length else math.nan
            expected[f"length_ratio(reference={choice},tokenizer={tokenizer})"] = Expected(ratio, None, parts)
    return Case(instances(drawn), expected)


def diversity() -> list[Check]:
    """All of them."""
    return [
        CaseCheck(
            lambda choose: grams(choose, corpus(choose, 1)),
            tolerance=1e-12,
            long=lambda choose: grams(choose, [long_pair(choose, 10_000)]),
        ),
        CaseCheck(each_other, tolerance=1e-12),
        CaseCheck(lengths, tolerance=1e-12),
    ]
