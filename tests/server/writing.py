"""What tests of models that write texts share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from evald.v1 import instance_pb2, model_pb2
from evald.v1.generation_pb2 import GenerationOptions

if TYPE_CHECKING:
    from tests.server.conftest import Server

Row = instance_pb2.Instance
Predict = Callable[["Server", Sequence[Row], GenerationOptions], model_pb2.PredictResponse]
Texts = list[list[tuple[str, str]]]


def in_both_ways(
    predict: Predict, server: Server, busy: Server, calls: Sequence[tuple[list[Row], GenerationOptions]]
) -> tuple[Texts, Texts]:
    """Texts and finish reasons of calls: all at once on the busy server, and row by row on the other."""

    def ask(target: Server, rows: list[Row], options: GenerationOptions) -> list[tuple[str, str]]:
        return [(one.text, one.finish_reason) for one in predict(target, rows, options).predictions]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda call: ask(busy, *call), calls))
    return together, [[ask(server, [row], options)[0] for row in rows] for rows, options in calls]
