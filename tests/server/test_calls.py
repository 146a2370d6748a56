"""Calls that end early: cancelled, out of time, too many at once, or by a bug of ours."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from evald.errors import DeadlineError, InternalError, OverloadedError
from evald.server.calls import Calls
from evald.server.interceptors import public_error
from evald.server.limits import Admission
from evald.telemetry import Telemetry
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import metric_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.server.conftest import Server

EVALUATE = "/evald.v1.EvaluationService/Evaluate"

TEXT = "text of a row"


def test_a_cancelled_call_stops_computing(make_server: Callable[..., Server], slow_request: bytes) -> None:
    server = make_server()
    call = server.api.start(EVALUATE, slow_request, pb.EvaluateResponse, timeout=None)
    server.wait_for_calls(1)
    call.cancel()
    server.wait_for_calls(0)
    labels = {"grpc_type": "unary", "grpc_service": "evald.v1.EvaluationService", "grpc_method": "Evaluate"}
    assert server.metric("grpc_server_handled_total", **labels, grpc_code="CANCELLED") == 1


def test_a_call_whose_deadline_passes_stops_computing(make_server: Callable[..., Server], slow_request: bytes) -> None:
    server = make_server()
    failure = server.api.failure(EVALUATE, slow_request, timeout=1.0)
    assert failure.code == "DEADLINE_EXCEEDED"
    server.wait_for_calls(0)
    labels = {"grpc_type": "unary", "grpc_service": "evald.v1.EvaluationService", "grpc_method": "Evaluate"}
    assert server.metric("grpc_server_handled_total", **labels, grpc_code="DEADLINE_EXCEEDED") == 1


def test_a_deadline_that_passed_is_refused_before_any_work(
    make_server: Callable[..., Server], slow_request: bytes
) -> None:
    server = make_server()
    assert server.api.failure(EVALUATE, slow_request, timeout=0.0).code == "DEADLINE_EXCEEDED"
    assert server.metric("evald_rows_total", rpc="evaluate") == 0


def test_too_many_calls_are_refused_with_a_time_to_try_again(
    make_server: Callable[..., Server], slow_request: bytes
) -> None:
    server = make_server(max_concurrent_calls=1)
    slow = server.api.start(EVALUATE, slow_request, pb.EvaluateResponse, timeout=None)
    server.wait_for_calls(1)
    failure = server.api.failure(EVALUATE, slow_request)
    # What takes microseconds is answered, right or wrong, whatever else computes.
    assert server.api.failure(EVALUATE, b"").code == "INVALID_ARGUMENT"
    slow.cancel()
    assert (failure.code, failure.reason, failure.domain) == ("RESOURCE_EXHAUSTED", "OVERLOADED", "evald")
    assert failure.retry_seconds
    assert failure.metadata
    assert failure.metadata["limit"] == "max_concurrent_calls"
    assert failure.metadata["maximum"] == "1"
    assert server.metric("evald_shed_total", reason="calls") == 1
    server.wait_for_calls(0)


def test_too_many_bytes_are_refused(make_server: Callable[..., Server], slow_request: bytes) -> None:
    size = len(slow_request)
    server = make_server(max_request_bytes=size, max_bytes_in_progress=size)
    slow = server.api.start(EVALUATE, slow_request, pb.EvaluateResponse, timeout=None)
    server.wait_for_calls(1)
    failure = server.api.failure(EVALUATE, slow_request)
    slow.cancel()
    assert failure.reason == "OVERLOADED"
    assert failure.metadata
    assert failure.metadata["limit"] == "max_bytes_in_progress"
    assert server.metric("evald_shed_total", reason="bytes") == 1


def test_probes_answer_while_every_rpc_thread_is_busy(make_server: Callable[..., Server], slow_request: bytes) -> None:
    server = make_server(max_rpcs=8, max_concurrent_calls=8)
    calls = [server.api.start(EVALUATE, slow_request, pb.EvaluateResponse, timeout=None) for _ in range(8)]
    server.wait_for_calls(8)
    for path, kind in (("/grpc.health.v1.Health/Check", "grpc.health.v1.Health"), (EVALUATE, EVALUATE[1:-9])):
        failure = server.api.failure(path, b"")
        assert (failure.code, failure.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
        assert failure.metadata
        assert failure.metadata["limit"] == "max_rpcs"
        assert failure.retry_seconds
        labels = {"grpc_type": "unary", "grpc_service": kind, "grpc_method": path.rpartition("/")[2]}
        assert server.metric("grpc_server_handled_total", **labels, grpc_code="RESOURCE_EXHAUSTED") == 1
    assert server.metric("evald_shed_total", reason="rpcs") == 2
    # However many come at once, each is told why, and counted.
    crowd = [server.api.start(EVALUATE, b"", pb.EvaluateResponse) for _ in range(200)]
    assert {server.api.failure_of(call).reason for call in crowd} == {"OVERLOADED"}
    assert server.metric("evald_shed_total", reason="rpcs") == 202
    assert [server.get(path)[0] for path in ("/livez", "/readyz", "/metrics")] == [200, 200, 200]
    for call in calls:
        call.cancel()
    server.wait_for_calls(0)


class ShortContext:
    """What grpc tells of a call whose deadline is near; a client cannot send one that arrives in time."""

    def time_remaining(self) -> float:
        return 0.0005


def test_a_deadline_that_cannot_be_met_is_refused() -> None:
    telemetry = Telemetry()
    calls = Calls(Admission(1, 1, telemetry), telemetry)
    context: Any = ShortContext()
    with pytest.raises(DeadlineError) as caught, calls.begin(b"", context):
        pytest.fail("work began")
    assert caught.value.reason == "DEADLINE_UNMEETABLE"
    assert telemetry.registry.get_sample_value("evald_shed_total", {"reason": "deadline"}) == 1


def test_many_callers_that_cancel_fail_and_succeed_leave_nothing_behind(
    make_server: Callable[..., Server], slow_request: bytes
) -> None:
    server = make_server(max_concurrent_calls=4)
    good = pb.EvaluateRequest(spec=pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="exact_match")]))
    good.instances.add(references=["a"]).predictions.add(text="a")

    def caller(number: int) -> None:
        for turn in range(15):
            if (number + turn) % 3 == 0:
                call = server.api.start(EVALUATE, slow_request, pb.EvaluateResponse)
                time.sleep(0.01 * (turn % 4))
                call.cancel()
            elif (number + turn) % 3 == 1:
                server.api.failure(EVALUATE, b"")
            else:
                call = server.api.start(EVALUATE, good, pb.EvaluateResponse)
                assert call.code() in (grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED)

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(caller, range(8)))
    server.wait_for_calls(0)
    assert server.metric("evald_request_bytes_in_progress") == 0
    server.wait_until(
        lambda: samples(server, "grpc_server_started_total") == samples(server, "grpc_server_handled_total")
    )
    assert server.api.call(EVALUATE, good, pb.EvaluateResponse).systems


def samples(server: Server, name: str) -> float:
    families = server.app.telemetry.registry.collect()
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def test_a_call_that_ends_before_its_request_has_come_is_counted(make_server: Callable[..., Server]) -> None:
    server = make_server()
    labels = {"grpc_type": "unary", "grpc_service": "evald.v1.EvaluationService", "grpc_method": "Evaluate"}
    never = threading.Event()

    def requests() -> Iterator[bytes]:
        never.wait(60)
        yield b""

    method: Any = server.api.channel.stream_unary(EVALUATE)
    call = method.future(requests())
    server.wait_until(lambda: server.metric("grpc_server_started_total", **labels) == 1)
    assert samples(server, "grpc_server_handled_total") == 0
    call.cancel()
    server.wait_until(lambda: server.metric("grpc_server_handled_total", **labels, grpc_code="CANCELLED") == 1)
    never.set()
    # No handler had it, so it has no time.
    assert server.metric("grpc_server_handling_seconds_count", **labels) == 0
    assert server.metric("grpc_server_msg_received_total", **labels) == 0


def test_a_second_server_on_the_same_port_does_not_start(make_server: Callable[..., Server]) -> None:
    server = make_server()
    with pytest.raises(RuntimeError):
        make_server(grpc_address=f"127.0.0.1:{server.app.grpc_port}")
    with pytest.raises(OSError, match="in use"):
        make_server(http_address=f"127.0.0.1:{server.app.http_port}")


def test_admission_counts_exactly_under_contention() -> None:
    telemetry = Telemetry()
    admission = Admission(3, 1000, telemetry)
    refused = []
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        for _ in range(500):
            try:
                with admission.admit(10):
                    assert 1 <= admission.calls <= 3
            except OverloadedError as error:
                refused.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admission.calls == 0
    assert telemetry.registry.get_sample_value("evald_calls_in_progress") == 0
    assert telemetry.registry.get_sample_value("evald_request_bytes_in_progress") == 0
    assert telemetry.registry.get_sample_value("evald_shed_total", {"reason": "calls"}) == len(refused)


def raise_chained(bug: Exception) -> None:
    try:
        raise bug
    except type(bug) as error:
        # A variable, because tracebacks show lines of code.
        message = f"{TEXT}, again"
        raise ValueError(message) from error


@pytest.mark.parametrize("bug", [KeyError(TEXT), InternalError(f"panicked at '{TEXT}'")])
def test_a_bug_gets_an_id_that_is_in_the_log_and_nothing_else(bug: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="again") as caught:
        raise_chained(bug)
    with caplog.at_level(logging.DEBUG):
        public = public_error("/service/Method", caught.value)
    error_id = public.metadata["errorId"]
    assert (public.code, public.reason) == ("INTERNAL", "INTERNAL")
    assert error_id in public.message
    assert error_id in caplog.text
    assert "test_calls.py" in caplog.text
    assert type(bug).__name__ in caplog.text
    assert TEXT not in caplog.text + public.message


def test_an_unknown_method_is_unimplemented_and_has_no_series_of_its_own(server: Server) -> None:
    before = server.get("/metrics")[1]
    for number in range(20):
        assert server.api.failure(f"/attack.Service{number}/Method{number}", b"").code == "UNIMPLEMENTED"
    after = server.get("/metrics")[1]
    assert "attack" not in after
    assert after.count('grpc_method="other"') <= before.count('grpc_method="other"') + 1
    labels = {"grpc_type": "unary", "grpc_service": "other", "grpc_method": "other", "grpc_code": "UNIMPLEMENTED"}
    assert server.metric("grpc_server_handled_total", **labels) >= 20


def test_the_channel_keeps_working_after_errors(server: Server) -> None:
    for _ in range(5):
        server.api.failure(EVALUATE, b"\xff\xff")
    grpc.channel_ready_future(server.api.channel).result(timeout=60)
