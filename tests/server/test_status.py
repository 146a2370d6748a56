"""An error as google.rpc.Status: what is in it, and that it always fits into trailers."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from evald import errors
from evald.errors import EvaldError, InvalidRequestError, OverloadedError, Violation, from_code
from evald.server.status import DETAILS_KEY, to_rpc_status


def details(error: EvaldError) -> status_pb2.Status:
    return status_pb2.Status.FromString(dict(to_rpc_status(error).trailing_metadata)[DETAILS_KEY])


@pytest.mark.parametrize("kind", [kind for kind in EvaldError.__subclasses__() if kind.__module__ == errors.__name__])
def test_every_error_is_a_status_with_one_error_info(kind: type[EvaldError]) -> None:
    status = to_rpc_status(kind("in words", metadata={"key": "value"}))
    assert status.code is grpc.StatusCode[kind.code]
    assert status.details == "in words"
    (packed,) = details(kind("in words", metadata={"key": "value"})).details
    info = error_details_pb2.ErrorInfo.FromString(packed.value)
    assert (info.reason, info.domain, dict(info.metadata)) == (kind.default_reason, "evald", {"key": "value"})


def test_an_unknown_code_is_still_a_status() -> None:
    assert to_rpc_status(from_code("NO_SUCH_CODE", "REASON", "text")).code is grpc.StatusCode.UNKNOWN


def test_overload_says_when_to_try_again() -> None:
    packed = details(OverloadedError("busy", retry_after=1.25)).details
    retry = error_details_pb2.RetryInfo.FromString(packed[1].value)
    assert retry.retry_delay.ToMilliseconds() == 1250


def test_many_long_violations_are_cut_so_that_the_status_reaches_the_client() -> None:
    violations = [Violation(f"instances[{index}].references", "ü" * 3000) for index in range(1000)]
    error = InvalidRequestError("ü" * 100_000, violations=violations, metadata={"key": "ü" * 100_000})
    status = to_rpc_status(error)
    assert len(status.details.encode()) <= 1024
    assert sum(len(value) for _, value in status.trailing_metadata) <= 6000
    bad_request = error_details_pb2.BadRequest.FromString(details(error).details[-1].value)
    assert bad_request.field_violations[0].field == "instances[0].references"


def test_one_violation_is_kept_however_long() -> None:
    error = InvalidRequestError("short", violations=[Violation("x" * 10_000, "y" * 10_000)])
    bad_request = error_details_pb2.BadRequest.FromString(details(error).details[-1].value)
    assert len(bad_request.field_violations) == 1
