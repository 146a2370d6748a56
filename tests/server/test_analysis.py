"""Error analysis over a real channel: the answers are those of the embedded API, and wrong requests are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import evald
from evald.errors import InvalidRequestError
from evald.v1 import analysis_pb2, metric_pb2
from evald.v1 import evaluation_pb2 as pb
from evald.v1.instance_pb2 import Instance, Prediction

if TYPE_CHECKING:
    from tests.server.conftest import Server

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
COMPARE = "/evald.v1.EvaluationService/Compare"
GOLD = ["yes", "no", "yes", "no", "maybe"]
BASE = ["yes", "yes", "no", "no", "no"]
NEW = ["yes", "no", "yes", "yes", "no"]


def request(kind: Any, analysis: analysis_pb2.AnalysisSpec | None) -> Any:
    instances = [
        Instance(id=f"row-{at}", labels=[gold], predictions=[Prediction(labels=[one]) for one in answers])
        for at, (gold, *answers) in enumerate(zip(GOLD, BASE, NEW, strict=True))
    ]
    spec = pb.EvaluationSpec(
        systems=[pb.System(name="base"), pb.System(name="new")],
        metrics=[metric_pb2.MetricSpec(name="accuracy")],
        analysis=analysis,
    )
    return kind(spec=spec, instances=instances)


def test_compare_tells_what_is_wrong_and_what_a_candidate_changes(server: Server) -> None:
    answer = server.api.call(
        COMPARE, request(pb.CompareRequest, analysis_pb2.AnalysisSpec()), pb.CompareResponse
    ).analysis
    base, new = answer.systems
    assert [(one.gold, one.predicted, one.count) for one in base.confusions] == [
        ("maybe", "no", 1), ("no", "yes", 1), ("yes", "no", 1),
    ]  # fmt: skip
    assert base.confusions[1].share == 0.5
    assert [row.id for row in base.confusions[1].rows] == ["row-1"]
    assert list(base.confusion_matrix.labels) == ["maybe", "no", "yes"]
    assert (new.metrics[0].right, sum(band.rows for band in new.metrics[0].bands)) == (3, 2)
    (pair,) = answer.pairs
    (changes,) = pair.metrics
    assert pair.candidate == "new"
    assert (changes.fixed, changes.broken, changes.both_right, changes.both_wrong) == (2, 1, 1, 1)
    assert {row.id for row in changes.gains} == {"row-1", "row-2"}
    assert [(row.id, list(row.scores)) for row in changes.losses] == [("row-3", [1, 0])]
    hardest = answer.hardest[0].rows[0]
    assert (hardest.id, list(hardest.scores)) == ("row-4", [0, 0])


def test_evaluate_has_no_pairs_and_nothing_comes_unasked(server: Server) -> None:
    asked = server.api.call(EVALUATE, request(pb.EvaluateRequest, analysis_pb2.AnalysisSpec()), pb.EvaluateResponse)
    assert len(asked.analysis.systems) == 2
    assert not asked.analysis.pairs
    unasked = server.api.call(EVALUATE, request(pb.EvaluateRequest, None), pb.EvaluateResponse)
    assert not unasked.HasField("analysis")


def test_ngrams_come_only_if_they_are_asked_for(server: Server) -> None:
    texts = request(pb.EvaluateRequest, analysis_pb2.AnalysisSpec(ngrams=2, top=2))
    texts.spec.metrics[0].name = "exact_match"
    for at, row in enumerate(texts.instances):
        row.references.append("the cat sat")
        for prediction in row.predictions:
            prediction.text = "the dog sat" if at else "the cat sat"
    answer = server.api.call(EVALUATE, texts, pb.EvaluateResponse).analysis
    found = [(one.text, one.produced, one.referenced) for one in answer.systems[0].overproduced]
    assert found == [("dog sat", 4, 0), ("the dog", 4, 0)]
    texts.spec.analysis.ClearField("ngrams")
    assert not server.api.call(EVALUATE, texts, pb.EvaluateResponse).analysis.systems[0].overproduced


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"samples": 0}, "spec.analysis.samples"),
        ({"samples": 51}, "spec.analysis.samples"),
        ({"top": 0}, "spec.analysis.top"),
        ({"top": 1_001}, "spec.analysis.top"),
        ({"ngrams": 5}, "spec.analysis.ngrams"),
    ],
)
def test_a_wrong_specification_is_refused(server: Server, spec: dict[str, int], field: str) -> None:
    with (
        evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client,
        pytest.raises(InvalidRequestError) as caught,
    ):
        client.evaluate(BASE, GOLD, metrics=["accuracy"], analysis=spec)
    assert caught.value.reason == "BAD_ANALYSIS"
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_server_analyses_as_the_embedded_api_does(server: Server) -> None:
    keywords: dict[str, Any] = {"metrics": ["accuracy"], "analysis": {"samples": 2}, "ids": list("abcde")}
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        answer = client.compare(BASE, {"new": NEW}, GOLD, **keywords)
    expected = evald.compare(BASE, {"new": NEW}, GOLD, **keywords)
    assert answer.analysis is not None
    assert replace(answer, cost=None) == expected
