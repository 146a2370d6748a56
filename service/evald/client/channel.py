"""How the client talks to a server: message sizes, retries, keepalive. No calls are made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc

from evald.errors import InvalidRequestError

# Largest message in either direction, unless the server states a smaller one.
MAX_MESSAGE_BYTES = 64 * 2**20
# Requests below this size are sent without asking for the server's limit first.
SMALL_REQUEST_BYTES = 2**20
DEFAULT_TIMEOUT_SECONDS = 120.0
_TENANT_KEY = "evald-tenant"

# UNAVAILABLE alone: the server did no work. An overload says itself when to come back, anything else is an answer.
_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [
                {"service": "evald.v1.EvaluationService"},
                {"service": "evald.v1.ModelService"},
                {"service": "evald.v1.CatalogService"},
            ],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.2s",
                "maxBackoff": "3s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}


def open_channel(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    """A channel to the address, encrypted if there are credentials."""
    options: list[tuple[str, Any]] = [
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.enable_retries", 1),
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        # A request that does not fit this buffer is never retried; the default is 256 KiB.
        ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
    ]
    if credentials is None:
        return grpc.insecure_channel(address, options)
    return grpc.secure_channel(address, credentials, options)


def tenant_metadata(tenant: str) -> tuple[tuple[str, str], ...]:
    """What calls carry to say for whom they work. Raises InvalidRequestError (BAD_TENANT)."""
    if not tenant:
        return ()
    if not (tenant.isascii() and tenant.isprintable()):
        raise InvalidRequestError.of_field("BAD_TENANT", "tenant", "must be printable ASCII")
    return ((_TENANT_KEY, tenant),)


def tls_credentials(ca: Path | None) -> grpc.ChannelCredentials:
    """Credentials that trust the certificates of a PEM file, or those of the system. Raises OSError."""
    return grpc.ssl_channel_credentials(None if ca is None else ca.read_bytes())
