"""What the metrics of a request need of its rows, which may depend on their parameters.

Beside engine and embedded API the only user of the extension: asked for this alone, it answers as a server of the same
version does, without another call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from evald.client.request import Request
from evald.errors import InvalidRequestError
from evald.results import MetricInfo


def exact_needs(request: Request, server_version: str) -> set[str] | None:
    """Names of RowField in lower case; None if only the server can know, or will refuse the request."""
    from evald import _native

    if server_version != _native.VERSION:
        return None
    try:
        return set(_native.Spec.from_request(request.kind, request.header, _native.Limits()).needs)
    except InvalidRequestError:
        # A file of the server's settings, a limit that is lower here, or a mistake that the server names better.
        return None


def default_needs(request: Request, metrics: Mapping[str, MetricInfo]) -> set[str]:
    """What the metrics need without parameters; those that the server does not know are for it to refuse."""
    known = [metrics.get(re.split(r"[(|]", name)[0].strip()) for name in request.metrics]
    return {need for one in known if one is not None for need in one.needs}
