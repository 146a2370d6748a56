"""BLEU equals sacrebleu: integers exactly, scores within 1e-9 (the reference runs beside it)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU
from tests.metrics.conftest import lines
from tests.properties.build import AWKWARD, Question, any_text, components, result_of, row_scores, texts, value_of

TOLERANCE = 1e-9

NEARLY_EMPTY = [("", ""), ("", "a b"), ("a b", ""), ("a b c d e", "v w x y z"), ("a", "a"), ("a b", "a b")]

SYSTEMS = ("C-3MA", "FBK", "KIT", "LIUM-NMT", "RWTH-nmt-ensemble", "online-A", "online-B", "uedin-nmt")

# Parameters by the name of sacrebleu.
OPTIONS: dict[str, dict[str, Any]] = {
    "bleu": {},
    "bleu(lowercase=true)": {"lowercase": True},
    "bleu(effective_order=true)": {"effective_order": True},
    "bleu(smoothing=none)": {"smooth_method": "none"},
    "bleu(smoothing=floor)": {"smooth_method": "floor"},
    "bleu(smoothing=floor,smoothing_value=0.005)": {"smooth_method": "floor", "smooth_value": 0.005},
    "bleu(smoothing=floor,smoothing_value=0)": {"smooth_method": "floor", "smooth_value": 0},
    "bleu(smoothing=add-k)": {"smooth_method": "add-k"},
    "bleu(smoothing=add-k,smoothing_value=0)": {"smooth_method": "add-k", "smooth_value": 0},
    "bleu(smoothing=add-k,smoothing_value=2.125)": {"smooth_method": "add-k", "smooth_value": 2.125},
    "bleu(max_order=1)": {"max_ngram_order": 1},
    "bleu(max_order=2)": {"max_ngram_order": 2},
    "bleu(effective_order=true,max_order=6,smoothing=add-k)": {
        "effective_order": True,
        "max_ngram_order": 6,
        "smooth_method": "add-k",
    },
    "bleu(tokenizer=intl)": {"tokenize": "intl"},
    "bleu(lowercase=true,tokenizer=intl)": {"lowercase": True, "tokenize": "intl"},
    "bleu(tokenizer=zh)": {"tokenize": "zh"},
    "bleu(lowercase=true,tokenizer=zh)": {"lowercase": True, "tokenize": "zh"},
    "bleu(max_order=9,tokenizer=char)": {"max_ngram_order": 9, "tokenize": "char"},
    "bleu(lowercase=true,tokenizer=char)": {"lowercase": True, "tokenize": "char"},
    "bleu(tokenizer=none)": {"tokenize": "none"},
    "bleu(lowercase=true,tokenizer=none)": {"lowercase": True, "tokenize": "none"},
}

TOKENIZERS = ("13a", "intl", "zh", "char", "none")


def streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """References by row as sacrebleu takes them: one list a reference, None where a row has fewer."""
    width = max(len(of_row) for of_row in references)
    return [[of_row[at] if at < len(of_row) else None for of_row in references] for at in range(width)]


def statistics(scorer: BLEU, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[int]:
    """The integers that sacrebleu scores: lengths, matches and n-grams of each order, summed over rows."""
    by_row = scorer._extract_corpus_statistics(list(predictions), streams(references))
    return [sum(column) for column in zip(*by_row, strict=True)]


def check_corpus(
    predictions: Sequence[str], references: Sequence[Sequence[str]], metrics: Sequence[str] = tuple(OPTIONS)
) -> None:
    """Every part of the corpus score of every option equals sacrebleu's."""
    answer = Question(metrics).answer(texts([predictions], references))
    for metric in metrics:
        scorer = BLEU(**OPTIONS[metric])
        expected = scorer.corpus_score(list(predictions), streams(references))
        result = result_of(answer, metric)
        parts = components(result)
        orders = range(1, len(expected.counts) + 1)
        # With add-k sacrebleu reports counts with k added; its statistics before smoothing are the ones to equal.
        added = metric.count("add-k")
        counts = [parts[f"correct_{n}"] for n in orders], [parts[f"total_{n}"] for n in orders]
        assert [*counts[0], *counts[1]] == statistics(scorer, predictions, references)[2:], metric
        assert added or counts == (expected.counts, expected.totals), metric
        assert (parts["sys_len"], parts["ref_len"]) == (expected.sys_len, expected.ref_len), metric
        precisions = [parts[f"precision_{n}"] for n in orders]
        assert precisions == pytest.approx(expected.precisions, rel=0, abs=TOLERANCE), metric
        assert parts["brevity_penalty"] == pytest.approx(expected.bp, rel=0, abs=TOLERANCE), metric
        assert value_of(result) == pytest.approx(expected.score, rel=0, abs=TOLERANCE), metric
        assert result.reference_signature == str(scorer.get_signature()), metric


