"""Baselines that answer every row alike: the most frequent reference, the mean and the median of the gold numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import COMPARE, EVALUATE

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, statistics_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.server.conftest import Server

REFERENCES = ("no", "yes", "no", "it depends", "no")
VALUES = (1.0, 2.0, 6.0, 2.5, 0.5)


def make_rows() -> list[instance_pb2.Instance]:
    """Five rows to learn from among eight."""
    found = []
    for number, (reference, value) in enumerate(zip(REFERENCES, VALUES, strict=True)):
        found.append(instance_pb2.Instance(references=[reference], value=value, labels=["l"], split="train"))
        if number < 3:
            row = instance_pb2.Instance(id=f"r{number}", references=[("no", "maybe", "no way")[number]])
            row.value, row.labels[:] = number + 0.25, ["l"]
            row.predictions.add()
            row.predictions.add(text="no way", value=2.0)
            found.append(row)
    return found


def spec(kind: str, metrics: Sequence[str], others: Sequence[str] = ("mine",)) -> pb.EvaluationSpec:
    return pb.EvaluationSpec(
        systems=[
            pb.System(name="guess", baseline=pb.BaselineSource(kind=kind)),
            *(pb.System(name=name) for name in others),
        ],
        metrics=[metric_pb2.MetricSpec(name=name) for name in metrics],
        statistics=statistics_pb2.StatisticsSpec(replicates=100),
    )


def values(answer: pb.EvaluateResponse) -> list[float]:
    return [one.estimate.value for one in answer.systems[0].metrics]


def test_the_most_frequent_reference_is_the_text_of_every_row(server: Server) -> None:
    metrics = ("exact_match", "token_f1", "wer")
    request = pb.CompareRequest(spec=spec("majority", metrics), instances=make_rows())
    answer = server.api.call(COMPARE, request, pb.CompareResponse)
    guess, mine = ([one.estimate.value for one in system.metrics] for system in answer.systems)
    # "no" for "no", "maybe" and "no way".
    assert guess == pytest.approx([100 / 3, 100 * (1 + 0 + 2 / 3) / 3, (0 + 1 + 1) / 4])
    assert mine[0] == pytest.approx(100 / 3)
    assert [one.count for one in answer.notes if one.code == "TRAINING_ROWS"] == [5]
    (made,) = answer.provenance.baselines
    assert (made.kind, made.engine, made.training_rows) == ("majority", "evald", 5)


@pytest.mark.parametrize(("kind", "guess"), [("mean", 2.4), ("median", 2.0)])
def test_mean_and_median_of_the_gold_numbers(server: Server, kind: str, guess: float) -> None:
    request = pb.EvaluateRequest(spec=spec(kind, ("mae", "rmse", "r2")), instances=make_rows())
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    gold = [0.25, 1.25, 2.25]
    squares = sum((guess - one) ** 2 for one in gold)
    spread = sum((one - 1.25) ** 2 for one in gold)
    expected = [sum(abs(guess - one) for one in gold) / 3, (squares / 3) ** 0.5, 1 - squares / spread]
    assert values(answer) == pytest.approx(expected)


def test_texts_and_labels_of_one_majority_are_scored_in_one_call(server: Server) -> None:
    rows = make_rows()
    for row in rows[:4]:
        row.labels[0] = "k"
    asked = spec("majority", ("exact_match", "accuracy", "log_loss"), others=())
    for row in rows:
        del row.predictions[:]
    answer = server.api.call(EVALUATE, pb.EvaluateRequest(spec=asked, instances=rows), pb.EvaluateResponse)
    # Rows to learn from: two of "k", three of "l"; to score: two of "k", one of "l".
    assert values(answer)[:2] == pytest.approx([100 / 3, 1 / 3])


def test_what_was_learned_has_a_digest_of_what_was_read(server: Server) -> None:
    def digest(change: Callable[[list[instance_pb2.Instance]], object]) -> str:
        rows = make_rows()
        change(rows)
        request = pb.EvaluateRequest(spec=spec("median", ("mae",)), instances=rows)
        answer = server.api.call(EVALUATE, request, pb.EvaluateResponse)
        return answer.provenance.baselines[0].training_digest

    first = digest(lambda rows: None)
    assert first == digest(lambda rows: rows.reverse())
    # References are not what it reads; numbers are.
    assert first == digest(lambda rows: rows[0].references.append("other"))
    assert first != digest(lambda rows: setattr(rows[0], "value", 1.5))


def _no_reference(rows: list[instance_pb2.Instance]) -> None:
    del rows[2].references[:]


def _no_value(rows: list[instance_pb2.Instance]) -> None:
    rows[2].ClearField("value")


@pytest.mark.parametrize(
    ("kind", "metrics", "spoil", "reason", "field", "words"),
    [
        ("majority", ["bleu"], _no_reference, "MISSING_REFERENCE", "instances[2].references", "learn from"),
        ("mean", ["mae"], _no_value, "MISSING_VALUE", "instances[2].value", "learn from"),
        ("mean", ["bleu"], None, "BASELINE_TASK_MISMATCH", "spec.systems[0].baseline.kind", "majority do"),
        ("majority", ["mae"], None, "BASELINE_TASK_MISMATCH", "spec.systems[0].baseline.kind", "mean and median do"),
        ("mean", ["mae", "bleu"], None, "BASELINE_TASK_MISMATCH", "spec.systems[0].baseline.kind", "no kind gives all"),
        ("mean", ["fleiss_kappa"], None, "BASELINE_TASK_MISMATCH", "spec.systems[0].baseline.kind", "leave baselines"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    server: Server,
    kind: str,
    metrics: list[str],
    spoil: Callable[[list[instance_pb2.Instance]], None] | None,
    reason: str,
    field: str,
    words: str,
) -> None:
    rows = make_rows()
    if spoil is not None:
        spoil(rows)
    failure = server.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec(kind, metrics), instances=rows))
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, (field,))
    assert words in failure.message
