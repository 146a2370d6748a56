"""Turns failed calls into the errors of evald, with reason, violations and time to wait."""

from __future__ import annotations

from typing import Any, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from evald.errors import DOMAIN, EvaldError, InvalidRequestError, from_code

_DETAILS = "grpc-status-details-bin"


def error_of(failure: grpc.RpcError) -> EvaldError:
    """The error of a failed call."""
    call = cast(Any, failure)  # Failures of a call are calls as well, which the types cannot say.
    if not isinstance(call, grpc.Call):
        return from_code("UNKNOWN", "", str(failure) or type(failure).__name__)
    code = call.code().name
    message = call.details() or code.lower()
    status = _status(call)
    if status is None:
        return _without_details(code, message)
    reason, metadata = "", {}
    violations: list[tuple[str, str]] = []
    retry_after = None
    for detail in status.details:
        info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            violations += [(violation.field, violation.description) for violation in bad.field_violations]
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    return from_code(code, reason, status.message or message, violations, metadata, retry_after)


def too_large(size: int, limit: int) -> InvalidRequestError:
    """The error for a request that the server would refuse for its size."""
    return InvalidRequestError(
        f"the request has {size:,} bytes, the limit is {limit:,}; send fewer rows a call",
        reason="MESSAGE_TOO_LARGE",
        metadata={"limit": "max_request_bytes", "maximum": str(limit)},
    )


def _status(call: grpc.Call) -> status_pb2.Status | None:
    for key, value in call.trailing_metadata() or ():
        if key == _DETAILS:
            try:
                return status_pb2.Status.FromString(value if isinstance(value, bytes) else value.encode())
            except DecodeError:
                return None  # Damaged details are no reason to hide the error itself.
    return None


def _without_details(code: str, message: str) -> EvaldError:
    # gRPC itself refuses oversized messages before any handler runs, with the code of an overload.
    if code == "RESOURCE_EXHAUSTED" and "larger than max" in message:
        return InvalidRequestError(
            f"a message is larger than the limit; send fewer rows a call or ask for no row scores ({message})",
            reason="MESSAGE_TOO_LARGE",
        )
    return from_code(code, "", message)
