"""What the metrics of a request need of its rows, without scoring any."""

from __future__ import annotations

from typing import Literal

from evald import _native
from evald.errors import InvalidRequestError

# What rows hold whoever answers them.
GOLD = frozenset(
    (
        "choices",
        "human_labels",
        "label_set",
        "labels",
        "reference_tokens",
        "references",
        "value",
        "wrong_references",
    )
)


def needs_of(kind: Literal["evaluate", "compare"], header: bytes, version: str) -> set[str] | None:
    """Names of RowField in lower case, as a server of this version sees it.

    None if only that server can know: its version is another, it has a file that a parameter names, its limits are
    higher; or if it has to refuse the request.
    """
    if version != _native.VERSION:
        return None
    try:
        return set(_native.Spec.from_request(kind, header, _native.Limits()).needs)
    except InvalidRequestError:
        return None
