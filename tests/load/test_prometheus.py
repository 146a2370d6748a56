"""What the server counts is what the load generator did: calls, messages and rows exactly, percentiles by bucket.

A call that its caller leaves has no status of the server, and the server may have finished it all the same. So the
comparison is: the server counts every call whose headers were sent, once, whatever became of it; of those that the
server ended it counts the code that the caller saw; and what it counts beyond that are calls whose callers had left.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.load.conftest import Scrape, made_by_server, quiet

if TYPE_CHECKING:
    from tests.load.conftest import Load
    from tests.server.conftest import Process

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]

HANDLED = "grpc_server_handled_total"


def difference(before: Scrape, after: Scrape, name: str, label: str, **labels: str) -> Counter[str]:
    return after.by(name, label, **labels) - before.by(name, label, **labels)


def test_calls_messages_and_rows_are_those_of_the_generator(process: Process, evald_load: Load) -> None:
    before = quiet(process)
    results = evald_load("--concurrency", "4", "--calls", "1000", "--mix", "1:60,16:30,256:9,4096:1", "--check")
    after = quiet(process)
    assert (results["count"], results["reached"], results["unsent"]) == (1000, 1000, 0)
    assert made_by_server(results) == {"OK": 1000}
    assert results["check"] == {"right": 1000, "wrong": 0, "untyped": 0}
    assert difference(before, after, HANDLED, "grpc_code", grpc_method="Evaluate") == {"OK": 1000}
    for name in ("grpc_server_started_total", "grpc_server_msg_received_total", "grpc_server_msg_sent_total"):
        assert difference(before, after, name, "grpc_method") == {"Evaluate": 1000}, name
    assert difference(before, after, "grpc_server_handling_seconds_count", "grpc_method") == {"Evaluate": 1000}
    assert difference(before, after, "evald_rows_total", "rpc") == {"evaluate": results["rowsAnswered"]}
    assert sum(one["rowsAnswered"] for one in results["classes"]) == results["rowsAnswered"] > 4 * 1000


def test_refused_calls_are_counted_by_their_code(process: Process, evald_load: Load, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "damaged").write_bytes(b"\x0a\xff\xff")
    files = ["--request", str(tmp_path / "empty"), "--request", str(tmp_path / "damaged")]
    flags = ["--concurrency", "2", "--calls", "200", "--check"]
    for method, code in (("Compare", "INVALID_ARGUMENT"), ("NoSuchMethod", "UNIMPLEMENTED")):
        before = quiet(process)
        # What is no method of evald is refused by gRPC, which gives no reason.
        known = code != "UNIMPLEMENTED"
        path = f"/evald.v1.EvaluationService/{method}"
        results = evald_load("--method", path, *files, *flags, codes=(0,) if known else (1,))
        assert {one["code"]: one["count"] for one in results["endings"]}.keys() == {code}
        assert results["check"]["untyped"] == (0 if known else 200)
        expected = {method if known else "other": 200}
        after = quiet(process)
        assert difference(before, after, HANDLED, "grpc_method", grpc_code=code) == expected
        assert difference(before, after, "grpc_server_started_total", "grpc_method") == expected
        assert not difference(before, after, "evald_rows_total", "rpc")


@pytest.mark.parametrize(
    "leaving",
    [
        ["--cancel", "0.3", "--deadline-share", "0.3"],
        # Most of these leave before a thread of the server has taken them.
        ["--cancel", "1", "--cancel-within", "1ms"],
        ["--deadline-share", "1", "--tight-deadline", "2ms"],
    ],
    ids=["some leave", "all cancel at once", "all have no time"],
)
def test_calls_whose_callers_leave_are_counted_once(process: Process, evald_load: Load, leaving: list[str]) -> None:
    before = quiet(process)
    results = evald_load("--rate", "300", "--duration", "3s", "--mix", "16", *leaving)
    after = quiet(process)
    seen, reached = made_by_server(results), results["reached"]
    assert results["count"] > seen.total()
    assert results["count"] >= reached >= seen.total()
    assert difference(before, after, "grpc_server_started_total", "grpc_method") == {"Evaluate": reached}
    counted = difference(before, after, HANDLED, "grpc_code", grpc_method="Evaluate")
    assert counted.total() == reached
    assert seen <= counted
    # Callers leave by cancelling or at a deadline; the server may have been done before it knew.
    assert (counted - seen).keys() <= {"OK", "CANCELLED", "DEADLINE_EXCEEDED"}
    assert difference(before, after, "evald_rows_total", "rpc")["evaluate"] == 16 * counted["OK"]


def buckets(scrape: Scrape) -> dict[float, int]:
    found = scrape.by("grpc_server_handling_seconds_bucket", "le", grpc_method="Evaluate")
    return {math.inf if edge == "+Inf" else float(edge): count for edge, count in found.items()}


def bucket_of_percentile(before: dict[float, int], after: dict[float, int], share: float) -> int:
    """The number of the bucket that holds a percentile of what was counted in between."""
    counts = [after[edge] - before[edge] for edge in sorted(after)]
    assert all(low <= high for low, high in pairwise(counts))
    return bisect.bisect_left(counts, math.ceil(share * counts[-1]))


def percentile(durations: dict[str, Any], percentage: float) -> float:
    (found,) = (one["latency"] for one in durations["latencyDistribution"] if one["percentage"] == percentage)
    return float(found) / 1e9


def test_percentiles_are_within_a_bucket_of_those_of_callers(process: Process, evald_load: Load) -> None:
    """Callers also see the way there and back, and the wait for a thread: little beside what these calls compute."""
    before = buckets(quiet(process))
    results = evald_load("--concurrency", "1", "--calls", "200", "--mix", "1024:60,4096:35,16384:5", "--intervals")
    after = buckets(quiet(process))
    edges = sorted(after)
    assert results["count"] == after[math.inf] - before[math.inf] == 200
    for percentage in (50, 90, 99):
        callers = bisect.bisect_left(edges, percentile(results["service"], percentage))
        server = bucket_of_percentile(before, after, percentage / 100)
        assert server <= callers <= server + 1, percentage
