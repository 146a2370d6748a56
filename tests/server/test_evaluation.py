"""Evaluate and Compare through a real channel: values, provenance, cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, statistics_pb2

if TYPE_CHECKING:
    from tests.server.conftest import Server

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
COMPARE = "/evald.v1.EvaluationService/Compare"

GOLD = ["yes", "no", "yes", "no", "yes", "no", "yes", "no"]
BASE = ["yes", "yes", "no", "no", "no", "no", "yes", "yes"]
NEW = ["yes", "no", "yes", "no", "yes", "yes", "yes", "no"]


def rows(*systems: list[str]) -> list[instance_pb2.Instance]:
    return [
        instance_pb2.Instance(
            id=f"row-{index}",
            labels=[gold],
            predictions=[instance_pb2.Prediction(labels=[system[index]]) for system in systems],
        )
        for index, gold in enumerate(GOLD)
    ]


def spec(*names: str, systems: tuple[str, ...] = ()) -> pb.EvaluationSpec:
    return pb.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name=name) for name in names],
        systems=[pb.System(name=name) for name in systems],
        statistics=statistics_pb2.StatisticsSpec(replicates=200),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"wrong_references": ["a", ""]},
        {"reference_tokens": [instance_pb2.Tokens(tokens=["a", "b"]), instance_pb2.Tokens()]},
        {"value": -1.5},
        {"choices": [instance_pb2.Choice(text="a", correct=True), instance_pb2.Choice()]},
        {"weight": 2.0},
        {"human_labels": ["a", "b"]},
        {"prediction": {"tokens": ["a", ""]}},
        {"prediction": {"value": 0.0}},
        {"prediction": {"token_logprobs": [0.0, -1e300, -math.inf, 1.0]}},
        {"prediction": {"choice_scores": [math.inf, 0.0]}},
        {"prediction": {"no_answer_score": 0.5}},
        {"prediction": {"scores": {"comet": 0.5, "": 1e300}}},
        {"prediction": {"usage": instance_pb2.Usage(latency_seconds=0.0, input_tokens=2**64 - 1)}},
    ],
    ids=lambda fields: next(iter(fields.get("prediction", fields))),
)
def test_fields_that_no_metric_needs_are_accepted(server: Server, fields: dict[str, Any]) -> None:
    more = instance_pb2.Prediction(**fields.get("prediction", {}))
    own = instance_pb2.Instance(**{name: value for name, value in fields.items() if name != "prediction"})
    instances = rows(BASE)
    for instance in instances:
        instance.MergeFrom(own)
        instance.predictions[0].MergeFrom(more)
    answer = server.api.call(
        EVALUATE, pb.EvaluateRequest(spec=spec("accuracy"), instances=instances), pb.EvaluateResponse
    )
    plain = server.api.call(
        EVALUATE, pb.EvaluateRequest(spec=spec("accuracy"), instances=rows(BASE)), pb.EvaluateResponse
    )
    found, expected = (one.systems[0].metrics[0].estimate for one in (answer, plain))
    # Equal weights change no value, only what a row is worth.
    assert (found.value, found.n) == (expected.value, expected.n)


def test_evaluate_gives_values_with_intervals(server: Server) -> None:
    request = pb.EvaluateRequest(spec=spec("accuracy"), instances=rows(BASE))
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    (system,) = answer.systems
    assert system.system == "system"
    estimate = system.metrics[0].estimate
    assert estimate.value == 0.5
    assert estimate.n == 8
    assert 0 <= estimate.low <= 0.5 <= estimate.high <= 1
    assert system.metrics[0].signature.startswith("accuracy")


def test_evaluate_gives_text_metrics(server: Server) -> None:
    text = instance_pb2.Instance(
        references=["the cat sat on the mat"], predictions=[instance_pb2.Prediction(text="the cat sat on the mat")]
    )
    request = pb.EvaluateRequest(spec=spec("bleu", "rouge_l", "exact_match", "token_f1"), instances=[text])
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    values = [metric.estimate.value for metric in answer.systems[0].metrics]
    assert values == pytest.approx([100, 1, 100, 100])


def test_compare_gives_differences_and_a_verdict(server: Server) -> None:
    request = pb.CompareRequest(
        spec=spec("accuracy", "f1(average=macro)", systems=("base", "new")), instances=rows(BASE, NEW)
    )
    answer = server.api.call(COMPARE, request, pb.CompareResponse)
    assert [system.system for system in answer.systems] == ["base", "new"]
    assert answer.baseline == "base"
    accuracy = answer.comparisons[0]
    assert (accuracy.metric, accuracy.candidate) == ("accuracy", "new")
    assert accuracy.difference.value == pytest.approx(3 / 8)
    assert (accuracy.wins, accuracy.losses, accuracy.ties) == (4, 1, 3)
    assert 0 < accuracy.p_value <= 1
    assert accuracy.p_adjusted >= accuracy.p_value


def test_an_answer_tells_where_it_comes_from_and_what_it_took(server: Server) -> None:
    request = pb.EvaluateRequest(spec=spec("accuracy"), instances=rows(BASE))
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    assert answer.provenance.evald_version
    assert answer.provenance.unicode_version
    assert len(answer.provenance.spec_digest) == 64
    assert answer.provenance.slots == 8
    assert not answer.provenance.models
    assert answer.cost.rows == 8
    assert answer.cost.score_seconds > 0


def test_the_same_request_gives_the_same_values(server: Server) -> None:
    request = pb.CompareRequest(
        spec=spec("accuracy", "f1(average=macro)", systems=("base", "new")), instances=rows(BASE, NEW)
    )
    answers = [server.api.call(COMPARE, request, pb.CompareResponse) for _ in range(2)]
    for answer in answers:
        answer.ClearField("cost")
    assert answers[0] == answers[1]
