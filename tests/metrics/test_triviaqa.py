"""Normalisers beside SQuAD's: TriviaQA's, MLQA's languages, Hugging Face's options, none at all."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.answer_oracles import Normalizer, language_words, overlap, triviaqa_words
from tests.metrics.conftest import lines
from tests.metrics.golden import golden, key_of, named, numbers
from tests.properties.build import AWKWARD, Question, any_text, row_scores, texts

LANGUAGES = ["ar", "de", "es", "fr", "hi", "it", "mlqa_en", "nl", "pt", "vi", "zh"]

# The text form of exact_match's and token_f1's parameters, and what makes words.
NORMALIZERS: dict[str, Normalizer] = {
    "profile=triviaqa": triviaqa_words,
    "normalizer=none": str.split,
    **{f"normalizer={name}": language_words(name) for name in LANGUAGES},
}

OPTIONS: dict[str, Callable[[str], str]] = {
    "profile=plain": str.strip,
    "profile=hf": str,
    "profile=hf,ignore_case=true": str.lower,
    "profile=hf,ignore_case=true,ignore_punctuation=true": lambda text: text.lower().translate(
        str.maketrans("", "", string.punctuation)
    ),
    'profile=hf,ignore_numbers=true,regexes_to_ignore="the |[aeiou]+x?"': lambda text: re.sub(
        "the |[aeiou]+x?", "", text
    ).translate(str.maketrans("", "", string.digits)),
}

WORDS = "der die das el la los le la les l'eau il gli un'idea de het een o a os the"


def check(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Rows of every normaliser equal their definition in every bit."""
    metrics = [f"{metric}({form})" for form in NORMALIZERS for metric in ("exact_match", "token_f1")]
    exact = [f"exact_match({form})" for form in OPTIONS]
    asked = map(named, [*metrics, *exact, "token_f1(profile=plain)"])
    answer = Question(list(asked), rows=True).answer(texts([predictions], references))
    pairs = list(zip(predictions, references, strict=True))
    for form, words in [*NORMALIZERS.items(), ("profile=plain", str.split)]:
        best = [max(overlap(words(said), words(gold))[2] for gold in golds) for said, golds in pairs]
        assert row_scores(answer, f"token_f1({form})") == [100.0 * f1 for f1 in best], form
    for form, change in [*NORMALIZERS.items(), *OPTIONS.items()]:
        hits = [any(change(said) == change(gold) for gold in golds) for said, golds in pairs]
        assert row_scores(answer, f"exact_match({form})") == [100.0 * hit for hit in hits], form


@pytest.mark.parametrize(
    "table",
    [t for t in golden("answers.json")["tables"] if "pairs" not in t and "rows" in t],
    ids=lambda table: str(table["written"]),
)
def test_golden_tables(table: dict[str, Any]) -> None:
    """What the reference scripts themselves said."""
    pairs = golden("answers.json")["pairs"]
    rows = texts([[pair["prediction"] for pair in pairs]], [pair["references"] for pair in pairs])
    answer = Question([named(table["written"])], rows=True).answer(rows)
    assert row_scores(answer, key_of(table["written"])) == [100.0 * score for score in numbers(table["rows"])]


@pytest.mark.parametrize(
    ("folder", "system", "reference"),
    [("mt-wmt17-en-de", "FBK", "reference"), ("mt-ted-ja", "sys1", "ref"), ("summ-xsum", "convs2s", "reference")],
)
def test_sentences(shared_data: Path, folder: str, system: str, reference: str) -> None:
    predictions = lines(shared_data / folder / f"{system}.txt")[:1_000]
    check(predictions, [[line] for line in lines(shared_data / folder / f"{reference}.txt")[:1_000]])


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [
        awkward,
        f"the {awkward}",
        f"{awkward}'a_an",
        awkward.upper(),
        f" {awkward}\x1f",
        f"die{awkward}l\u2019",
        "",
    ]
    check([awkward] * len(others), [[other] for other in others])
    check(others, [[awkward, WORDS, "5kelvin"]] * len(others))


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=4))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


@given(st.lists(st.sampled_from([*WORDS.split(), "\u0627\u0644", "\u4e2d", "x", "'", "\u2019", "_", "\u203f", " "])))
def test_any_articles(pieces: list[str]) -> None:
    check(["".join(pieces)], [[" ".join(pieces), "x"]])


def test_long_text() -> None:
    text = " ".join(f"word{number % 97}, the {number}" for number in range(5_000))
    check([text], [[text[: len(text) // 2], text.upper()]])


def test_patterns_are_removed_line_by_line() -> None:
    """As evaluate does with its list: the second pattern sees what the first has left."""
    form = 'exact_match(profile=hf,regexes_to_ignore="b\nac")'
    answer = Question([named(form)], rows=True).answer(texts([["abc", "xb"]], [["", "y"], ["x"]]))
    assert row_scores(answer, key_of(form)) == [100.0, 100.0]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ("exact_match(ignore_case=true)", "ignore_case"),
        ("exact_match(profile=hf,normalizer=de)", "normalizer"),
        ("token_f1(profile=triviaqa,normalizer=de)", "normalizer"),
        ("exact_match(normalizer=xx)", "normalizer"),
        ('exact_match(profile=hf,regexes_to_ignore="(a")', "regexes_to_ignore"),
        ('exact_match(profile=hf,regexes_to_ignore="(?=a)")', "regexes_to_ignore"),
    ],
)
def test_what_a_profile_does_not_know_is_refused(form: str, field: str) -> None:
    with pytest.raises(Exception, match=rf"metrics\[0\]\.params\.{field}"):
        Question([form]).spec()
