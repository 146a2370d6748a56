"""A SentencePiece model that a server was started with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.metrics.pieces import model_file
from tests.server.conftest import EVALUATE

from evald.v1 import evaluation_pb2, instance_pb2, metric_pb2, statistics_pb2

if TYPE_CHECKING:
    from tests.server.conftest import Server

PIECES = "bleu(model=pieces,tokenizer=sentencepiece)"


def request(metric: str) -> evaluation_pb2.EvaluateRequest:
    spec = evaluation_pb2.EvaluationSpec(
        systems=[evaluation_pb2.System(name="system")],
        metrics=[metric_pb2.MetricSpec(name=metric)],
        statistics=statistics_pb2.StatisticsSpec(replicates=0),
    )
    row = instance_pb2.Instance(
        predictions=[instance_pb2.Prediction(text="the cat sat on the mat")], references=["the cat sat on a mat"]
    )
    return evaluation_pb2.EvaluateRequest(spec=spec, instances=[row])


@pytest.fixture
def serving(make_server: Callable[..., Server], tmp_path: Path) -> Server:
    """A server with a model and a file that is none."""
    for name, content in {"pieces": model_file("unigram"), "words": b"the\na\n"}.items():
        (tmp_path / name).write_bytes(content)
    return make_server(resources={name: tmp_path / name for name in ("pieces", "words")})


def test_callers_name_the_model(serving: Server) -> None:
    answer: Any = serving.api.call(EVALUATE, request(PIECES), evaluation_pb2.EvaluateResponse)
    again: Any = serving.api.call(EVALUATE, request(PIECES), evaluation_pb2.EvaluateResponse)
    (result,) = answer.systems[0].metrics
    assert "model=pieces@" in result.signature
    assert 0 < result.estimate.value < 100
    assert again.systems[0].metrics[0] == result


@pytest.mark.parametrize("model", ["words", "flores200", "none"])
def test_what_is_no_model_is_refused(serving: Server, model: str) -> None:
    failure = serving.api.failure(EVALUATE, request(PIECES.replace("pieces", model, 1)))
    assert (failure.code, failure.fields) == ("INVALID_ARGUMENT", ("spec.metrics[0].params.model",))
