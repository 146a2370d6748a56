"""Better, but slower: what answers took, through a real channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, statistics_pb2

if TYPE_CHECKING:
    from tests.server.conftest import Server

COMPARE = "/evald.v1.EvaluationService/Compare"
METRICS = ("exact_match", "latency", "input_tokens", "output_tokens", "cost", "memory")


def answer(text: str, seconds: float, tokens: int) -> instance_pb2.Prediction:
    usage = instance_pb2.Usage(
        latency_seconds=seconds, input_tokens=40, output_tokens=tokens, cost=tokens / 1e4, peak_memory_bytes=3 << 30
    )
    return instance_pb2.Prediction(text=text, usage=usage)


def request(instances: list[instance_pb2.Instance]) -> pb.CompareRequest:
    spec = pb.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name=name) for name in METRICS],
        systems=[pb.System(name=name) for name in ("small", "large")],
        statistics=statistics_pb2.StatisticsSpec(replicates=100),
    )
    return pb.CompareRequest(spec=spec, baseline="small", instances=instances)


def rows(count: int = 40) -> list[instance_pb2.Instance]:
    """The large system is right, and slow."""
    return [
        instance_pb2.Instance(
            id=f"{at}",
            references=["yes"],
            predictions=[answer("yes" if at % 2 else "no", 0.5 + at / 100, 9), answer("yes", 1.5 + at / 90, 9)],
        )
        for at in range(count)
    ]


def test_better_but_slower(server: Server) -> None:
    found = server.api.call(COMPARE, request(rows()), pb.CompareResponse)
    decisions = {one.metric: statistics_pb2.Decision.Name(one.decision) for one in found.comparisons}
    assert (decisions["exact_match"], decisions["latency"]) == ("DECISION_IMPROVED", "DECISION_REGRESSED")
    latency = next(one for one in found.comparisons if one.metric == "latency")
    mean = sum(1 + at / 90 - at / 100 for at in range(40)) / 40
    assert latency.difference.value == pytest.approx(mean, rel=1e-12)
    assert (latency.difference.method, latency.wins, latency.losses) == ("t", 0, 40)
    small = {result.metric: result.estimate.value for result in found.systems[0].metrics}
    assert [small[name] for name in METRICS[2:]] == pytest.approx([40, 9, 9e-4, 3 << 30])


def test_an_answer_without_the_number_is_missing(server: Server) -> None:
    instances = rows()
    instances[3].predictions[1].usage.ClearField("cost")
    found = server.api.call(COMPARE, request(instances), pb.CompareResponse)
    assert {one.difference.n for one in found.comparisons} == {39}
    (error,) = found.systems[1].rows.errors
    assert (error.reason, error.message) == ("MISSING_PREDICTION", "the system has no usage.cost for this row")
