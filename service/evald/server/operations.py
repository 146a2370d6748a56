"""Plain HTTP for operations on threads of its own: probes and scrapes work while every RPC thread is busy.

    /livez     200 while the process answers
    /startupz  200 once every model has been loaded or has failed
    /readyz    200 while the server wants calls: every model can answer and it does not drain
    /metrics   Prometheus

Must not know gRPC.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Page = tuple[HTTPStatus, bytes, str]

# A kubelet, a scraper and a person need few; a flood must not eat threads.
_MAX_CONNECTIONS = 32
_IDLE_SECONDS = 5
_TEXT = "text/plain; charset=utf-8"


def text(status: HTTPStatus, body: str) -> Page:
    """A page of one line."""
    return status, f"{body}\n".encode(), _TEXT


class OperationsServer:
    """Serves pages by path; each is made by a function of the Accept header."""

    def __init__(self, address: tuple[str, int], pages: dict[str, Callable[[str], Page]]) -> None:
        self._server = _Server(address, pages)
        self._thread = threading.Thread(target=self._server.serve_forever, name="evald-operations", daemon=True)

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Starts answering."""
        self._thread.start()

    def stop(self) -> None:
        """Stops answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], pages: dict[str, Callable[[str], Page]]) -> None:
        self.pages = pages
        self._free = threading.BoundedSemaphore(_MAX_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _IDLE_SECONDS
    server_version = "evald"
    sys_version = ""

    def do_GET(self) -> None:
        make = self.server.pages.get(self.path.partition("?")[0])
        if make is None:
            self._answer(text(HTTPStatus.NOT_FOUND, f"not found; there are {' '.join(self.server.pages)}"))
        else:
            self._answer(make(self.headers.get("Accept", "")))

    def _refuse(self) -> None:
        self._answer(text(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is allowed"), ("Allow", "GET"))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = _refuse  # noqa: N815 (as above)

    def _answer(self, page: Page, *headers: tuple[str, str]) -> None:
        status, body, content_type = page
        self.send_response(status)
        for name, value in (("Content-Type", content_type), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (of the contract)
        """Probes come every few seconds: nothing is logged."""
