"""ROUGE equals rouge-score: precision, recall and F of a row in every bit, means within 1e-9."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from tests.metrics.conftest import lines
from tests.properties.build import AWKWARD, Question, Row, any_text, components, result_of, row_scores, texts, value_of

from evald.v1.metric_pb2 import MetricResult

NAMES = {
    "rouge_1": "rouge1",
    "rouge_2": "rouge2",
    "rouge_3": "rouge3",
    "rouge_9": "rouge9",
    "rouge_l": "rougeL",
    "rouge_lsum": "rougeLsum",
}

Triple = tuple[float, float, float]

STEMMER = pytest.mark.parametrize("stemmer", [False, True], ids=["words", "stems"])


def key(name: str, stemmer: bool) -> str:
    return f"{name}(stemmer=true)" if stemmer else name


def expected_rows(
    predictions: Sequence[str], references: Sequence[Sequence[str]], stemmer: bool
) -> dict[str, list[Triple]]:
    """Precision, recall and F of every row by rouge-score."""
    scorer = RougeScorer(list(NAMES.values()), use_stemmer=stemmer)
    rows: dict[str, list[Triple]] = {name: [] for name in NAMES}
    for prediction, of_row in zip(predictions, references, strict=True):
        scores = scorer.score_multi(list(of_row), prediction)
        if len(of_row) == 1:
            assert scores == scorer.score(of_row[0], prediction)
        for name, theirs in NAMES.items():
            rows[name].append((scores[theirs].precision, scores[theirs].recall, scores[theirs].fmeasure))
    return rows


def check(predictions: Sequence[str], references: Sequence[Sequence[str]], stemmer: bool) -> None:
    """Row scores in every bit, means within 1e-9; then every row alone."""
    expected = expected_rows(predictions, references, stemmer)
    keys = {name: key(name, stemmer) for name in NAMES}
    rows = texts([predictions], references)
    answer = Question(list(keys.values()), rows=True).answer(rows)
    for name, triples in expected.items():
        assert row_scores(answer, keys[name]) == [triple[2] for triple in triples], name
        result = result_of(answer, keys[name])
        means = [sum(column) / len(triples) for column in zip(*triples, strict=True)]
        assert parts_of(result) == pytest.approx(means, rel=0, abs=1e-9), name
        assert value_of(result) == parts_of(result)[2]
    check_each_row(rows, expected, keys)


def check_each_row(rows: Sequence[Row], expected: dict[str, list[Triple]], keys: dict[str, str]) -> None:
    """Every row as a corpus of its own, so that precision and recall show too: all three in every bit.

    Sums are fixed point at 2^-64, which holds a double above 2^-12 exactly: no text here has 4,096 tokens.
    """
    question = Question(list(keys.values()))
    for at, row in enumerate(rows):
        answer = question.answer([row])
        got = {name: parts_of(result_of(answer, keys[name])) for name in NAMES}
        assert got == {name: list(triples[at]) for name, triples in expected.items()}, row


def parts_of(result: MetricResult) -> list[float | None]:
    """Precision, recall and F."""
    parts = components(result)
    return [parts["precision"], parts["recall"], parts["fmeasure"]]


@pytest.fixture(scope="module")
def xsum(shared_data: Path) -> dict[str, list[str]]:
    folder = shared_data / "summ-xsum"
    return {name: lines(folder / f"{name}.txt") for name in ("reference", "convs2s", "ptgen")}


@STEMMER
@pytest.mark.parametrize("system", ["convs2s", "ptgen"])
def test_real_summaries(xsum: dict[str, list[str]], system: str, stemmer: bool) -> None:
    references = [[reference] for reference in xsum["reference"]]
    check(xsum[system], references, stemmer)


@STEMMER
def test_several_references(xsum: dict[str, list[str]], stemmer: bool) -> None:
    """The best reference for each of the three; the first of equals."""
    references = list(zip(xsum["reference"], xsum["ptgen"], [*xsum["reference"][1:], ""], strict=True))
    check(xsum["convs2s"], [of_row[: 1 + at % 3] for at, of_row in enumerate(references)], stemmer)


@STEMMER
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n \n"], ids=["lf", "crlf", "empty lines"])
def test_several_lines(xsum: dict[str, list[str]], newline: str, stemmer: bool) -> None:
    """Documents of one to five summaries, a line each."""
    grouped = {
        name: [newline.join(text[at : at + 1 + at % 5]) for at in range(0, 300, 6)] for name, text in xsum.items()
    }
    references = zip(grouped["reference"], grouped["ptgen"], strict=True)
    check(grouped["convs2s"], [of_row[: 1 + at % 2] for at, of_row in enumerate(references)], stemmer)


def test_long_lines_and_many_lines() -> None:
    """Lengths around the words of bits; tables too large to be kept."""
    choose = random.Random(5)
    for words, sentences, length in [(3, 3, 64), (3, 5, 65), (2, 9, 30), (40, 4, 130), (900, 300, 3)]:
        few = [f"w{number}" for number in range(words)]
        prediction, reference = (
            "\n".join(" ".join(choose.choices(few, k=choose.randint(0, length))) for _ in range(sentences))
            for _ in range(2)
        )
        check([prediction, reference], [[reference], [prediction, "w0 w1\nw1"]], stemmer=False)


def test_the_first_of_equally_good_references_counts() -> None:
    """Precision and recall swap roles between the two references; F is the same."""
    for references in (["a b", "a b c d e f g h"], ["a b c d e f g h", "a b"]):
        check(["a b c d"], [references], stemmer=False)


@STEMMER
@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str, stemmer: bool) -> None:
    others = [awkward, awkward + " x", "x" + awkward, awkward.upper(), awkward * 2, "the cat sat on the mat", ""]
    check([awkward] * len(others), [[other] for other in others], stemmer)
    check(others, [[awkward, "the cat sat on 5kelvin", ""]] * len(others), stemmer)


@STEMMER
def test_japanese_and_german(shared_data: Path, stemmer: bool) -> None:
    """Letters that the reference's tokenizer drops or splits words at."""
    for folder, system, reference in [("mt-ted-ja", "sys1", "ref"), ("mt-wmt17-en-de", "FBK", "reference")]:
        predictions = lines(shared_data / folder / f"{system}.txt")[:500]
        references = [[line] for line in lines(shared_data / folder / f"{reference}.txt")[:500]]
        check(predictions, references, stemmer)


