"""Variety of texts: distinct and repeated n-grams against sets, self-BLEU against NLTK, lengths against sacrebleu."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from tests.metrics.conftest import lines
from tests.metrics.golden_rows import check_tables, same
from tests.properties.build import AWKWARD, Question, any_text, components, result_of, row_scores, texts, value_of

# As for BLEU, whose scorer strips a text before it is tokenized: a hyphen before the last line end stays.
TOKENIZERS: dict[str, Callable[[str], list[str]]] = {
    "13a": lambda text: str(Tokenizer13a()(text.rstrip())).split(),
    "whitespace": str.split,
}


def ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


def check_grams(predictions: Sequence[str], n: int, tokenizer: str) -> None:
    """Distinct n-grams of the corpus and of texts, and repetition, against sets of tuples."""
    keys = [f"distinct_n(n={n},tokenizer={tokenizer})", f"repetition(n={n},tokenizer={tokenizer})"]
    answer = Question(keys, rows=True).answer(texts([predictions], [["-"]] * len(predictions)))
    grams = [ngrams(TOKENIZERS[tokenizer](text), n) for text in predictions]
    every = [gram for of_text in grams for gram in of_text]
    shares = [len(set(of_text)) / len(of_text) for of_text in grams if of_text]
    distinct, repetition = (result_of(answer, key) for key in keys)
    assert value_of(distinct) == (len(set(every)) / len(every) if every else None)
    found = components(distinct)
    assert (found["distinct"], found["total"]) == (len(set(every)), len(every))
    mean = math.fsum(shares) / len(shares) if shares else None
    assert same(found["mean_of_texts"], mean, 1e-12)
    assert same(value_of(repetition), None if mean is None else 1 - mean, 1e-12)
    for score, of_text in zip(row_scores(answer, keys[1]), grams, strict=True):
        if of_text:
            assert same(score, 1 - len(set(of_text)) / len(of_text), 1e-12)


def self_bleu(predictions: Sequence[Sequence[str]], order: int) -> float | None:
    """Texygen's: each text against all others, smoothed by epsilon."""
    if len(predictions) < 2:
        return None
    smoothing = SmoothingFunction().method1
    scores = [
        sentence_bleu([*predictions[:at], *predictions[at + 1 :]], text, [1 / order] * order, smoothing)
        for at, text in enumerate(predictions)
    ]
    return math.fsum(scores) / len(scores)


def check_self_bleu(predictions: Sequence[str], order: int = 4, tokenizer: str = "13a") -> None:
    key = f"self_bleu(max_order={order},tokenizer={tokenizer})"
    answer = Question([key]).answer(texts([predictions], [["-"]] * len(predictions)))
    expected = self_bleu([TOKENIZERS[tokenizer](text) for text in predictions], order)
    assert same(value_of(result_of(answer, key)), expected, 1e-12)


def check_lengths(predictions: Sequence[str], references: Sequence[Sequence[str]], tokenizer: str) -> None:
    answer = Question([f"length_ratio(tokenizer={tokenizer})"]).answer(texts([predictions], references))
    name = "none" if tokenizer == "whitespace" else tokenizer
    most = max(len(of_row) for of_row in references)
    streams = [[of_row[at] if at < len(of_row) else None for of_row in references] for at in range(most)]
    expected = BLEU(tokenize=name, force=True).corpus_score(list(predictions), streams)
    result = answer.systems[0].metrics[0]
    ratio = expected.sys_len / expected.ref_len if expected.ref_len else None
    assert same(value_of(result), ratio, 1e-12)
    assert components(result) == {"system_length": expected.sys_len, "reference_length": expected.ref_len}


def test_golden() -> None:
    assert check_tables("diversity.json") > 30


@pytest.fixture(scope="module")
def summaries(shared_data: Path) -> tuple[list[str], list[str]]:
    folder = shared_data / "summ-xsum"
    return lines(folder / "convs2s.txt"), lines(folder / "reference.txt")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("n", [1, 2, 4])
def test_real_summaries(summaries: tuple[list[str], list[str]], n: int, tokenizer: str) -> None:
    check_grams(summaries[0], n, tokenizer)


def test_real_self_bleu(summaries: tuple[list[str], list[str]]) -> None:
    for order in (2, 4, 5):
        check_self_bleu(summaries[0][:120], order)


def test_real_lengths(summaries: tuple[list[str], list[str]]) -> None:
    predictions, references = summaries
    for tokenizer in TOKENIZERS:
        check_lengths(predictions, [[text] for text in references], tokenizer)
        check_lengths(predictions, list(zip(references, references[1:] + references[:1], strict=True)), tokenizer)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_awkward_texts(tokenizer: str) -> None:
    for n in (1, 2, 3):
        check_grams([*AWKWARD, *AWKWARD[::2]], n, tokenizer)
    check_self_bleu([*AWKWARD, *AWKWARD[::2]], 2, tokenizer)
    check_grams(["a -\n", "a-\n-\n", "-\r\n"], 1, tokenizer)
    check_grams(["word " * 10_000, " ".join(map(str, range(10_000)))], 4, tokenizer)


def test_reference_lengths() -> None:
    rows = texts([["a b c"]], [["a b", "a b c d e", "a b c d"]])
    for choice, length in (("closest", 2), ("shortest", 2), ("longest", 5), ("average", 11 / 3)):
        result = Question([f"length_ratio(reference={choice},tokenizer=whitespace)"]).answer(rows).systems[0].metrics[0]
        assert same(value_of(result), 3 / length, 1e-12)


def test_copies_and_strangers() -> None:
    check_self_bleu(["a b c d e"] * 3)
    check_self_bleu(["a b c d", "e f g h"])
    check_self_bleu(["a b c d"])
    check_self_bleu(["", "", "a"])


def test_self_bleu_of_many_texts() -> None:
    """Its time grows with the words, not with the pairs: 20,000 texts are 400 million pairs."""
    draw = random.Random(1)
    predictions = [" ".join(draw.choices("abcdefgh", k=12)) for _ in range(20_000)]
    result = Question(["self_bleu"]).answer(texts([predictions], [["-"]] * len(predictions))).systems[0].metrics[0]
    assert 0.9 < result.estimate.value <= 1


WORDS = st.lists(st.sampled_from(["a", "b", "c.", "don't", "\x1c", "日本"]), max_size=12).map(" ".join)


@given(
    st.lists(st.one_of(WORDS, any_text()), min_size=1, max_size=8), st.integers(1, 5), st.sampled_from(list(TOKENIZERS))
)
def test_any_texts(predictions: list[str], n: int, tokenizer: str) -> None:
    check_grams(predictions, n, tokenizer)
    check_self_bleu(predictions, n, tokenizer)


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=5))
def test_any_lengths(rows: list[tuple[str, list[str]]]) -> None:
    for tokenizer in TOKENIZERS:
        check_lengths([text for text, _ in rows], [references for _, references in rows], tokenizer)
