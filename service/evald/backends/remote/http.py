"""One HTTP request to an endpoint, bounded in size and time, and what its failure means. Must not know what is asked.

httpx2 rather than the standard library's client: its requests end within milliseconds when their task is cancelled, and
hundreds of them wait without a thread each.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import logging
import re
import ssl
from typing import TYPE_CHECKING

import httpx2

from evald.backends.remote.contract import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evald.endpoints import Endpoint

# They log headers at the level DEBUG, and the key is one of them.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_AGAIN = frozenset((408, 429, 500, 502, 503, 504, 529))
_RATE_LIMITED = 429
# Of the answer to a refused request only such a word is shown: its message may quote the row or the key.
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MOST_ERROR_BYTES = 64 << 10
# Longer than any quota; a date far away must not become a number that sleeping refuses.
_LONGEST_PAUSE = 86_400.0


class Http:
    """The connections to one endpoint; used from one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        seconds = httpx2.Timeout(endpoint.read_seconds, connect=endpoint.connect_seconds, pool=None)
        self._client = httpx2.AsyncClient(
            timeout=seconds,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=endpoint.concurrency),
            # A key must not go where an answer says.
            follow_redirects=False,
            # Neither a proxy nor a password file of the environment is a setting of this server.
            trust_env=False,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, most_bytes: int) -> bytes:
        """The body of the answer. Raises RemoteError."""
        try:
            async with self._client.stream("POST", url, headers=dict(headers), content=body) as response:
                if response.status_code != httpx2.codes.OK:
                    raise await _refused(response)
                return await _read(response, most_bytes)
        except httpx2.ConnectTimeout:
            raise RemoteError("REMOTE_UNREACHABLE", "the endpoint did not take the connection", again=True) from None
        except httpx2.TimeoutException:
            raise RemoteError("REMOTE_TIMEOUT", "the endpoint was silent for too long", again=True) from None
        except httpx2.ConnectError as error:
            raise _not_connected(error) from None
        except httpx2.TransportError:
            raise RemoteError("REMOTE_UNREACHABLE", "the connection to the endpoint was cut", again=True) from None

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.aclose()


async def _read(response: httpx2.Response, most_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise RemoteError("REMOTE_BAD_ANSWER", "the answer of the endpoint is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most_bytes:
            message = f"the answer of the endpoint has more than the {most_bytes} bytes that its tokens can take"
            raise RemoteError("REMOTE_TOO_LARGE", message)
    return bytes(body)


async def _refused(response: httpx2.Response) -> RemoteError:
    status = response.status_code
    if response.has_redirect_location:
        message = (
            f"the endpoint answered {status}, a redirect, which is not followed: put the final URL into its settings"
        )
        return RemoteError("REMOTE_REFUSED", message)
    try:
        word = _error_word(await _read(response, _MOST_ERROR_BYTES))
    except RemoteError:
        word = ""
    message = f"the endpoint answered {status}{word}"
    if status == _RATE_LIMITED:
        return RemoteError("REMOTE_RATE_LIMITED", message, again=True, after=_retry_after(response))
    if status in _AGAIN:
        return RemoteError("REMOTE_ERROR", message, again=True, after=_retry_after(response))
    return RemoteError("REMOTE_ERROR" if status >= 500 else "REMOTE_REFUSED", message, status=status)


def _error_word(body: bytes) -> str:
    """The code or type of an error and the parameter that it is about, in brackets."""
    try:
        error = json.loads(body)["error"]
        words = [error.get("code") or error.get("type"), error.get("param")]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return ""
    shown = [word for word in words if isinstance(word, str) and _WORD.fullmatch(word)]
    return f" ({' '.join(shown)})" if shown else ""


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds until the endpoint wants to be asked again, if it says so."""
    given = response.headers.get("Retry-After", "")
    try:
        seconds = float(given)
    except ValueError:
        try:
            at = email.utils.parsedate_to_datetime(given)
        except ValueError:
            return None
        # A date without a zone is one of GMT: HTTP knows no other.
        at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
        seconds = (at - dt.datetime.now(dt.UTC)).total_seconds()
    # NaN compares as false.
    return min(seconds, _LONGEST_PAUSE) if seconds >= 0 else None


def _not_connected(error: BaseException) -> RemoteError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return RemoteError("REMOTE_UNREACHABLE", "the certificate of the endpoint cannot be verified")
        cause = cause.__cause__ or cause.__context__
    return RemoteError("REMOTE_UNREACHABLE", "no connection to the endpoint", again=True)
