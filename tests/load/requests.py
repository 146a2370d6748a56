"""Requests of a mixed load, serialised: comparisons, predictions of an example model, and ones that are refused."""

from __future__ import annotations

import random

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2, model_pb2, statistics_pb2, stream_predict_pb2

ALIAS = "support-base"
_WORDS = ("my", "card", "was", "charged", "twice", "refund", "the", "late", "parcel", "reset", "password", "slow")


def _text(draw: random.Random) -> str:
    return " ".join(draw.choices(_WORDS, k=draw.randint(3, 12)))


def comparison(rows: int, seed: int) -> bytes:
    """Two systems, metrics of texts and of labels, intervals and tests."""
    draw = random.Random(seed)
    spec = pb.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name=name) for name in ("bleu", "rouge_l", "exact_match")],
        systems=[pb.System(name="base"), pb.System(name="tuned")],
        statistics=statistics_pb2.StatisticsSpec(replicates=100),
    )
    request = pb.CompareRequest(spec=spec)
    for number in range(rows):
        row = request.instances.add(id=str(number), references=[_text(draw)])
        for _ in range(2):
            row.predictions.add(text=_text(draw))
    return request.SerializeToString()


def texts(rows: int, seed: int) -> list[instance_pb2.Instance]:
    """Rows for the classifier."""
    draw = random.Random(seed)
    return [instance_pb2.Instance(inputs={"text": _text(draw)}) for _ in range(rows)]


def prediction(rows: int, seed: int) -> bytes:
    """Texts for the classifier."""
    return model_pb2.PredictRequest(alias=ALIAS, instances=texts(rows, seed)).SerializeToString()


def stream(rows: int, messages: int, seed: int) -> list[bytes]:
    """The same as messages of a stream."""
    header = stream_predict_pb2.StreamPredictHeader(alias=ALIAS)
    return [
        stream_predict_pb2.StreamPredictRequest(
            header=None if number else header, instances=texts(rows, seed + number)
        ).SerializeToString()
        for number in range(messages)
    ]


def refused() -> dict[str, bytes]:
    """Compare requests that are refused: cut off, without rows, with an unknown metric, with half a row."""
    good = comparison(4, 1)
    unknown = pb.CompareRequest.FromString(good)
    unknown.spec.metrics.add(name="no_such_metric")
    lacking = pb.CompareRequest.FromString(good)
    del lacking.instances[2].references[:]
    return {
        "cut-off": good[:-3],
        "no-rows": pb.CompareRequest(spec=pb.CompareRequest.FromString(good).spec).SerializeToString(),
        "unknown-metric": unknown.SerializeToString(),
        "lacking": lacking.SerializeToString(),
    }
