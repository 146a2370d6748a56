"""Methods of intervals through a real channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2
from evald.v1.statistics_pb2 import StatisticsSpec

if TYPE_CHECKING:
    from tests.server.conftest import Server

COMPARE = "/evald.v1.EvaluationService/Compare"


def request(method: str, cluster: str = "") -> pb.CompareRequest:
    """Twenty rows: the new system is right on all but one, the old one on all but six."""
    return pb.CompareRequest(
        spec=pb.EvaluationSpec(
            metrics=[metric_pb2.MetricSpec(name=name) for name in ("accuracy", "f1(average=macro)")],
            systems=[pb.System(name=name) for name in ("old", "new")],
            statistics=StatisticsSpec(replicates=100, interval=method),
        ),
        baseline="old",
        instances=[
            instance_pb2.Instance(
                id=f"{at}",
                cluster=cluster and f"{cluster} {at % 5}",
                labels=["ab"[at % 2]],
                predictions=[
                    instance_pb2.Prediction(labels=["ab"[(at + wrong) % 2]]) for wrong in (at % 3 == 1, at == 7)
                ],
            )
            for at in range(20)
        ],
    )


@pytest.mark.parametrize(
    ("asked", "cluster", "methods"),
    [
        ("UNSPECIFIED", "", ["wilson", "percentile_bootstrap", "tango", "percentile_bootstrap"]),
        (
            "UNSPECIFIED",
            "talk",
            ["cluster_robust", "percentile_bootstrap", "cluster_robust", "percentile_bootstrap"],
        ),
        ("CLOPPER_PEARSON", "", ["clopper_pearson", "percentile_bootstrap", "tango", "percentile_bootstrap"]),
        ("BCA", "", ["bca"] * 4),
        ("JACKKNIFE", "talk", ["jackknife"] * 4),
    ],
)
def test_methods_are_named(server: Server, asked: str, cluster: str, methods: list[str]) -> None:
    sent = request(f"INTERVAL_METHOD_{asked}", cluster)
    answer = server.api.call(COMPARE, sent, pb.CompareResponse)
    estimates = [result.estimate for result in answer.systems[1].metrics]
    estimates += [comparison.difference for comparison in answer.comparisons]
    assert [estimate.method for estimate in estimates] == methods
    assert all(estimate.low <= estimate.value <= estimate.high for estimate in estimates)
    fallbacks = {
        note.code for result in answer.systems[1].metrics for note in result.notes if note.code == "INTERVAL_FALLBACK"
    }
    assert bool(fallbacks) == (asked == "CLOPPER_PEARSON")


def test_an_unknown_method_is_refused(server: Server) -> None:
    sent = request("INTERVAL_METHOD_T")
    sent.spec.statistics.interval = 99  # type: ignore[assignment]
    failure = server.api.failure(COMPARE, sent)
    assert (failure.reason, failure.fields) == ("BAD_STATISTICS", ("spec.statistics.interval",))
