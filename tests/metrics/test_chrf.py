"""chrF and chrF++ equal sacrebleu: integers exactly, scores within 1e-9 (the reference runs beside it)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF
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

from evald.errors import InvalidRequestError

TOLERANCE = 1e-9

# Parameters by the name of sacrebleu.
OPTIONS: dict[str, dict[str, Any]] = {
    "chrf": {},
    "chrf(word_order=2)": {"word_order": 2},
    "chrf(lowercase=true,word_order=2)": {"lowercase": True, "word_order": 2},
    "chrf(whitespace=true)": {"whitespace": True},
    "chrf(eps_smoothing=true,word_order=2)": {"eps_smoothing": True, "word_order": 2},
    "chrf(beta=1,char_order=10,word_order=9)": {"beta": 1, "char_order": 10, "word_order": 9},
    "chrf(beta=3,char_order=1)": {"beta": 3, "char_order": 1},
    "chrf(beta=0,char_order=2)": {"beta": 0, "char_order": 2},
    "chrf(beta=0.5,eps_smoothing=true)": {"beta": 0.5, "eps_smoothing": True},
}


def names(scorer: CHRF) -> list[str]:
    """The components that are integers of a score, in the order of sacrebleu."""
    orders = [("char", order + 1) for order in range(scorer.char_order)]
    orders += [("word", order + 1) for order in range(scorer.word_order)]
    return [f"{name}_{unit}_{order}" for unit, order in orders for name in ("prediction", "reference", "matches")]


def check(predictions: Sequence[str], references: References, metrics: Sequence[str] = tuple(OPTIONS)) -> None:
    """Statistics, scores of corpus and rows, and signature of every option equal sacrebleu's."""
    answer = Question(metrics, rows=True).answer(texts([predictions], references))
    for metric in metrics:
        scorer = CHRF(**OPTIONS[metric])
        by_row = scorer._extract_corpus_statistics(list(predictions), streams(references))
        result = result_of(answer, metric)
        parts = components(result)
        assert [parts[name] for name in names(scorer)] == [sum(column) for column in zip(*by_row, strict=True)], metric
        expected = scorer._aggregate_and_compute(by_row).score
        assert value_of(result) == pytest.approx(expected, rel=0, abs=TOLERANCE), metric
        # As `sentence_score` has it.
        expected_rows = [scorer._aggregate_and_compute([stats]).score for stats in by_row]
        assert row_scores(answer, metric) == pytest.approx(expected_rows, rel=0, abs=TOLERANCE), metric
        assert result.reference_signature == str(scorer.get_signature())


@pytest.fixture(scope="module")
def wmt(shared_data: Path) -> dict[str, list[str]]:
    return english_german(shared_data)


@pytest.mark.parametrize("system", SYSTEMS)
def test_real_systems(wmt: dict[str, list[str]], system: str) -> None:
    check(wmt[system], single(wmt["reference"]), ["chrf", "chrf(word_order=2)"])


def test_all_options_on_a_real_system(wmt: dict[str, list[str]]) -> None:
    check(wmt["FBK"][:400], single(wmt["reference"][:400]))


def test_rows_with_different_numbers_of_references(wmt: dict[str, list[str]]) -> None:
    references = one_to_three(wmt)[:1500]
    check(wmt["FBK"][:1500], references, ["chrf", "chrf(lowercase=true,word_order=2)"])


@pytest.mark.parametrize("system", ["sys1", "sys2"])
def test_japanese(shared_data: Path, system: str) -> None:
    predictions, references = japanese(shared_data, system)
    check(predictions, references, ["chrf", "chrf(word_order=2)"])
    # Texts of more characters than masks are kept for.
    joined, long = [" ".join(predictions[:200])] * 2, [[" ".join(of_row[0] for of_row in references[:200])]] * 2
    check(joined, long)


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, awkward + " x", "x" + awkward, awkward.lower(), awkward * 2, "the cat sat on the mat", ""]
    check([awkward] * len(others), single(others))
    check(others, [[awkward, "the cat sat"]] * len(others))


@pytest.mark.parametrize(("prediction", "reference"), NEARLY_EMPTY)
def test_corpora_without_a_match_or_a_character(prediction: str, reference: str) -> None:
    check([prediction], [[reference]])


def test_ten_thousand_tokens() -> None:
    choose = random.Random(7)
    few, many = [f"w{number}" for number in range(9)], [f"w{number}," for number in range(4000)]
    for words in (few, many):
        prediction, reference = (" ".join(choose.choices(words, k=10_000)) for _ in range(2))
        check([prediction, "a"], [[reference], ["a"]], ["chrf", "chrf(word_order=2)"])


# Around the lengths where one word of bits more is needed.
@pytest.mark.parametrize("length", [63, 64, 65, 127, 128, 129, 192, 193, 256, 257, 320, 512, 513, 600])
def test_lengths(length: int) -> None:
    choose = random.Random(length)
    rows = ["".join(choose.choices("abc \u732b", k=2 * length)) for _ in range(4)]
    references = [row.replace(" ", "")[:length] for row in rows[::-1]]
    check(rows, single(references))


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=5))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


@pytest.mark.parametrize(
    "params", ["char_order=0", "char_order=11", "word_order=10", "beta=-1", "beta=nan", "eps=true"]
)
def test_bad_parameters_are_refused(params: str) -> None:
    with pytest.raises(InvalidRequestError):
        Question([f"chrf({params})"]).answer(texts([["a"]], [["a"]]))
