"""Tests, margins and rankings of Compare over a real channel; what metrics or rows cannot have is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, statistics_pb2

if TYPE_CHECKING:
    from tests.server.conftest import Server

COMPARE = "/evald.v1.EvaluationService/Compare"
Test = statistics_pb2.TestMethod

Answers = list[tuple[str, str, str]]
# Gold, baseline, candidate: 9 rows won, 1 lost, 10 tied.
ANSWERS: Answers = [("a", "b", "a")] * 9 + [("a", "a", "b")] + [("a", "a", "a")] * 10


def request(*metrics: metric_pb2.MetricSpec | str, answers: Answers = ANSWERS, **changes: Any) -> pb.CompareRequest:
    """Rows with texts and labels for two systems; `cluster` puts them all into clusters of two."""
    cluster = changes.pop("cluster", False)
    named = [metric_pb2.MetricSpec(name=one) if isinstance(one, str) else one for one in metrics]
    rows = [
        instance_pb2.Instance(
            cluster=f"{at // 2}" if cluster else "",
            references=[gold],
            labels=[gold],
            predictions=[instance_pb2.Prediction(text=one, labels=[one]) for one in of_systems],
        )
        for at, (gold, *of_systems) in enumerate(answers)
    ]
    spec = pb.EvaluationSpec(
        systems=[pb.System(name=name) for name in ("base", "new", "newer")[: len(answers[0]) - 1]],
        metrics=named,
        statistics=statistics_pb2.StatisticsSpec(replicates=200, **changes),
    )
    return pb.CompareRequest(spec=spec, instances=rows)


def test_tests_are_made_as_asked(server: Server) -> None:
    answer = server.api.call(COMPARE, request("accuracy", "bleu"), pb.CompareResponse)
    by_metric = {one.metric: one for one in answer.comparisons}
    accuracy = by_metric["accuracy"]
    assert (accuracy.test, accuracy.draws, by_metric["bleu"].test) == ("mcnemar_exact", 0, "paired_randomisation")
    assert accuracy.p_value == pytest.approx(2 * 11 / 2**10, rel=1e-12)
    sizes = {size.name: size.value for size in accuracy.effect_sizes}
    assert sizes.keys() == {"cohen_dz", "cohen_h", "odds_ratio"}
    assert sizes["odds_ratio"] == 9
    for test, name in [
        (Test.TEST_METHOD_MCNEMAR_MIDP, "mcnemar_midp"),
        (Test.TEST_METHOD_SIGN, "sign"),
        (Test.TEST_METHOD_PAIRED_T, "paired_t"),
        (Test.TEST_METHOD_PAIRED_RANDOMISATION, "paired_randomisation"),
    ]:
        answer = server.api.call(COMPARE, request("accuracy", test=test), pb.CompareResponse)
        assert [one.test for one in answer.comparisons] == [name]


def test_margins_decide_where_no_change_was_found(server: Server) -> None:
    ties: Answers = [("a", "a", "a")] * 300
    spec = metric_pb2.MetricSpec(name="accuracy", margin=0.03)
    answer = server.api.call(COMPARE, request(spec, "bleu", margin=0.5, answers=ties), pb.CompareResponse)
    accuracy, bleu = answer.comparisons
    assert (accuracy.decision, accuracy.margin) == (statistics_pb2.DECISION_EQUIVALENT, 0.03)
    assert accuracy.p_not_worse <= accuracy.p_equivalent < 0.05
    assert not accuracy.within_margin
    assert (bleu.decision, bleu.margin) == (statistics_pb2.DECISION_INCONCLUSIVE, 0.5)
    answer = server.api.call(COMPARE, request("accuracy", answers=ties), pb.CompareResponse)
    assert not answer.comparisons[0].HasField("p_equivalent")
    changed: Answers = [("a", "b", "a")] * 40 + [("a", "a", "b")] * 4 + [("a", "a", "a")] * 1_000
    answer = server.api.call(COMPARE, request("accuracy", answers=changed, margin=0.1), pb.CompareResponse)
    assert answer.comparisons[0].decision == statistics_pb2.DECISION_IMPROVED
    assert answer.comparisons[0].within_margin


def test_three_systems_are_ranked(server: Server) -> None:
    answers: Any = [(gold, base, new, gold) for gold, base, new in ANSWERS]
    answer = server.api.call(COMPARE, request("accuracy", answers=answers), pb.CompareResponse)
    (ranking,) = answer.rankings
    assert ranking.metric == "accuracy"
    assert [(one.system, one.rank) for one in ranking.ranks] == [("newer", 1), ("new", 2), ("base", 3)]
    assert all(one.best <= one.rank <= one.worst for one in ranking.ranks)
    assert not server.api.call(COMPARE, request("accuracy"), pb.CompareResponse).rankings


def test_rows_missing_on_one_side_leave_bounds(server: Server) -> None:
    wanted = request("accuracy")
    wanted.instances[0].predictions[1].Clear()
    (found,) = server.api.call(COMPARE, wanted, pb.CompareResponse).comparisons
    assert found.lowest_difference == pytest.approx(7 / 20, rel=1e-12)
    assert found.highest_difference == pytest.approx(8 / 20, rel=1e-12)
    (found,) = server.api.call(COMPARE, request("accuracy"), pb.CompareResponse).comparisons
    assert not found.HasField("lowest_difference")


REFUSED: dict[str, tuple[pb.CompareRequest, str, tuple[str, ...]]] = {
    "McNemar of BLEU": (
        request("bleu", test=Test.TEST_METHOD_MCNEMAR_EXACT),
        "UNSUITABLE_TEST",
        ("spec.statistics.test",),
    ),
    "McNemar of clusters": (
        request("accuracy", test=Test.TEST_METHOD_MCNEMAR_EXACT, cluster=True),
        "UNSUITABLE_TEST",
        ("spec.statistics.test",),
    ),
    "a margin of nothing": (request("accuracy", margin=0.0), "BAD_MARGIN", ("spec.statistics.margin",)),
    "a margin that is no number": (
        request(metric_pb2.MetricSpec(name="accuracy", margin=float("nan"))),
        "BAD_MARGIN",
        ("spec.metrics[0].margin",),
    ),
    "a margin of another scale": (request("accuracy", "bleu", margin=2.0), "BAD_MARGIN", ("spec.statistics.margin",)),
    "a margin of what is not compared": (
        request("accuracy", metric_pb2.MetricSpec(name="confusion_matrix", margin=0.1)),
        "BAD_MARGIN",
        ("spec.metrics[1].margin",),
    ),
    "a test of the future": (request("accuracy", test=99), "BAD_STATISTICS", ("spec.statistics.test",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared_so_is_refused(server: Server, case: str) -> None:
    wrong, reason, fields = REFUSED[case]
    failure = server.api.failure(COMPARE, wrong)
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, fields)