def test_long_texts() -> None:
    choose = random.Random(11)
    for vocabulary, length in [(9, 1_000), (4_000, 1_000), (2, 200)]:
        words = [f"w{number}" for number in range(vocabulary)]
        prediction, reference = (" ".join(choose.choices(words, k=length)) for _ in range(2))
        check([prediction, reference], [[reference], [prediction, "w0 w1"]], stemmer=False)
    # The reference's table for the longest common subsequence is slow from here on.
    check(["w " * 2_000], [["w " * 1_999]], stemmer=False)


def test_real_words_have_the_stems_of_the_reference(xsum: dict[str, list[str]]) -> None:
    """A row holds all words that begin with the same three letters, against the same words without their ends."""
    words = {word for name in xsum for line in xsum[name] for word in line.split() if len(word) > 3}
    groups: dict[str, list[str]] = {}
    for word in sorted(words):
        groups.setdefault(word[:3], []).append(word)
    for cut in (1, 2, 3):
        predictions = [" ".join(group) for group in groups.values()]
        references = [[" ".join(word[:-cut] for word in group)] for group in groups.values()]
        check(predictions, references, stemmer=True)


@STEMMER
@given(rows=st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=5))
def test_any_text(rows: list[tuple[str, list[str]]], stemmer: bool) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references, stemmer)


few_lines = st.lists(st.lists(st.sampled_from("abc"), max_size=8).map(" ".join), max_size=5)
line_ends = st.sampled_from(["\n", "\r\n", "\n\n", "\r", "\x00\n"])
documents = st.tuples(line_ends, few_lines).map(lambda drawn: drawn[0].join(drawn[1]))


@given(rows=st.lists(st.tuples(documents, st.lists(documents, min_size=1, max_size=3)), min_size=1, max_size=5))
def test_any_lines(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references, stemmer=False)
