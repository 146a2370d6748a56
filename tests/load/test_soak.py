"""20,000 mixed calls, of which some are cancelled and some have no time, and nothing is wrong, lost or kept."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.load import requests
from tests.load.conftest import Resources, quiet, settled
from tests.server.conftest import failure_of

from evald.v1 import stream_predict_pb2

if TYPE_CHECKING:
    from tests.load.conftest import Load
    from tests.server.conftest import Process

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]

ROUNDS = 4
# Streams of a round, and callers of each kind at once.
STREAMS = 100
CALLERS = 4
MIX = "1:60,16:30,256:9,4096:1"
LEAVING = ["--cancel", "0.05", "--deadline-share", "0.05"]
# What the memory of the server may grow by after the warm-up, for 1,000 calls.
MOST_KIB = 1024
STREAM = "/evald.v1.ModelService/StreamPredict"
# What the library of the client makes of its own deadline or cancellation; all else must say why.
LOCAL = {"CANCELLED", "DEADLINE_EXCEEDED"}

Flags = list[str]


@pytest.fixture
def kinds(tmp_path: Path) -> dict[str, tuple[int, Flags]]:
    """Flags of the generator and how many calls a round has, by what is called."""

    def files(named: dict[str, bytes]) -> Flags:
        flags = []
        for name, body in named.items():
            (tmp_path / name).write_bytes(body)
            flags += ["--request", str(tmp_path / name)]
        return flags

    compare = ["--method", "/evald.v1.EvaluationService/Compare"]
    good = {f"compare-{rows}": requests.comparison(rows, rows) for rows in (1, 16, 256, 1024)}
    predict = {f"predict-{rows}": requests.prediction(rows, rows) for rows in (1, 8, 32)}
    return {
        "Evaluate": (3000, ["--mix", MIX]),
        "Compare": (1200, [*compare, *files(good)]),
        "refused": (300, [*compare, *files(requests.refused())]),
        "Predict": (400, ["--method", "/evald.v1.ModelService/Predict", *files(predict)]),
    }


class Streams:
    """Callers of StreamPredict; some of them leave."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._messages = requests.stream(rows=4, messages=5, seed=7)
        self._lock = threading.Lock()
        self.endings: Counter[str] = Counter()
        self.right = self._call(leave_after=None, timeout=None)

    def call(self, number: int) -> None:
        """One stream: answered, left after some answers, or with a deadline that it cannot meet or just so."""
        leave_after = number % 4 if number % 7 == 0 else None
        timeout = 0.002 * (number % 9) if number % 5 == 0 else None
        try:
            answers = self._call(leave_after, timeout)
        except grpc.RpcError as error:
            failure = failure_of(error)
            assert failure.reason or (failure.code in LOCAL and (timeout is not None or leave_after is not None)), (
                failure
            )
            ending = f"{failure.code} {failure.reason}".strip()
        else:
            assert answers == self.right
            ending = "OK"
        with self._lock:
            self.endings[ending] += 1

    def _call(self, leave_after: int | None, timeout: float | None) -> list[bytes]:
        method: Any = self._process.api.channel.stream_stream(STREAM)
        call = method(iter(self._messages), timeout=timeout)
        if leave_after == 0:
            call.cancel()
        answers = []
        for data in call:
            answer = stream_predict_pb2.StreamPredictResponse.FromString(data)
            answer.ClearField("cost")
            answers.append(answer.SerializeToString(deterministic=True))
            if len(answers) == leave_after:
                call.cancel()
        return answers


class Tally:
    """What the generator found in all rounds after the warm-up."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.endings: dict[str, Counter[str]] = {}
        self.checked: Counter[str] = Counter()

    def add(self, kind: str, results: dict[str, Any]) -> None:
        self.calls[kind] += results["count"]
        self.calls["reached"] += results["reached"]
        self.checked.update(results["check"])
        endings = self.endings.setdefault(kind, Counter())
        for ending in results["endings"]:
            endings[f"{ending['code']} {ending['reason']}".strip()] += ending["count"]


def at_rest(process: Process) -> Resources:
    """What the server holds when no call is in it."""
    scrape = quiet(process)
    for gauge in ("evald_calls_in_progress", "evald_request_bytes_in_progress", "evald_queue_sequences"):
        assert scrape.total(gauge) == 0, gauge
    return Resources(process)


def test_nothing_is_wrong_lost_or_kept(process: Process, evald_load: Load, kinds: dict[str, tuple[int, Flags]]) -> None:
    streams, tally = Streams(process), Tally()

    def load(kind: str, seed: int, callers: int) -> dict[str, Any]:
        calls, flags = kinds[kind]
        limit = ["--calls", str(calls), "--concurrency", str(callers), "--connections", "2", "--seed", str(seed)]
        # The check fails the run if an answer is wrong or a status does not say why.
        return evald_load(*flags, *limit, *LEAVING, "--check")

    with ThreadPoolExecutor(len(kinds) + 2) as pool:

        def calls_of_a_round(seed: int, callers: int) -> None:
            loads = {kind: pool.submit(load, kind, seed, callers) for kind in kinds}
            list(pool.map(streams.call, range(STREAMS)))
            for kind, future in loads.items():
                tally.add(kind, future.result())
            tally.calls["streams"] += STREAMS

        # Many more callers than later, so that the server has all the threads that it will ever need: a call whose
        # caller has left, or has its answer, holds one for a moment while the next call comes.
        calls_of_a_round(0, 4 * CALLERS)
        seen = [at_rest(process)]
        streams.endings, tally = Counter(), Tally()
        started = quiet(process).total("grpc_server_started_total")
        for number in range(ROUNDS):
            calls_of_a_round(1 + number, CALLERS)
            seen.append(at_rest(process))
    calls = sum(tally.calls[kind] for kind in (*kinds, "streams"))
    print(f"{calls} calls: {tally.endings} streams: {streams.endings} {tally.checked}")
    print("MiB, threads, descriptors:", [(one.resident_kib >> 10, one.threads, one.descriptors) for one in seen])
    assert calls == 20_000
    assert not tally.checked["wrong"] + tally.checked["untyped"]
    # Callers of streams do not know whether a call that they left has been sent.
    reached = quiet(process).total("grpc_server_started_total") - started - tally.calls["reached"]
    assert streams.endings["OK"] <= reached <= tally.calls["streams"]
    assert all(tally.endings[kind]["OK"] > 0.5 * tally.calls[kind] for kind in kinds if kind != "refused")
    assert growth(calls / ROUNDS, [one.resident_kib for one in seen]) < MOST_KIB
    assert settled(lambda: Resources(process).descriptors, seen[0].descriptors) <= seen[0].descriptors
    assert settled(lambda: Resources(process).threads, seen[0].threads) <= seen[0].threads


def growth(calls: float, resident: list[int]) -> float:
    """KiB for 1,000 calls: the slope of the line through the memory after each round, by least squares."""
    middle = (len(resident) - 1) / 2
    mean = sum(resident) / len(resident)
    slope = sum((at - middle) * (one - mean) for at, one in enumerate(resident))
    slope /= sum((at - middle) ** 2 for at in range(len(resident)))
    return 1000 * slope / calls
