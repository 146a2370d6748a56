"""SQuAD 2.0: unanswerable questions, its two kinds of questions, and the best thresholds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.answer_oracles import squad2_scores
from tests.metrics.golden import golden, named
from tests.properties.build import AWKWARD, Question, Row, any_text, components, result_of, row_scores, texts, value_of

from evald.v1 import instance_pb2

METRICS = ["squad2_exact", "squad2_f1"]
BEST = ["squad2_best_exact", "squad2_best_f1"]
TOLERANCE = 1e-9


def rows_of(questions: Sequence[dict[str, Any]]) -> list[Row]:
    """Rows with a no-answer score."""
    return [
        Row(
            predictions=[
                instance_pb2.Prediction(text=question["prediction"], no_answer_score=question["no_answer_score"])
            ],
            references=question["references"],
        )
        for question in questions
    ]


def best_threshold(questions: Sequence[dict[str, Any]], scores: Sequence[float]) -> tuple[float, float]:
    """Answer one question after the other, from the surest on; questions of one no-answer score at once.

    Sums are exact: of two thresholds that are equally good, the script takes the later if its sum is rounded up.
    """
    has_answer = [question["references"] != [""] for question in questions]
    now = best = Fraction(has_answer.count(False))
    threshold = 0.0
    for level in sorted({question["no_answer_score"] for question in questions}):
        for question, score, has in zip(questions, scores, has_answer, strict=True):
            if question["no_answer_score"] == level:
                now += Fraction(score) if has else -bool(question["prediction"])
        if now > best:
            best, threshold = now, level
    return float(100 * best / len(questions)), threshold


def check(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Rows equal in every bit, values and parts within 1e-9; the profiles of two other metrics score the same rows."""
    profiles = ["exact_match(profile=squad2)", "token_f1(profile=squad2)"]
    answer = Question([*METRICS, *profiles], rows=True).answer(texts([predictions], references))
    scores = [squad2_scores(said, golds) for said, golds in zip(predictions, references, strict=True)]
    with_answer = [any(golds) for golds in references]
    for metric, profile, column in zip(METRICS, profiles, zip(*scores, strict=True), strict=True):
        assert row_scores(answer, metric) == [100.0 * score for score in column]
        assert row_scores(answer, profile) == row_scores(answer, metric)
        result = result_of(answer, metric)
        assert value_of(result) == pytest.approx(100.0 * sum(column) / len(column), rel=0, abs=TOLERANCE)
        parts = components(result)
        for name, wanted in (("has_answer", True), ("no_answer", False)):
            of_kind = [score for score, has in zip(column, with_answer, strict=True) if has == wanted]
            assert parts[f"{name}_total"] == len(of_kind)
            if of_kind:
                assert parts[name] == pytest.approx(100.0 * sum(of_kind) / len(of_kind), rel=0, abs=TOLERANCE)
            else:
                assert parts[name] is None


@pytest.fixture(scope="module")
def questions(shared_data: Path) -> list[dict[str, Any]]:
    """Real questions and answers; every fourth question becomes unanswerable, every fifth answer is withheld."""
    folder = shared_data / "qa-xquad-en"
    asked = json.loads((folder / "dataset-xquad-en.json").read_text(encoding="utf-8"))
    answers = json.loads((folder / "output-xquad-en.json").read_text(encoding="utf-8"))
    return [
        {
            "prediction": answer["predicted_answers"]["text"] if at % 5 else "",
            "references": question["answers"]["text"] if at % 4 else [""],
            "no_answer_score": (at * 769 % 1_000_003) / 1_000_003,
        }
        for at, (question, answer) in enumerate(zip(asked, answers, strict=True))
    ]


def test_real_answers(questions: list[dict[str, Any]]) -> None:
    check([question["prediction"] for question in questions], [question["references"] for question in questions])


def test_best_thresholds_of_real_answers(questions: list[dict[str, Any]]) -> None:
    answer = Question(BEST).answer(rows_of(questions))
    scores = [squad2_scores(question["prediction"], question["references"]) for question in questions]
    for metric, column in zip(BEST, zip(*scores, strict=True), strict=True):
        best, threshold = best_threshold(questions, column)
        assert value_of(result_of(answer, metric)) == pytest.approx(best, rel=0, abs=TOLERANCE)
        assert components(result_of(answer, metric)) == {"threshold": threshold}


@pytest.mark.parametrize(
    "table", [t for t in golden("answers.json")["tables"] if "parts" in t], ids=lambda table: str(table["written"])
)
def test_golden_tables(table: dict[str, Any]) -> None:
    """What the evaluation script itself said of 160 questions."""
    answer = Question([named(table["written"])]).answer(rows_of(golden("answers.json")["questions"]))
    result = result_of(answer, table["written"])
    assert value_of(result) == pytest.approx(float(table["value"]), rel=0, abs=TOLERANCE)
    parts = {name: float(value) for name, value in table["parts"].items()}
    assert components(result) == pytest.approx(parts, rel=0, abs=TOLERANCE)


def test_questions_of_one_score_are_answered_together() -> None:
    """The script takes them one by one, in file order: here it would report 100 at a threshold that gives 50."""
    tied = [
        {"prediction": "cat", "references": ["cat"], "no_answer_score": 0.5},
        {"prediction": "cat", "references": [""], "no_answer_score": 0.5},
    ]
    answer = Question(BEST[:1]).answer(rows_of(tied))
    assert value_of(result_of(answer, BEST[0])) == 50.0
    assert components(result_of(answer, BEST[0])) == {"threshold": 0.0}


def test_of_equally_good_thresholds_the_lowest_counts() -> None:
    """In doubles 1 + 0.8 + 2/3 + 1/3 - 1 is more than 1 + 0.8."""
    asked: list[dict[str, Any]] = [
        {"prediction": said, "references": [gold], "no_answer_score": score}
        for said, gold, score in [
            ("", "", 0.0),
            ("x y", "x y z", 0.1),
            ("x", "x y", 0.2),
            ("x y z", "x v w", 0.2),
            ("cat", "", 0.2),
        ]
    ]
    answer = Question(BEST[1:]).answer(rows_of(asked))
    assert components(result_of(answer, BEST[1])) == {"threshold": 0.1}


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, f"the {awkward}", "", "the", "!", awkward.upper(), "x"]
    check([awkward] * len(others), [[other] for other in others])
    check(others, [[awkward, "", "cat"]] * len(others))


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=6))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "the", "cat", "a cat", "dog"]),
            st.sampled_from([[""], ["cat"], ["the"], ["dog cat", "cat"]]),
            st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0, -3.0]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_thresholds(rows: list[tuple[str, list[str], float]]) -> None:
    asked: list[dict[str, Any]] = [
        {"prediction": said, "references": golds, "no_answer_score": score} for said, golds, score in rows
    ]
    answer = Question(BEST).answer(rows_of(asked))
    scores = [squad2_scores(question["prediction"], question["references"]) for question in asked]
    for metric, column in zip(BEST, zip(*scores, strict=True), strict=True):
        best, threshold = best_threshold(asked, column)
        assert value_of(result_of(answer, metric)) == pytest.approx(best, rel=0, abs=TOLERANCE)
        assert components(result_of(answer, metric)) == {"threshold": threshold}
