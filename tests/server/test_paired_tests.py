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
    "a test of the future": (request("accuracy", test=99), "BAD_STATISTICS", ("spec.statistics.test",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared_so_is_refused(server: Server, case: str) -> None:
    wrong, reason, fields = REFUSED[case]
    failure = server.api.failure(COMPARE, wrong)
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, fields)
