"""An error of evald as google.rpc.Status: one ErrorInfo always, BadRequest and RetryInfo where they apply.

Must not know which call failed, and adds no text of its own.
"""

from __future__ import annotations

import grpc
from google.rpc import error_details_pb2, status_pb2

from evald.errors import DOMAIN, EvaldError

DETAILS_KEY = "grpc-status-details-bin"

# Trailers share the 8 KiB that clients accept by default, and binary ones travel as base64: what is larger would reach
# the client as another error.
_MAX_MESSAGE_BYTES = 1024
_MAX_DETAILS_BYTES = 4096
_MAX_VALUE_CHARACTERS = 256


class RpcStatus(grpc.Status):
    """What `ServicerContext.abort_with_status` takes."""

    def __init__(self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.code = code
        self.details = details
        self.trailing_metadata = trailing_metadata


def to_rpc_status(error: EvaldError) -> RpcStatus:
    """The status of an error, small enough for trailers."""
    code = grpc.StatusCode[error.code]
    message = _shortened(error.message, _MAX_MESSAGE_BYTES)
    status = status_pb2.Status(code=code.value[0], message=message)
    metadata = {key: value[:_MAX_VALUE_CHARACTERS] for key, value in error.metadata.items()}
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata))
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(max(1, round(error.retry_after * 1000)))
        status.details.add().Pack(retry)
    if error.violations:
        room = _MAX_DETAILS_BYTES - status.ByteSize()
        status.details.add().Pack(_bad_request(error, room))
    return RpcStatus(code, message, ((DETAILS_KEY, status.SerializeToString()),))


def _bad_request(error: EvaldError, room: int) -> error_details_pb2.BadRequest:
    """The violations, the first ones if not all fit; at least one."""
    bad_request = error_details_pb2.BadRequest()
    for violation in error.violations:
        entry = error_details_pb2.BadRequest.FieldViolation(
            field=_shortened(violation.field, _MAX_MESSAGE_BYTES // 2),
            description=_shortened(violation.description, _MAX_MESSAGE_BYTES),
        )
        room -= entry.ByteSize() + 4
        if room < 0 and bad_request.field_violations:
            break
        bad_request.field_violations.append(entry)
    return bad_request


def _shortened(text: str, most: int) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return encoded.decode("utf-8")
    return encoded[: most - 3].decode("utf-8", "ignore") + "..."
