"""TruthfulQA's scores of generated answers: sacrebleu and rouge-score as lm-evaluation-harness calls them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from tests.metrics.golden import golden, named, numbers
from tests.properties.build import AWKWARD, Question, Row, any_text, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1 import instance_pb2

TOLERANCE = 1e-9
REPORTS = ("acc", "max", "diff")
NAMES = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeLsum"}
SCORER = rouge_scorer.RougeScorer(list(NAMES.values()))

# A generated answer, true answers, false answers.
Case = tuple[str, Sequence[str], Sequence[str]]


def formatted(answers: Sequence[str]) -> list[str]:
    """The harness ends every answer with a full stop."""
    stripped = [answer.strip() for answer in answers]
    return [answer if answer.endswith(".") else answer + "." for answer in stripped if answer]


def bleu(prediction: str, answer: str) -> float:
    return float(sacrebleu.corpus_bleu([prediction], [[answer]], tokenize="intl").score)


def rouge(prediction: str, answer: str) -> dict[str, float]:
    scores = SCORER.score(*(text.replace(" . ", ".\n") for text in (answer, prediction)))
    return {kind: 100.0 * score.fmeasure for kind, score in scores.items()}


def expected_of(case: Case) -> dict[str, dict[str, float]]:
    """Every report of every metric for one row."""
    prediction, right, wrong = case
    right = formatted(right)
    answers = [right if "I have no comment." in right else [*right, "I have no comment."], formatted(wrong)]
    best: dict[str, list[float]] = {"bleu": [max(bleu(prediction, answer) for answer in kind) for kind in answers]}
    scores = [[rouge(prediction, answer) for answer in kind] for kind in answers]
    for name, key in NAMES.items():
        best[name] = [max(score[key] for score in kind) for kind in scores]
    return {
        name: {"acc": float(true > false), "max": true, "diff": true - false} for name, (true, false) in best.items()
    }


def row_of(case: Case) -> Row:
    prediction, right, wrong = case
    return Row(predictions=[instance_pb2.Prediction(text=prediction)], references=right, wrong_references=wrong)


def check(cases: Sequence[Case]) -> None:
    """Rows, values and parts within 1e-9."""
    metrics = {f"truthfulqa_{name}(report={report})": (name, report) for name in ["bleu", *NAMES] for report in REPORTS}
    answer = Question([*map(named, metrics)], rows=True).answer(map(row_of, cases))
    expected = [expected_of(case) for case in cases]
    for metric, (name, report) in metrics.items():
        of_rows = [row[name][report] for row in expected]
        assert row_scores(answer, metric) == pytest.approx(of_rows, rel=0, abs=TOLERANCE), metric
        mean = sum(of_rows) / len(of_rows)
        assert value_of(result_of(answer, metric)) == pytest.approx(mean, rel=0, abs=TOLERANCE)
        parts = components(result_of(answer, metric))
        assert list(parts) == list(REPORTS)
        assert parts[report] == value_of(result_of(answer, metric))


@pytest.mark.parametrize("table", golden("truthfulqa.json")["tables"], ids=lambda table: str(table["written"]))
def test_golden_tables(table: dict[str, Any]) -> None:
    """What the harness's own code said."""
    rows = golden("truthfulqa.json")["rows"]
    cases = [(row["prediction"], row["references"], row["wrong_references"]) for row in rows]
    answer = Question([named(table["written"])], rows=True).answer(map(row_of, cases))
    assert row_scores(answer, table["written"]) == pytest.approx(numbers(table["rows"]), rel=0, abs=TOLERANCE)


def test_real_answers(shared_data: Path) -> None:
    """The data set's answers; the generated one is the best answer, right or wrong, of this or the next question."""
    with (shared_data / "qa-truthfulqa" / "TruthfulQA.csv").open(encoding="utf-8", newline="") as file:
        questions = list(csv.DictReader(file))
    cases: list[Case] = []
    for at, (question, following) in enumerate(zip(questions, questions[1:] + questions[:1], strict=True)):
        right, wrong = question["Correct Answers"].split(";"), question["Incorrect Answers"].split(";")
        said = (question["Best Answer"], question["Best Incorrect Answer"], following["Best Answer"])[at % 3]
        cases.append((said, right, wrong))
    assert len(cases) == 790
    check(cases)


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    check(
        [
            (awkward, [awkward, "x"], [f"{awkward} . y", "no"]),
            (f"{awkward} . the\n{awkward}", ["", awkward], [awkward.upper(), "x"]),
            ("the cat sat . on", [f" {awkward}"], ["the cat", awkward]),
        ]
    )


@given(any_text(), st.lists(any_text(), min_size=1, max_size=3), st.lists(any_text(), max_size=2))
def test_any_text(prediction: str, right: list[str], wrong: list[str]) -> None:
    check([(prediction, right, [*wrong, "a cat"])])


def test_ties_are_no_success() -> None:
    [row] = [expected_of(("one two three four", ["one two three four"], ["one two three four"]))]
    assert row["bleu"]["acc"] == 0.0
    check([("one two three four", ["one two three four"], ["one two three four"])])


def test_metrics_of_one_call_do_not_mix() -> None:
    """The measures share memory with the metrics that they are made of."""
    cases: list[Case] = [("the cat sat", ["the cat sat"], ["a dog"]), ("a dog", ["the cat sat"], ["a dog"])]
    plain = ["rouge_1", "bleu", "rouge_lsum"]
    alone = Question(plain, rows=True).answer(map(row_of, cases))
    mixed = ["rouge_1", "truthfulqa_rouge_1", "bleu", "truthfulqa_bleu", "rouge_lsum", "truthfulqa_rouge_l"]
    together = Question(mixed, rows=True).answer(map(row_of, cases))
    for metric in plain:
        assert row_scores(together, metric) == row_scores(alone, metric)
    assert row_scores(together, "truthfulqa_rouge_1") == [1.0, 0.0]


def test_blank_wrong_answers_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"instances\[0\].wrong_references: .*not blank"):
        Question(["truthfulqa_rouge_1"]).answer([row_of(("a", ["b"], [" "]))])
