"""The messages work on the installed protobuf and grpcio: the newest in .venv, the oldest allowed in .venv-floor.

Runs in both (`make test`, `make test-floor`), so it needs nothing of the extras server, cpu or dev.
"""

from __future__ import annotations

import importlib
import re
import tomllib
from importlib import metadata
from pathlib import Path

import google.protobuf
import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from google.rpc import error_details_pb2

import evald
from evald import _native
from evald.v1 import catalog_pb2, evaluation_pb2, instance_pb2, metric_pb2, statistics_pb2

MODULES = [
    "catalog_pb2",
    "catalog_pb2_grpc",
    "evaluation_pb2",
    "evaluation_pb2_grpc",
    "instance_pb2",
    "metric_pb2",
    "model_pb2",
    "model_pb2_grpc",
    "report_pb2",
    "statistics_pb2",
]


@pytest.mark.parametrize("name", MODULES)
def test_generated_module_loads(name: str) -> None:
    importlib.import_module(f"evald.v1.{name}")


def test_versions_are_allowed(root: Path) -> None:
    print(f"protobuf {google.protobuf.__version__}, grpcio {grpc.__version__}")
    pins = (root / "constraints" / "floor.txt").read_text()
    floors = dict(re.findall(r"^([\w-]+)==([\d.]+)$", pins, flags=re.MULTILINE))
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = dict(re.findall(r"^([\w-]+)>=([\d.]+)", "\n".join(project["dependencies"]), flags=re.MULTILINE))
    assert floors.keys() == asked.keys(), "constraints/floor.txt names every base dependency"
    for name, floor in floors.items():
        assert number(floor)[: len(number(asked[name]))] == number(asked[name]), f"{name}: the floor is what is tested"
        assert number(metadata.version(name)) >= number(floor)


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_messages_round_trip() -> None:
    params = struct_pb2.Struct()
    params.update({"stemmer": True, "n": 2})
    spec = metric_pb2.MetricSpec(name="rouge_l", params=params)
    row = instance_pb2.Instance(id="1", references=["the cat"])
    request = evaluation_pb2.EvaluateRequest(spec=evaluation_pb2.EvaluationSpec(metrics=[spec]), instances=[row])
    again = evaluation_pb2.EvaluateRequest.FromString(request.SerializeToString())
    assert again == request
    as_json = json_format.MessageToJson(request)
    assert json_format.Parse(as_json, evaluation_pb2.EvaluateRequest()) == request


def test_optional_numbers_keep_absence() -> None:
    assert not statistics_pb2.Estimate().HasField("value")
    assert statistics_pb2.Estimate(value=0.0).HasField("value")


def test_error_details_load() -> None:
    info = error_details_pb2.ErrorInfo(reason="UNKNOWN_METRIC", domain="evald")
    assert error_details_pb2.ErrorInfo.FromString(info.SerializeToString()) == info


def test_answers_of_the_extension_parse() -> None:
    response = catalog_pb2.ListMetricsResponse.FromString(_native.list_metrics())
    assert [metric.name for metric in response.metrics]


def test_embedded_api_and_client_need_no_extra() -> None:
    result = evald.evaluate(predictions=["the cat sat"], references=["the cat sat"], metrics=["exact_match"])
    assert result is not None
    assert evald.Client is not None
