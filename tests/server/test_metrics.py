"""Golden tables through a real channel: what metrics need of a row travels, and the values come back in every digit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from tests.metrics.golden_rows import GOLDEN, same, text_form

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, statistics_pb2

if TYPE_CHECKING:
    from tests.server.conftest import Server

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
FILES = ("agreement", "diversity", "entity_f1", "language", "own_numbers", "regression")


def cases(name: str) -> Iterator[tuple[str, list[str], list[dict[str, Any]], str | None]]:
    """Metric, classes, rows and value of the first case of each table."""
    for table in json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["tables"]:
        case = table["cases"][0]
        yield text_form(table["metric"], table["params"]), table.get("classes", []), case["rows"], case["value"]


def ask(server: Server, metric: str, rows: list[dict[str, Any]], classes: list[str]) -> metric_pb2.MetricResult:
    spec = pb.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name=metric)],
        classes=classes,
        statistics=statistics_pb2.StatisticsSpec(replicates=0),
    )
    instances = [json_format.ParseDict(row, instance_pb2.Instance()) for row in rows]
    answer = server.api.call(EVALUATE, pb.EvaluateRequest(spec=spec, instances=instances), pb.EvaluateResponse)
    return answer.systems[0].metrics[0]


@pytest.mark.parametrize("name", FILES)
def test_golden_values_over_grpc(server: Server, name: str) -> None:
    asked = 0
    for metric, classes, rows, value in cases(name):
        estimate = ask(server, metric, rows, classes).estimate
        found = None if estimate.undefined_reason else estimate.value
        assert same(found, None if value is None else float(value), 1e-9), metric
        asked += 1
    assert asked > 1


def test_resources_of_the_settings_are_named_with_their_digest(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    words = tmp_path / "stop.txt"
    words.write_text("the\n", encoding="utf-8")
    server = make_server(resources={"common": words})
    rows = [{"references": ["the cat"], "predictions": [{"text": "the dog"}]}]
    result = ask(server, "rouge_1(profile=1.5.5,stop_words=common)", rows, [])
    assert result.estimate.value == 0.0
    assert "stop_words=common@" in result.signature
    request = pb.EvaluateRequest(
        spec=pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="rouge_1(profile=1.5.5,stop_words=none-such)")])
    )
    failure = server.api.failure(EVALUATE, request)
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "BAD_PARAMETER")
    assert failure.fields == ("spec.metrics[0].params.stop_words",)
    assert "common" in failure.message


def test_a_row_that_would_take_minutes_is_refused(server: Server) -> None:
    text = "a " * 200_000
    request = pb.EvaluateRequest(
        spec=pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="wer")]),
        instances=[instance_pb2.Instance(references=[text], predictions=[instance_pb2.Prediction(text=text)])],
    )
    failure = server.api.failure(EVALUATE, request)
    assert (failure.code, failure.reason, failure.fields) == (
        "INVALID_ARGUMENT",
        "TEXT_TOO_LONG",
        ("instances[0].references[0]",),
    )
