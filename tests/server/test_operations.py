"""The HTTP pages: probes before, while and after a server is ready, and what else is refused."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from evald.settings import ModelSetting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.conftest import Server


def test_a_ready_server_passes_every_probe(server: Server) -> None:
    assert [server.get(path)[0] for path in ("/livez", "/startupz", "/readyz")] == [200, 200, 200]


def test_a_query_is_ignored_and_other_pages_do_not_exist(server: Server) -> None:
    assert server.get("/livez?verbose")[0] == 200
    assert server.get("/")[0] == 404
    assert server.get("/metrics/secret")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_only_get_is_allowed(server: Server, method: str) -> None:
    assert server.get("/livez", method)[0] == 405


def test_a_server_with_a_broken_model_is_started_and_alive_but_not_ready(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = make_server(models={"broken": ModelSetting(tmp_path)})
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    assert server.get("/livez")[0] == 200
    status, body = server.get("/readyz")
    assert status == 503
    assert "broken" in body
    assert server.metric("evald_models", state="failed") == 1


def test_a_draining_server_is_alive_and_not_ready(make_server: Callable[..., Server]) -> None:
    server = make_server()
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    drains, go_on = threading.Event(), threading.Event()

    def pause(_: float) -> None:
        drains.set()
        go_on.wait(60)

    thread = threading.Thread(target=server.app.drain, args=(pause,))
    thread.start()
    drains.wait(60)
    assert server.get("/livez")[0] == 200
    assert server.get("/readyz") == (503, "draining\n")
    assert server.metric("evald_draining") == 1
    go_on.set()
    thread.join(60)
    assert not thread.is_alive()


def test_silent_connections_do_not_stop_probes(server: Server) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.app.http_port)) for _ in range(8)]
    assert server.get("/livez")[0] == 200
    for connection in silent:
        connection.close()