def check_rows(predictions: Sequence[str], references: Sequence[Sequence[str]], tokenizer: str = "13a") -> None:
    """Scores of rows equal sentence BLEU."""
    metric = f"bleu(tokenizer={tokenizer})"
    answer = Question([metric], rows=True).answer(texts([predictions], references))
    pairs = zip(predictions, references, strict=True)
    expected = [
        sacrebleu.sentence_bleu(prediction, list(of_row), tokenize=tokenizer).score for prediction, of_row in pairs
    ]
    assert row_scores(answer, metric) == pytest.approx(expected, rel=0, abs=TOLERANCE)


@pytest.fixture(scope="module")
def wmt(shared_data: Path) -> dict[str, list[str]]:
    folder = shared_data / "mt-wmt17-en-de"
    return {name: lines(folder / f"{name}.txt") for name in ("reference", *SYSTEMS)}


@pytest.mark.parametrize("system", SYSTEMS)
def test_real_systems(wmt: dict[str, list[str]], system: str) -> None:
    references = [[reference] for reference in wmt["reference"]]
    check_corpus(wmt[system], references, ["bleu"])
    check_rows(wmt[system], references)


def test_all_options_on_a_real_system(wmt: dict[str, list[str]]) -> None:
    check_corpus(wmt["FBK"][:600], [[reference] for reference in wmt["reference"][:600]])


@pytest.mark.parametrize(("system", "others"), [("FBK", ("KIT",)), ("online-A", ("C-3MA", "uedin-nmt", "KIT"))])
def test_several_references(wmt: dict[str, list[str]], system: str, others: tuple[str, ...]) -> None:
    references = list(zip(wmt["reference"], *(wmt[other] for other in others), strict=True))
    check_corpus(wmt[system], references, ["bleu", "bleu(lowercase=true)"])
    check_rows(wmt[system][:1000], references[:1000])


def test_rows_with_different_numbers_of_references(wmt: dict[str, list[str]]) -> None:
    choose = random.Random(5)
    pool = list(zip(wmt["reference"], wmt["KIT"], wmt["online-B"], strict=True))
    references = [of_row[: choose.randint(1, 3)] for of_row in pool]
    check_corpus(wmt["FBK"], references, ["bleu"])


@pytest.mark.parametrize("tokenizer", TOKENIZERS[1:])
def test_tokenizers_on_a_real_system(wmt: dict[str, list[str]], tokenizer: str) -> None:
    rows = 800 if tokenizer == "char" else None
    predictions, references = wmt["KIT"][:rows], [[reference] for reference in wmt["reference"][:rows]]
    check_corpus(predictions, references, [f"bleu(lowercase=true,tokenizer={tokenizer})"])
    check_rows(predictions, references, tokenizer)


@pytest.mark.parametrize("system", ["sys1", "sys2"])
def test_japanese(shared_data: Path, system: str) -> None:
    folder = shared_data / "mt-ted-ja"
    predictions, references = lines(folder / f"{system}.txt"), lines(folder / "ref.txt")
    check_corpus(predictions, [[reference] for reference in references], ["bleu", "bleu(tokenizer=zh)"])
    # The same text without the spaces between words: a few very long tokens a row.
    joined = [prediction.replace(" ", "") for prediction in predictions[:800]]
    without_spaces = [[reference.replace(" ", "")] for reference in references[:800]]
    for tokenizer in TOKENIZERS:
        check_rows(joined, without_spaces, tokenizer)


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, awkward + " x", "x" + awkward, awkward.lower(), awkward * 2, "the cat sat on the mat", ""]
    references = [[other] for other in others]
    check_corpus([awkward] * len(others), references)
    check_corpus(others, [[awkward]] * len(others))
    for tokenizer in TOKENIZERS:
        check_rows([awkward] * len(others), references, tokenizer)
        check_rows(others, [[awkward, "the cat sat"]] * len(others), tokenizer)


def test_corpora_without_a_match_or_a_token() -> None:
    for prediction, reference in NEARLY_EMPTY:
        check_corpus([prediction], [[reference]])
        check_rows([prediction], [[reference]])


def test_ten_thousand_tokens() -> None:
    choose = random.Random(7)
    few, many = [f"w{number}" for number in range(9)], [f"w{number}" for number in range(4000)]
    for words in (few, many):
        prediction, reference = (" ".join(choose.choices(words, k=10_000)) for _ in range(2))
        check_corpus([prediction], [[reference]], ["bleu"])
        check_rows([prediction, prediction], [[reference], [reference, prediction[:20_000]]])
    check_corpus(["a " * 10_000], [["a " * 9_999]], ["bleu"])


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=5))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check_corpus(predictions, references)
    for tokenizer in TOKENIZERS:
        check_rows(predictions, references, tokenizer)
