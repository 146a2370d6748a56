"""What is reported row by row: scores in the order of the request, failed rows, wins and losses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.build import Question, Row, row_scores, texts
from tests.properties.test_accumulator import COMPARE, EVERYTHING, make_rows

from evald.errors import InvalidRequestError
from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.instance_pb2 import Prediction
from evald.v1.statistics_pb2 import MISSING_POLICY_FAIL

SCORED = ("bleu", "rouge_1(stemmer=true)", "rouge_l", "exact_match", "token_f1", "accuracy")


@given(st.integers(0, 1_000))
def test_wins_and_losses_are_those_of_the_row_scores(seed: int) -> None:
    rows = make_rows(30, 3, seed)
    answer = COMPARE.asking(rows=True, statistics={"replicates": 0}).answer(rows)
    assert isinstance(answer, CompareResponse)
    assert len(answer.comparisons) == 2 * (len(EVERYTHING) - 1)
    for result in answer.comparisons:
        if result.metric not in SCORED:
            assert not result.HasField("wins")
            continue
        base, new = row_scores(answer, result.metric, "base"), row_scores(answer, result.metric, result.candidate)
        pairs = [(b, n) for b, n in zip(base, new, strict=True) if not math.isnan(b) and not math.isnan(n)]
        wins, losses = (sum(n > b if won else n < b for b, n in pairs) for won in (True, False))
        assert (result.wins, result.losses, result.ties) == (wins, losses, len(pairs) - wins - losses)
        assert result.difference.n == len(pairs)


def test_rows_are_reported_in_the_order_of_the_request() -> None:
    """Over several batches; failed rows have no score and a reason."""
    question = Question(["accuracy", "exact_match"], ("one", "two"), rows=True)
    rows = make_rows(40, 2, seed=4, missing=0.3)
    whole = question.answer(rows)
    assert question.answer(rows[:13], rows[13:14], rows[14:]) == whole
    for at, system in enumerate(whole.systems):
        assert list(system.rows.ids) == [row.id for row in rows]
        failed = [row.id for row in rows if row.predictions[at] == Prediction()]
        assert [error.id for error in system.rows.errors] == failed
        assert {error.reason for error in system.rows.errors} == {"MISSING_PREDICTION"}
        for scores in system.rows.scores:
            nans = [row.id for row, score in zip(rows, scores.values, strict=True) if math.isnan(score)]
            assert nans == failed
        assert {result.estimate.n_failed for result in system.metrics} == {len(failed)}
        assert {result.estimate.n for result in system.metrics} == {40 - len(failed)}


def test_rows_are_named_by_id_sample_or_position() -> None:
    question = Question(["exact_match"], rows=True)
    answer = Prediction(text="a")
    by_sample = [Row(id="a/b", sample=sample, references=["a"], predictions=[answer]) for sample in (0, 2, 1)]
    assert list(question.answer(by_sample).systems[0].rows.ids) == ["a/b", "a/b/2", "a/b/1"]
    by_position = texts([["a"] * 3], [["a"]] * 3)
    assert not question.answer(by_position[:2], by_position[2:]).systems[0].rows.ids
    mixed = question.answer(by_position[:2], by_sample[1:2]).systems[0].rows
    assert (list(mixed.ids), len(mixed.scores[0].values)) == (["#0", "#1", "a/b/2"], 3)


@pytest.mark.parametrize("predictions", [[], [Prediction()], [Prediction(labels=["a"])]])
def test_a_missing_prediction_can_be_refused(predictions: list[Prediction]) -> None:
    """A prediction without what the metric needs is missing too: a label where a text is asked."""
    row = Row(references=["a"], predictions=predictions)
    answer = Question(["exact_match"]).answer([row])
    estimate = answer.systems[0].metrics[0].estimate
    assert (estimate.n, estimate.n_failed, estimate.HasField("value")) == (0, 1, False)
    assert estimate.undefined_reason
    refusing = Question(["exact_match"], statistics={"replicates": 0, "missing": MISSING_POLICY_FAIL})
    with pytest.raises(InvalidRequestError) as caught:
        refusing.answer([row])
    assert caught.value.reason == "MISSING_PREDICTION"


@pytest.mark.parametrize(
    ("ids", "reason"), [(("a", "b", "a"), "DUPLICATE_ID"), (("a", "", "b"), "MIXED_IDS"), (("", "a", "b"), "MIXED_IDS")]
)
def test_ids_are_checked(ids: tuple[str, ...], reason: str) -> None:
    """Within a batch: over the chunks of one call whoever cuts them has to check."""
    rows = [Row(id=row_id, references=["a"], predictions=[Prediction(text="a")]) for row_id in ids]
    with pytest.raises(InvalidRequestError) as caught:
        Question(["exact_match"]).answer(rows)
    assert caught.value.reason == reason


def test_a_comparison_says_what_it_leaves_out_and_what_is_the_same() -> None:
    """Rows that one side lacks are counted; on the others a candidate may still be the baseline again."""
    rows = [
        Row(id=str(at), references=["a"], predictions=[Prediction(text=str(at)), Prediction(text=str(at))])
        for at in range(40)
    ]
    for row in rows[:7]:
        row.predictions[1].Clear()
    rows[7].predictions[0].Clear()
    answer = Question(["exact_match"], ("base", "new"), "compare").answer(rows)
    assert isinstance(answer, CompareResponse)
    assert {note.code: note.count for note in answer.notes} == {"UNPAIRED_ROWS": 8, "IDENTICAL_SYSTEMS": 32}
    rows[8].predictions[1].text = "b"
    answer = Question(["exact_match"], ("base", "new"), "compare").answer(rows)
    assert isinstance(answer, CompareResponse)
    assert {note.code: note.count for note in answer.notes} == {"UNPAIRED_ROWS": 8}
