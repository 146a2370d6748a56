"""The ways into the extension that sections time, and the check that they answer as the reference does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from bench import requests
from bench.corpora import Corpus
from bench.measure import Rounds
from bench.report import Figure, Goal, nanoseconds
from evald.v1 import evaluation_pb2 as evaluation


def native(corpus: Corpus, metrics: Sequence[str]) -> dict[str, Callable[[], bytes]]:
    """Lists of str, or request bytes, to answer bytes; corpus scores only, no intervals."""
    allowed = requests.limits()
    header = requests.request_bytes(corpus, metrics, rows=False, all_rows=False)
    request = requests.request_bytes(corpus, metrics, all_rows=False)
    return {
        "lists": lambda: requests.score_lists(header, corpus, allowed),
        "bytes": lambda: requests.score_bytes(request, allowed),
    }


def check_equal(ways: Mapping[str, Callable[[], bytes]], expected: Sequence[float]) -> None:
    """Raises RuntimeError unless every way gives the reference's values, in the order of the metrics."""
    for name, way in ways.items():
        answer = evaluation.EvaluateResponse.FromString(way())
        found = [metric.estimate.value for metric in answer.systems[0].metrics]
        if len(found) != len(expected) or not all(map(_close, found, expected)):
            raise RuntimeError(f"{name}: evald says {found}, the reference {expected}; nothing was timed")


def _close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=1e-9)


def figures(key: str, corpus: Corpus, measured: Rounds, base: str, goals: Mapping[str, Goal | None]) -> list[Figure]:
    """The ratio of "reference" to each way that has an entry in `goals`, and the nanoseconds a word of all."""
    tokens = corpus.tokens()
    ratios = [
        Figure(f"{key}.{name}", measured.ratio("reference", name), "x", f"{base}; {corpus.name}", goal)
        for name, goal in goals.items()
    ]
    times = [
        nanoseconds(f"{key}.ns.{name}", measured.seconds(name), tokens, "CPU time a word") for name in measured.samples
    ]
    return [*ratios, *times]
