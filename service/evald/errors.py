"""The errors of evald; every public error is here, with its status code and reason.

    EvaldError
    ├── InvalidRequestError      INVALID_ARGUMENT     the request is wrong; fix the named fields
    ├── NotFoundError            NOT_FOUND            a named model or metric does not exist
    ├── ModelNotReadyError       FAILED_PRECONDITION  the model is loading or failed to load
    ├── OverloadedError          RESOURCE_EXHAUSTED   try again after `retry_after` seconds
    ├── CancelledError           CANCELLED            the caller or the server ended the call
    ├── DeadlineError            DEADLINE_EXCEEDED    the deadline passed or cannot be met
    ├── UnavailableError         UNAVAILABLE          the server is shutting down or not reachable
    └── InternalError            INTERNAL             a bug of ours

Messages and metadata never hold text of a row. This room must not know gRPC: codes are names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

DOMAIN = "evald"


@dataclass(frozen=True)
class Violation:
    """One wrong field: its indexed path and what to do about it."""

    field: str
    description: str


class EvaldError(Exception):
    """Base of all errors of evald."""

    code: ClassVar[str] = "UNKNOWN"
    default_reason: ClassVar[str] = "UNKNOWN"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        violations: Sequence[Violation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after


class InvalidRequestError(EvaldError):
    """The request is wrong; sending it again will not help."""

    code = "INVALID_ARGUMENT"
    default_reason = "INVALID_REQUEST"

    @classmethod
    def of_field(cls, reason: str, field: str, description: str, **metadata: str) -> InvalidRequestError:
        """One wrong field."""
        return cls(
            f"{field}: {description}", reason=reason, violations=[Violation(field, description)], metadata=metadata
        )


class NotFoundError(EvaldError):
    """A named thing does not exist."""

    code = "NOT_FOUND"
    default_reason = "NOT_FOUND"


class ModelNotReadyError(EvaldError):
    """The model is loading or failed to load."""

    code = "FAILED_PRECONDITION"
    default_reason = "MODEL_NOT_READY"


class OverloadedError(EvaldError):
    """Too much work at once; `retry_after` says when to try again, in seconds."""

    code = "RESOURCE_EXHAUSTED"
    default_reason = "OVERLOADED"


class CancelledError(EvaldError):
    """The caller or the server ended the call."""

    code = "CANCELLED"
    default_reason = "CANCELLED"


class DeadlineError(EvaldError):
    """The deadline passed or cannot be met."""

    code = "DEADLINE_EXCEEDED"
    default_reason = "DEADLINE_EXCEEDED"


class UnavailableError(EvaldError):
    """The server is shutting down or not reachable."""

    code = "UNAVAILABLE"
    default_reason = "UNAVAILABLE"


class InternalError(EvaldError):
    """A bug of ours."""

    code = "INTERNAL"
    default_reason = "INTERNAL"


_BY_CODE: dict[str, type[EvaldError]] = {
    cls.code: cls
    for cls in (
        InvalidRequestError,
        NotFoundError,
        ModelNotReadyError,
        OverloadedError,
        CancelledError,
        DeadlineError,
        UnavailableError,
        InternalError,
    )
}


def from_code(
    code: str,
    reason: str,
    message: str,
    violations: Sequence[tuple[str, str]] = (),
    metadata: Mapping[str, str] | None = None,
    retry_after: float | None = None,
) -> EvaldError:
    """The error of a status code name; the native extension and the client make their errors here."""
    cls = _BY_CODE.get(code, EvaldError)
    return cls(
        message,
        reason=reason,
        violations=[Violation(field, description) for field, description in violations],
        metadata=metadata,
        retry_after=retry_after,
    )
