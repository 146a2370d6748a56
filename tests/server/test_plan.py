"""EvaluationService.Plan over a real channel: the answers are those of the embedded API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import evald
from evald.errors import InvalidRequestError
from evald.v1 import plan_pb2 as pb

if TYPE_CHECKING:
    from tests.server.conftest import Server

PLAN = "/evald.v1.EvaluationService/Plan"


def test_a_server_plans_as_the_embedded_api_does(server: Server) -> None:
    binary = pb.BinaryScores(rate=0.8, discordant=0.1)
    answer = server.api.call(PLAN, pb.PlanRequest(binary=binary, effect=0.02), pb.PlanResponse)
    expected = evald.plan(effect=0.02, rate=0.8, discordant=0.1)
    assert {name: getattr(answer, name) for name in pb.PlanResponse.DESCRIPTOR.fields_by_name} == vars(expected)
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        assert client.plan(effect=0.02, rate=0.8, discordant=0.1) == expected
        assert client.plan(rows=900, difference_std=2.0) == evald.plan(rows=900, difference_std=2.0)
        with pytest.raises(InvalidRequestError) as caught:
            client.plan(effect=0.6, rate=0.8)
    assert [violation.field for violation in caught.value.violations] == ["effect"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.PlanRequest(effect=0.1), "spread"),
        (pb.PlanRequest(binary=pb.BinaryScores(), effect=0.1), "binary.rate"),
        (pb.PlanRequest(pilot=pb.Pilot(std_error=0.1), effect=0.1), "pilot.rows"),
        (pb.PlanRequest(pilot=pb.Pilot(rows=10), effect=0.1), "pilot.std_error"),
        (
            pb.PlanRequest(pilot=pb.Pilot(std_error=0.1, rows=9), clusters=pb.Clusters(size=2), effect=0.1),
            "clusters",
        ),
        (pb.PlanRequest(difference_std=float("nan"), effect=0.1), "difference_std"),
        (pb.PlanRequest(difference_std=1, rows=2**63), "rows"),
    ],
)
def test_what_cannot_be_planned_is_refused(server: Server, request_: pb.PlanRequest, field: str) -> None:
    failure = server.api.failure(PLAN, request_)
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", "BAD_PLAN", (field,))


def test_bytes_that_are_no_message_are_refused(server: Server) -> None:
    failure = server.api.failure(PLAN, b"\xff\xff")
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")
