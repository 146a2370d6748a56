"""The servers that evald is compared with: grpcio's own pool, the method registered as generated code does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

# As many as callers: a call that waits for a thread costs no less.
_THREADS = 16
_SERVICE = "evald.v1.EvaluationService"


def serve(evaluate: grpc.RpcMethodHandler[Any, Any], begin: Callable[[], object] | None = None) -> None:
    """Serves `Evaluate` until the process is ended; each thread begins with `begin`."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(_THREADS, initializer=begin), options=options)
    handlers = {"Evaluate": evaluate}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, handlers)])
    server.add_registered_method_handlers(_SERVICE, handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(json.dumps({"grpc": f"127.0.0.1:{port}"}), flush=True)
    server.wait_for_termination()
