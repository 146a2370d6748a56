"""Slices through a real channel: values, comparisons, limits, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evald import Client
from evald.v1 import catalog_pb2, instance_pb2, metric_pb2, slice_pb2, statistics_pb2
from evald.v1 import evaluation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import Server

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
COMPARE = "/evald.v1.EvaluationService/Compare"


def rows(count: int = 120, **changes: Any) -> list[instance_pb2.Instance]:
    """Right answers of the baseline in German, of the candidate everywhere."""
    return [
        instance_pb2.Instance(
            id=str(at),
            references=["good day" if at % 2 else "good"],
            predictions=[
                instance_pb2.Prediction(text="good day" if at % 2 and language == "de" else "bad"),
                instance_pb2.Prediction(text="good day" if at % 2 else "good"),
            ],
            slices={"language": language},
            task="greet",
            **changes,
        )
        for at in range(count)
        for language in [("de", "en", "sw")[at % 3]]
    ]


def spec(*slices: str, **statistics: Any) -> pb.EvaluationSpec:
    return pb.EvaluationSpec(
        systems=[pb.System(name="base"), pb.System(name="new")],
        metrics=[metric_pb2.MetricSpec(name="exact_match")],
        slices=[slice_pb2.SliceSpec(by=form) for form in slices],
        statistics=statistics_pb2.StatisticsSpec(replicates=200, **statistics),
    )


def test_values_by_slice(server: Server) -> None:
    request = pb.EvaluateRequest(spec=spec("language", "task x length(reference)"), instances=rows())
    response = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    (base,) = response.systems[0].metrics
    found = {(one.by, *one.values): one.estimate for one in base.slices}
    assert [key[1:] for key in found] == [("de",), ("en",), ("sw",), ("greet", "1-10")]
    assert {values: estimate.value for values, estimate in found.items()} == {
        ("language", "de"): 50.0,
        ("language", "en"): 0.0,
        ("language", "sw"): 0.0,
        ("task x length(reference)", "greet", "1-10"): pytest.approx(100 / 6),
    }
    assert all(estimate.HasField("low") for estimate in found.values())


def test_a_comparison_by_slice(server: Server) -> None:
    request = pb.CompareRequest(spec=spec("language"), instances=rows())
    response = server.api.call(COMPARE, request, pb.CompareResponse)
    assert [(list(one.values), one.rows) for one in response.slices] == [(["de"], 40), (["en"], 40), (["sw"], 40)]
    decisions = [one.comparisons[0].decision for one in response.slices]
    assert decisions == [statistics_pb2.DECISION_IMPROVED] * 3
    (agreement,) = response.consistency
    assert (agreement.by, agreement.slices, agreement.improved, list(agreement.worst)) == ("language", 3, 3, ["de"])


def test_a_client_slices_by_what_the_rows_hold(server: Server) -> None:
    """Metrics need labels alone; references and the columns that slices name are sent all the same."""
    table = [
        {"prediction": "ab"[at % 2], "label": "a", "reference": "one two" if at % 2 else "one", "domain": at % 3}
        for at in range(90)
    ]
    with Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        result = client.evaluate(
            rows=table, metrics="accuracy", slices=["domain", "length(reference, edges=1|2)", "label"], replicates=100
        )
    found = {(one.by, *one.values): one.value for one in result["accuracy"].slices}
    assert found == {
        ("domain", "0"): 0.5,
        ("domain", "1"): 0.5,
        ("domain", "2"): 0.5,
        ("length(reference, edges=1|2)", "0-1"): 1.0,
        ("length(reference, edges=1|2)", "2"): 0.0,
        ("label", "a"): 0.5,
    }


def test_the_limit_is_published(make_server: Callable[..., Server]) -> None:
    server = make_server(max_slices=2)
    info = server.api.call(
        "/evald.v1.CatalogService/GetServerInfo", catalog_pb2.GetServerInfoRequest(), catalog_pb2.GetServerInfoResponse
    )
    assert info.limits.max_slices == 2
    failure = server.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec("language"), instances=rows()))
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "LIMIT_EXCEEDED")
    assert failure.fields == ("spec.slices",)
    assert (failure.metadata or {})["limit"] == "max_slices"
    failure = server.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec("a", "b", "c"), instances=rows()))
    assert (failure.reason, failure.fields) == ("LIMIT_EXCEEDED", ("spec.slices",))


def test_a_large_answer_is_refused(make_server: Callable[..., Server]) -> None:
    server = make_server(max_response_bytes=1_000)
    failure = server.api.failure(COMPARE, pb.CompareRequest(spec=spec("language"), instances=rows()))
    assert failure.reason == "RESPONSE_TOO_LARGE"


LONG = instance_pb2.Instance(
    id="x", references=["a"], predictions=[instance_pb2.Prediction(text="a")], slices={"language": "x" * 300}
)


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (pb.EvaluateRequest(spec=spec("median(reference)"), instances=rows()), "BAD_SLICE", "spec.slices[0].by"),
        (pb.EvaluateRequest(spec=spec("language", ""), instances=rows()), "BAD_SLICE", "spec.slices[1].by"),
        (
            pb.EvaluateRequest(spec=spec("length(reference)", "length( reference )"), instances=rows()),
            "DUPLICATE_SLICE",
            "spec.slices[1].by",
        ),
        (
            pb.EvaluateRequest(spec=spec("split"), instances=rows(3, split="a\nb")),
            "BAD_SLICE_VALUE",
            "instances[0].split",
        ),
        (
            pb.EvaluateRequest(spec=spec("language"), instances=[*rows(2), LONG]),
            "BAD_SLICE_VALUE",
            "instances[2].slices",
        ),
    ],
    ids=["unknown form", "empty", "twice", "line break", "long value"],
)
def test_bad_slices_are_refused(server: Server, request_: pb.EvaluateRequest, reason: str, field: str) -> None:
    failure = server.api.failure(EVALUATE, request_)
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, (field,))


def test_a_deadline_ends_a_comparison_among_its_slices(make_server: Callable[..., Server]) -> None:
    """Rows and whole take a moment, the slices a minute."""
    server = make_server()
    spec = pb.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name="bleu", key=f"bleu-{copy}") for copy in range(64)],
        systems=[pb.System(name=name) for name in ("base", "new")],
        statistics=statistics_pb2.StatisticsSpec(replicates=10_000),
        slices=[slice_pb2.SliceSpec(by=f'contains(reference, "w{at}")') for at in range(90)],
    )
    request = pb.CompareRequest(spec=spec, instances=rows())
    failure = server.api.failure(COMPARE, request.SerializeToString(), timeout=2.0)
    assert failure.code == "DEADLINE_EXCEEDED"
    server.wait_for_calls(0)
