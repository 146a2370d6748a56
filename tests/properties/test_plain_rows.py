"""Rows of texts alone are scored and summed in one go; beside anything else they go the long way to the same bytes."""

from __future__ import annotations

import pytest
from tests.properties.build import Question, Row
from tests.properties.test_accumulator import make_rows, split

from evald.errors import InvalidRequestError
from evald.v1.evaluation_pb2 import EvaluateRequest

TEXTS = ("bleu", "chrf", "rouge_1(stemmer=true)", "rouge_lsum", "ter", "exact_match", "token_f1", "wer")
QUESTION = Question(TEXTS)


def plain_rows(count: int, seed: int = 0) -> list[Row]:
    """Rows with texts and nothing else; some are empty or awkward."""
    rows = make_rows(count, 1, seed, missing=0)
    for row in rows:
        row.ClearField("id")
        row.ClearField("labels")
        row.predictions[0].ClearField("labels")
    return rows


def labelled(rows: list[Row]) -> list[Row]:
    """The same rows with labels, which no metric asks for."""
    return [Row(references=row.references, predictions=row.predictions, labels=["x"]) for row in rows]


@pytest.mark.parametrize("cuts", [[], [1, 40, 700, 2_100]])
def test_both_ways_give_the_same_bytes(cuts: list[int]) -> None:
    rows = plain_rows(5_000)
    short, long = (QUESTION.accumulate(*split(some, cuts)) for some in (rows, labelled(rows)))
    assert short.state() == long.state()
    assert short.finish() == long.finish()
    # Batches of both kinds in turn.
    pieces = [*split(rows[:2_500], cuts), labelled(rows[2_500:])]
    assert QUESTION.accumulate(*pieces).state() == long.state()


def test_a_row_that_lacks_something_goes_the_long_way() -> None:
    rows = plain_rows(1_000)
    rows[700].ClearField("predictions")
    accumulator = QUESTION.accumulate(rows)
    assert accumulator.state() == QUESTION.accumulate(labelled(rows)).state()
    (system,) = QUESTION.read(accumulator.finish()).systems
    assert {result.estimate.n_failed for result in system.metrics} == {1}


def test_a_refused_batch_adds_nothing() -> None:
    rows = plain_rows(1_000)
    accumulator = QUESTION.accumulate(rows)
    before = accumulator.state()
    rows[999].ClearField("references")
    request = EvaluateRequest(instances=rows).SerializeToString()
    with pytest.raises(InvalidRequestError, match=r"instances\[999\]\.references") as caught:
        accumulator.push(QUESTION.spec().read(request))
    assert caught.value.reason == "MISSING_REFERENCE"
    assert accumulator.state() == before
