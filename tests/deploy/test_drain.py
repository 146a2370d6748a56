"""SIGTERM to a container with calls in flight: none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import EVALUATE, heavy_request, wait_until

from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.running import Container

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

# Far more than the calls take, so that a busy machine loses none for want of time.
GRACE = ("--env", "EVALD_GRACE_SECONDS=400", "--env", "EVALD_MAX_RESAMPLING_COST=1000000000000000")
MINUTES = 400.0


def written() -> bytes:
    """An Evaluate request whose answers a language model writes, token by token."""
    rows = [
        instance_pb2.Instance(inputs={"text": f"once upon a time number {row}"}, references=["a b c"])
        for row in range(60)
    ]
    spec = pb.EvaluationSpec(
        metrics=[metric_pb2.MetricSpec(name="bleu")],
        systems=[pb.System(name="lm", model=pb.ModelSource(alias="tiny-lm"))],
    )
    return pb.EvaluateRequest(spec=spec, instances=rows).SerializeToString()


def in_progress(container: Container) -> int:
    _, page = container.get("/metrics")
    found = [line for line in page.splitlines() if line.startswith("evald_calls_in_progress ")]
    return int(float(found[0].split()[1])) if found else 0


@pytest.mark.parametrize("models", [False, True])
def test_calls_in_flight_are_answered_and_the_exit_code_is_0(start: Callable[..., Container], models: bool) -> None:
    container = start(f"drain-{models}".lower(), *GRACE, models=models)
    container.wait_ready()
    requests = [heavy_request(systems=1, replicates=4_000)] * 4 + [written()] * (4 if models else 0)
    calls = [container.api.start(EVALUATE, request, pb.EvaluateResponse, timeout=None) for request in requests]
    wait_until(lambda: in_progress(container) == len(requests) or any(call.done() for call in calls))
    assert not [call.exception() for call in calls if call.done()]
    stopping = container.stop(seconds=500)
    wait_until(lambda: container.get("/readyz")[0] == 503)
    assert in_progress(container) > 0
    # Balancers have not heard of it yet.
    late = container.api.start(EVALUATE, heavy_request(systems=1, replicates=100), pb.EvaluateResponse, timeout=None)
    answers = [call.result(timeout=MINUTES) for call in (*calls, late)]
    assert len(answers) == len(requests) + 1
    assert all(answer.systems[0].metrics[0].HasField("estimate") for answer in answers)
    assert stopping.wait(MINUTES) == 0
    assert container.state["ExitCode"] == 0
    assert container.logs().splitlines()[-1].endswith("drained")
