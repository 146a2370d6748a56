"""TER equals sacrebleu: edits and lengths exactly, scores within 1e-9 (the reference runs beside it)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import TER
from tests.metrics.translations import (
    NEARLY_EMPTY,
    SYSTEMS,
    References,
    english_german,
    japanese,
    one_to_three,
    single,
    streams,
)
from tests.properties.build import AWKWARD, Question, any_text, components, result_of, row_scores, texts, value_of

TOLERANCE = 1e-9

# The reference takes about 3 ms a line; EVERY=1 runs all of them, which was done when the metric was made.
EVERY = 7

FLAGS = ("asian_support", "case_sensitive", "no_punct", "normalized")

# All combinations, with the parameters by name.
OPTIONS: dict[str, dict[str, Any]] = {
    "ter(" + ",".join(f"{flag}={str(bool(bits >> at & 1)).lower()}" for at, flag in enumerate(FLAGS)) + ")": {
        flag: bool(bits >> at & 1) for at, flag in enumerate(FLAGS)
    }
    for bits in range(16)
} | {"ter": {}}


def check(predictions: Sequence[str], references: References, metrics: Sequence[str] = tuple(OPTIONS)) -> None:
    """Statistics, scores of corpus and rows, and signature of every option equal sacrebleu's."""
    answer = Question(metrics, rows=True).answer(texts([predictions], references))
    for metric in metrics:
        scorer = TER(**OPTIONS[metric])
        by_row = scorer._extract_corpus_statistics(list(predictions), streams(references))
        expected = scorer._aggregate_and_compute(by_row)
        result = result_of(answer, metric)
        parts = components(result)
        assert parts["edits"] == expected.num_edits, metric
        assert parts["ref_len"] == pytest.approx(expected.ref_length, rel=0, abs=TOLERANCE), metric
        assert value_of(result) == pytest.approx(expected.score, rel=0, abs=TOLERANCE), metric
        # As `sentence_score` has it.
        expected_rows = [scorer._aggregate_and_compute([stats]).score for stats in by_row]
        assert row_scores(answer, metric) == pytest.approx(expected_rows, rel=0, abs=TOLERANCE), metric
        assert result.reference_signature == str(scorer.get_signature())


@pytest.fixture(scope="module")
def wmt(shared_data: Path) -> dict[str, list[str]]:
    found = english_german(shared_data)
    return {name: texts[::EVERY] for name, texts in found.items()}


@pytest.mark.parametrize("system", SYSTEMS)
def test_real_systems(wmt: dict[str, list[str]], system: str) -> None:
    check(wmt[system], single(wmt["reference"]), ["ter"])


def test_all_options_on_a_real_system(wmt: dict[str, list[str]]) -> None:
    check(wmt["FBK"][:30], single(wmt["reference"][:30]))


def test_rows_with_different_numbers_of_references(wmt: dict[str, list[str]]) -> None:
    check(wmt["FBK"][:200], one_to_three(wmt)[:200], ["ter"])


@pytest.mark.parametrize("system", ["sys1", "sys2"])
def test_japanese(shared_data: Path, system: str) -> None:
    predictions, references = japanese(shared_data, system)
    asian = "ter(asian_support=true,case_sensitive=false,no_punct=false,normalized=true)"
    check(predictions[::200], references[::200], ["ter", asian])


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, awkward + " x", "x" + awkward, awkward.lower(), awkward * 2, "the cat sat on the mat", ""]
    check([awkward] * len(others), single(others))
    check(others, [[awkward, "the cat sat", ""]] * len(others))


@pytest.mark.parametrize(("prediction", "reference"), NEARLY_EMPTY)
def test_corpora_without_a_match_or_a_word(prediction: str, reference: str) -> None:
    check([prediction], [[reference]])
    check([prediction, "a b c"], [[reference, "x"], ["a"]])


def words(choose: random.Random, kinds: int, length: int) -> list[str]:
    return [f"w{choose.randrange(kinds)}" for _ in range(length)]


def moved(choose: random.Random, text: list[str], times: int) -> list[str]:
    """The text with runs of words moved, and some words changed."""
    text = list(text)
    for _ in range(times):
        start, length = choose.randrange(len(text)), choose.randrange(1, 13)
        run = text[start : start + length]
        del text[start : start + length]
        target = choose.randrange(len(text) + 1)
        text[target:target] = run
        text[choose.randrange(len(text))] = f"w{choose.randrange(50)}"
    return text


# Below, around and above the lengths where the beam cuts, and where one word of bits is enough.
@pytest.mark.parametrize("length", [5, 12, 24, 25, 26, 40, 64, 65])
def test_shifts(length: int) -> None:
    choose = random.Random(length)
    references = [words(choose, kinds, length) for kinds in (3, 20, 1000) for _ in range(1 + 60 // length)]
    predictions = [moved(choose, reference, choose.randrange(6)) for reference in references]
    # Much shorter, much longer, and other texts.
    predictions += [prediction[: length // 3] for prediction in predictions[::3]]
    references += references[: len(predictions) - len(references)]
    predictions += [references[0] * 2, words(choose, 20, length)]
    references += [references[0], references[0]]
    check([" ".join(text) for text in predictions], single([" ".join(text) for text in references]), ["ter"])


def test_texts_of_very_different_lengths() -> None:
    choose = random.Random(3)
    short, long = words(choose, 5, 3), words(choose, 5, 400)
    for prediction, reference in [(short, long), (long, short), (long[:70], long), (long, long[:70])]:
        check([" ".join(prediction)], [[" ".join(reference)]], ["ter"])


def test_a_thousand_tokens() -> None:
    choose = random.Random(7)
    reference = words(choose, 3000, 1000)
    check([" ".join(moved(choose, reference, 3))], [[" ".join(reference)]], ["ter"])


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=5))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


few_words = st.lists(st.sampled_from("abcde"), max_size=30).map(" ".join)


@given(st.lists(st.tuples(few_words, few_words), min_size=1, max_size=3))
def test_any_words(rows: list[tuple[str, str]]) -> None:
    check([prediction for prediction, _ in rows], [[reference] for _, reference in rows], ["ter"])
