"""What intervals cost in one gRPC call: 256 rows, BLEU and ROUGE-1/2/L, 1,000 replicates against none.

A real server on loopback gets ready-made request bytes, so that the client adds as little as it can to both sides.
"""

from __future__ import annotations

import sys
from functools import partial

from bench import corpora, requests
from bench.measure import Rounds, interleave, rounds_of
from bench.report import Figure, Goal, main, milliseconds
from bench.server import Server

ROWS = 256
METRICS = ("bleu", "rouge_1", "rouge_2", "rouge_l")
GOAL = Goal("<=", 2)


def run(quick: bool) -> list[Figure]:
    """All figures of this benchmark."""
    corpus = corpora.translations(ROWS)
    payloads = {
        "with": requests.request_bytes(corpus, METRICS, replicates=1000, all_rows=False),
        "without": requests.request_bytes(corpus, METRICS, replicates=0, all_rows=False),
    }
    rounds = rounds_of(quick)
    with Server() as server:
        for payload in payloads.values():
            server.evaluate(payload)
        served = interleave(
            {name: partial(server.evaluate, payload) for name, payload in payloads.items()},
            rounds,
            cpu_clock=server.cpu_seconds,
            round_seconds=0.5,
        )
    allowed = requests.limits()
    native = interleave(
        {name: partial(requests.score_bytes, payload, allowed) for name, payload in payloads.items()},
        rounds,
    )
    return _figures(served, native, corpus.name)


def _figures(served: Rounds, native: Rounds, corpus: str) -> list[Figure]:
    what = "wall time of a call with intervals / without"
    return [
        Figure(
            "intervals.wall", served.ratio("with", "without", "wall"), "x", f"{what}, seen by client; {corpus}", GOAL
        ),
        Figure("intervals.cpu", served.ratio("with", "without"), "x", "the same, CPU time of the server"),
        Figure("intervals.native", native.ratio("with", "without"), "x", "the same, the extension alone, CPU time"),
        *(milliseconds(f"intervals.ms.wall.{name}", served.seconds(name, "wall"), "call") for name in served.samples),
        *(milliseconds(f"intervals.ms.cpu.{name}", served.seconds(name), "server") for name in served.samples),
        *(milliseconds(f"intervals.ms.native.{name}", native.seconds(name), "extension") for name in native.samples),
    ]


if __name__ == "__main__":
    sys.exit(main("grpc_intervals", run))
