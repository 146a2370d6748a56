"""Failed calls become errors, details or not."""

from __future__ import annotations

import shutil
import subprocess
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

import evald
from evald import errors
from evald.client.channel import tls_credentials

METHOD = "/evald.v1.CatalogService/GetServerInfo"


class Refusing(grpc.GenericRpcHandler):
    """A server whose every call ends in the same status."""

    def __init__(self, code: grpc.StatusCode, details: bytes | None, message: str) -> None:
        self.calls = 0
        self._answer = code, details, message

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        def refuse(_request: bytes, context: grpc.ServicerContext) -> bytes:
            self.calls += 1
            code, details, message = self._answer
            if details is not None:
                context.set_trailing_metadata((("grpc-status-details-bin", details),))
            context.abort(code, message)

        return grpc.unary_unary_rpc_method_handler(refuse)


def outcome(code: grpc.StatusCode, details: bytes | None, message: str = "words") -> tuple[errors.EvaldError, int]:
    handler = Refusing(code, details, message)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with evald.Client(f"127.0.0.1:{port}") as client, pytest.raises(errors.EvaldError) as caught:
            client.server_info()
    finally:
        server.stop(None).wait()
    return caught.value, handler.calls


def packed(*details: Any) -> bytes:
    status = status_pb2.Status(message="in full")
    for detail in details:
        status.details.add().Pack(detail)
    return bytes(status.SerializeToString())


def test_details_are_read() -> None:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(1500)
    info = error_details_pb2.ErrorInfo(reason="QUEUE_FULL", domain="evald", metadata={"limit": "8"})
    bad = error_details_pb2.BadRequest(
        field_violations=[error_details_pb2.BadRequest.FieldViolation(field="a[1]", description="wrong")]
    )
    error, calls = outcome(grpc.StatusCode.RESOURCE_EXHAUSTED, packed(info, bad, retry))
    assert isinstance(error, errors.OverloadedError)
    assert (error.message, error.reason, error.metadata, error.retry_after) == (
        "in full",
        "QUEUE_FULL",
        {"limit": "8"},
        1.5,
    )
    assert error.violations == (errors.Violation("a[1]", "wrong"),)
    assert calls == 1


@pytest.mark.parametrize("details", [None, b"\xff", packed(error_details_pb2.ErrorInfo(reason="X", domain="other"))])
def test_details_of_others_and_damaged_ones_do_no_harm(details: bytes | None) -> None:
    error, calls = outcome(grpc.StatusCode.FAILED_PRECONDITION, details)
    assert isinstance(error, errors.ModelNotReadyError)
    assert error.reason == "MODEL_NOT_READY"
    assert calls == 1


def test_only_unavailable_is_retried() -> None:
    error, calls = outcome(grpc.StatusCode.UNAVAILABLE, None)
    assert isinstance(error, errors.UnavailableError)
    assert calls == 4
    assert outcome(grpc.StatusCode.INTERNAL, None)[1] == 1


def test_refusals_of_grpc_for_size_are_no_overload() -> None:
    error, _ = outcome(grpc.StatusCode.RESOURCE_EXHAUSTED, None, "Received message larger than max (9 vs. 4)")
    assert isinstance(error, errors.InvalidRequestError)
    assert error.reason == "MESSAGE_TOO_LARGE"


def test_encrypted_connections_trust_the_given_certificates(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test")
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = ["openssl", "req", "-x509", "-nodes", *curve, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Refusing(grpc.StatusCode.NOT_FOUND, None, "heard"),))
    pair = (key.read_bytes(), certificate.read_bytes())
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    address = f"127.0.0.1:{port}"
    trusting = evald.Client(address, credentials=tls_credentials(certificate))
    wary = evald.Client(address, credentials=tls_credentials(None))
    try:
        with trusting, pytest.raises(errors.NotFoundError, match="heard"):
            trusting.server_info()
        with wary, pytest.raises(errors.UnavailableError):
            wary.server_info()
    finally:
        server.stop(None).wait()


def test_unknown_codes_are_still_errors_of_evald() -> None:
    error, _ = outcome(grpc.StatusCode.UNIMPLEMENTED, None)
    assert type(error) is errors.EvaldError
