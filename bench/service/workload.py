"""Requests as callers send them, over texts of 25 words: BLEU and ROUGE-1/2/L without intervals, or next to nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence

from evald.v1 import evaluation_pb2, report_pb2

METRICS = ("bleu", "rouge_1", "rouge_2", "rouge_l")
SIZES = (1, 16, 256, 4096)
# What a call costs that has next to nothing to compute.
LEAST = ("exact_match",)
_WORDS = 25
_VOCABULARY = 500
_KEPT = 0.7


def request(rows: int, metrics: Sequence[str] = METRICS, seed: int = 0) -> bytes:
    """A serialised EvaluateRequest; seven of ten words of a prediction are those of its reference."""
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["".join(draw.choices(letters, k=draw.randint(2, 8))) for _ in range(_VOCABULARY)]
    message = evaluation_pb2.EvaluateRequest()
    for name in metrics:
        message.spec.metrics.add(name=name)
    message.spec.statistics.replicates = 0
    message.spec.row_report = report_pb2.ROW_REPORT_FAILED
    for _ in range(rows):
        reference = draw.choices(vocabulary, k=_WORDS)
        predicted = [word if draw.random() < _KEPT else draw.choice(vocabulary) for word in reference]
        message.instances.add(references=[" ".join(reference)]).predictions.add(text=" ".join(predicted))
    return message.SerializeToString()
