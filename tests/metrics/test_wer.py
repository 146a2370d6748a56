"""WER, MER, WIL, WIP and CER equal jiwer: counts exactly, rates within 1e-12 (the reference runs beside it)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.translations import (
    NEARLY_EMPTY,
    SYSTEMS,
    References,
    english_german,
    japanese,
    one_to_three,
    single,
)
from tests.properties.build import AWKWARD, Question, any_text, components, result_of, row_scores, texts, value_of

TOLERANCE = 1e-12

COUNTS = ("hits", "substitutions", "deletions", "insertions")

LOWER_WORDS = jiwer.Compose([jiwer.ToLowerCase(), *jiwer.transformations.wer_default.transforms])
LOWER_CHARACTERS = jiwer.Compose([jiwer.ToLowerCase(), *jiwer.transformations.cer_default.transforms])

Process = Callable[[list[str], list[str]], Any]


def lower_words(references: list[str], predictions: list[str]) -> Any:
    """Words in lower case."""
    return jiwer.process_words(references, predictions, LOWER_WORDS, LOWER_WORDS)


def lower_characters(references: list[str], predictions: list[str]) -> Any:
    """Characters in lower case."""
    return jiwer.process_characters(references, predictions, LOWER_CHARACTERS, LOWER_CHARACTERS)


# What computes a metric, and the name of the rate.
OPTIONS: dict[str, tuple[Process, str]] = {
    "wer": (jiwer.process_words, "wer"),
    "mer": (jiwer.process_words, "mer"),
    "wil": (jiwer.process_words, "wil"),
    "wip": (jiwer.process_words, "wip"),
    "cer": (jiwer.process_characters, "cer"),
    "wer(lowercase=true)": (lower_words, "wer"),
    "cer(lowercase=true)": (lower_characters, "cer"),
}

WORDS = ("wer", "mer", "wil", "wip")


def nearest(process: Process, prediction: str, references: Sequence[str]) -> str:
    """The reference with the fewest errors, the first of equals."""

    def errors(reference: str) -> int:
        found = process([reference], [prediction])
        return int(found.substitutions + found.deletions + found.insertions)

    return min(references, key=errors) if len(references) > 1 else references[0]


def check(predictions: Sequence[str], references: References, metrics: Sequence[str] = tuple(OPTIONS)) -> None:
    """Counts and rates of corpus and rows of every option equal jiwer's."""
    answer = Question(metrics, rows=True).answer(texts([predictions], references))
    for metric in metrics:
        process, rate = OPTIONS[metric]
        pairs = zip(predictions, references, strict=True)
        chosen = [nearest(process, prediction, of_row) for prediction, of_row in pairs]
        expected = process(chosen, list(predictions))
        result = result_of(answer, metric)
        assert components(result) == {name: getattr(expected, name) for name in COUNTS}, metric
        assert value_of(result) == pytest.approx(getattr(expected, rate), rel=0, abs=TOLERANCE), metric
        rows = [getattr(process([one], [other]), rate) for one, other in zip(chosen, predictions, strict=True)]
        assert row_scores(answer, metric) == pytest.approx(rows, rel=0, abs=TOLERANCE), metric


@pytest.fixture(scope="module")
def wmt(shared_data: Path) -> dict[str, list[str]]:
    return english_german(shared_data)


@pytest.mark.parametrize("system", SYSTEMS)
def test_real_systems(wmt: dict[str, list[str]], system: str) -> None:
    check(wmt[system], single(wmt["reference"]), ["wer", "cer"])


def test_all_rates_of_a_real_system(wmt: dict[str, list[str]]) -> None:
    check(wmt["FBK"][:1000], single(wmt["reference"][:1000]))


def test_the_nearest_of_several_references(wmt: dict[str, list[str]]) -> None:
    check(wmt["FBK"][:300], one_to_three(wmt)[:300])


@pytest.mark.parametrize("system", ["sys1", "sys2"])
def test_japanese(shared_data: Path, system: str) -> None:
    check(*japanese(shared_data, system), ["wip", "cer"])


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, awkward + " x", "x" + awkward, awkward.lower(), awkward * 2, "the cat sat on the mat", ""]
    check([awkward] * len(others), single(others))
    check(others, [[awkward, "the cat sat"]] * len(others))


# Two or more spaces part words, and so does U+0020; another space alone does not.
@pytest.mark.parametrize(
    "space", [" ", "\t", "\n", "\r\n", "\x1c", "\x1f\x1f", "\u00a0", "\u2003 ", "\u3000", "\u200b"]
)
def test_spaces(space: str) -> None:
    check([f"a{space}b", f"{space}a b{space}", f"a {space}b", f"{space}"], single(["a b", "a b", "a b", "a"]))


@pytest.mark.parametrize(("prediction", "reference"), [*NEARLY_EMPTY, ("abc", "  "), (" \t", "")])
def test_silence(prediction: str, reference: str) -> None:
    check([prediction], [[reference]])


def mutated(choose: random.Random, text: list[str], edits: int) -> list[str]:
    """The text with so many words changed, removed, added or swapped."""
    text = list(text)
    for _ in range(edits):
        at = choose.randrange(len(text))
        text[at : at + choose.randrange(3)] = choose.choices(text, k=choose.randrange(1, 3))
    if choose.random() < 0.3:
        at = choose.randrange(len(text))
        text = text[at:] + text[:at]
    return text


# Around the lengths where one word of bits more is needed, and where the reference implementation changes its way.
@pytest.mark.parametrize("length", [3, 10, 62, 63, 64, 65, 66, 128, 129, 300])
def test_alignments(length: int) -> None:
    choose = random.Random(length)
    references = [
        [f"w{choose.randrange(kinds)}" for _ in range(length)] for kinds in (2, 4, 30, 900) for _ in range(30)
    ]
    predictions = [mutated(choose, text, choose.choice([1, 3, length // 4, length])) for text in references]
    predictions[::5] = references[1::5] + references[:1] * (len(predictions[::5]) - len(references[1::5]))
    check([" ".join(text) for text in predictions], single([" ".join(text) for text in references]), WORDS)


# Pairs that are cut in two (4 million cells and more), and pairs of few rows or columns that never are.
@pytest.mark.parametrize(
    "lengths", [(2048, 2048), (2100, 3000), (10_000, 10_000), (64, 70_000), (70_000, 64), (9, 80_000)]
)
@pytest.mark.parametrize("kinds", [2, 5000])
def test_long_alignments(lengths: tuple[int, int], kinds: int) -> None:
    choose = random.Random(kinds)
    reference, other = ([f"w{choose.randrange(kinds)}" for _ in range(length)] for length in lengths)
    predictions = [other]
    if max(lengths) <= 10_000:
        predictions += [mutated(choose, reference, 5), mutated(choose, reference, 400)]
    check([" ".join(text) for text in predictions], [[" ".join(reference)]] * len(predictions), ["wip"])


def test_ten_thousand_characters(wmt: dict[str, list[str]]) -> None:
    reference, prediction = (" ".join(wmt[name][:100])[:12_000] for name in ("reference", "FBK"))
    check([prediction], [[reference]])


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=5))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


few_words = st.lists(st.sampled_from("abc"), max_size=20).map(" ".join)


@given(st.lists(st.tuples(few_words, few_words), min_size=1, max_size=5))
def test_any_words(rows: list[tuple[str, str]]) -> None:
    check([prediction for prediction, _ in rows], [[reference] for _, reference in rows])
