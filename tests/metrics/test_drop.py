"""DROP's exact match and F1 equal lm-evaluation-harness, whose code is AllenNLP's."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.answer_oracles import drop_scores
from tests.metrics.conftest import lines
from tests.metrics.golden import golden, named, numbers
from tests.properties.build import AWKWARD, Question, Row, any_text, result_of, row_scores, texts, value_of

from evald.errors import InvalidRequestError
from evald.v1 import instance_pb2

METRICS = ["drop_em", "drop_f1"]
LISTS = [f"{metric}(spans=tokens)" for metric in METRICS]

# Numbers in all spellings of Python, articles, punctuation, what joins and what splits.
PIECES = [
    "5",
    "5.0",
    "1e5",
    ".5",
    "1,000",
    "-",
    " ",
    "  ",
    "the",
    "a",
    "yard",
    "yards",
    "$",
    "%",
    "nan",
    "inf",
    "_",
    "x",
]
PIECES += ["\u0665", "\u00b2", "1_0", "\x1c", "\x85", "\u00a0", "\n", "'", "\u2019", "e", "+", "infinity", "\U0001d7d9"]


def span_rows(answers: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]]) -> list[Row]:
    """Rows whose answers are lists of spans."""
    return [
        Row(
            predictions=[instance_pb2.Prediction(tokens=predicted, text=predicted[0])],
            reference_tokens=[instance_pb2.Tokens(tokens=gold) for gold in golds],
        )
        for predicted, golds in answers
    ]


def check_texts(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Rows of texts equal in every bit, the corpus within 1e-9."""
    answer = Question(METRICS, rows=True).answer(texts([predictions], references))
    pairs = zip(predictions, references, strict=True)
    scores = [drop_scores([said], [[gold] for gold in golds]) for said, golds in pairs]
    for metric, column in zip(METRICS, zip(*scores, strict=True), strict=True):
        assert row_scores(answer, metric) == list(column)
        mean = sum(column) / len(column)
        assert value_of(result_of(answer, metric)) == pytest.approx(mean, rel=0, abs=1e-9)


def check_spans(answers: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]]) -> None:
    answer = Question([*map(named, LISTS)], rows=True).answer(span_rows(answers))
    scores = [drop_scores(predicted, golds) for predicted, golds in answers]
    for metric, column in zip(LISTS, zip(*scores, strict=True), strict=True):
        assert row_scores(answer, metric) == list(column)


@pytest.mark.parametrize("table", golden("drop.json")["tables"], ids=lambda table: str(table["written"]))
def test_golden_tables(table: dict[str, Any]) -> None:
    """What the harness's own code said."""
    answers = [(case["predicted"], case["golds"]) for case in table["answers"]]
    if "spans=text" in table["written"]:
        rows = texts([[said[0] for said, _ in answers]], [[gold[0] for gold in golds] for _, golds in answers])
    else:
        rows = span_rows(answers)
    answer = Question([named(table["written"])], rows=True).answer(rows)
    assert row_scores(answer, table["written"]) == numbers(table["rows"])


def test_real_answers(shared_data: Path) -> None:
    folder = shared_data / "qa-xquad-en"
    questions = json.loads((folder / "dataset-xquad-en.json").read_text(encoding="utf-8"))
    answers = json.loads((folder / "output-xquad-en.json").read_text(encoding="utf-8"))
    predictions = [answer["predicted_answers"]["text"] for answer in answers]
    references = [question["answers"]["text"] for question in questions]
    check_texts(predictions, references)
    # Six answers as the spans of one.
    joined = [
        (predictions[at : at + 6], [[gold for golds in references[at + 1 : at + 7] for gold in golds]])
        for at in range(0, len(predictions) - 6, 6)
    ]
    check_spans(joined)


def test_sentences(shared_data: Path) -> None:
    folder = shared_data / "mt-wmt17-en-de"
    references = [[line] for line in lines(folder / "reference.txt")[:1_000]]
    check_texts(lines(folder / "FBK.txt")[:1_000], references)


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, f"the {awkward}", f"{awkward}-5", awkward.upper(), f"${awkward}", "", "x"]
    check_texts([awkward] * len(others), [[other] for other in others])
    check_texts(others, [[awkward, "the", "5k"]] * len(others))


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=6))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check_texts(predictions, references)


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), min_size=2, max_size=4))
def test_any_numbers(answers: list[str]) -> None:
    check_texts(answers[:1], [answers[1:]])


words = st.lists(st.sampled_from(["a", "b", "c", "5", "6", "x y", "5 x", "the"]), min_size=1, max_size=3).map(" ".join)
spans = st.lists(words, min_size=1, max_size=9)


@given(st.lists(st.tuples(spans, st.lists(spans, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_any_spans(answers: list[tuple[list[str], list[list[str]]]]) -> None:
    check_spans(answers)


def test_many_spans() -> None:
    """The means of long lists are sums in NumPy's order."""
    draw = random.Random(19)
    pool = ["x", "y z", "x z", "5 x", "6 y", "v w x y z"]
    check_spans([(draw.choices(pool, k=size), [draw.choices(pool, k=size - 3)]) for size in (9, 50, 140, 256)])


def test_too_many_spans_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"instances\[0\].predictions\[0\].tokens: .*256 spans"):
        Question([named(LISTS[0])]).answer(span_rows([(["x"] * 257, [["x"]])]))
    with pytest.raises(InvalidRequestError, match=r"instances\[0\].reference_tokens\[1\]"):
        Question([named(LISTS[0])]).answer(span_rows([(["x"], [["x"], ["x"] * 257])]))
