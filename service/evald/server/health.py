"""grpc.health.v1 (Check, List, Watch): what answers now, by name. Must not know why.

    ""           the whole server: serves until it drains
    readiness    every model of the settings can answer and the server does not drain
    startup      every model of the settings can answer or has failed
    <service>    the full name of a service: as "", but ModelService as readiness

The servicer of grpcio-health-checking is not used: its non-blocking Watch sends while it holds the lock that the
thread of the server needs to close a watch, so a status change can stop the whole server; and it has no List.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import grpc
from grpc_health.v1 import health_pb2

from evald.errors import NotFoundError
from evald.server.rpc import parse
from evald.server.streams import StreamBudget

SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"]
OVERALL = ""
READINESS = "readiness"
STARTUP = "startup"

_Status = health_pb2.HealthCheckResponse


class HealthService:
    """Statuses by name and those who watch them."""

    def __init__(self, names: Iterable[str], streams: StreamBudget) -> None:
        self._streams = streams
        self._changed = threading.Condition()
        self._serving = dict.fromkeys((OVERALL, READINESS, STARTUP, *names), False)
        self._closed = False

    def set(self, serving: bool, *names: str) -> None:
        """Sets the status of names that were given at the start."""
        with self._changed:
            for name in names:
                if name in self._serving and not self._closed:
                    self._serving[name] = serving
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing serves any more, whatever is set later."""
        with self._changed:
            self._serving = dict.fromkeys(self._serving, False)
            self._closed = True
            self._changed.notify_all()

    def check(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        name = parse(health_pb2.HealthCheckRequest, request).service
        if name not in self._serving:
            raise NotFoundError("there is no service of this name", reason="UNKNOWN_SERVICE")
        return self._answer(name)

    def list(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        parse(health_pb2.HealthListRequest, request)
        statuses = {name: _Status(status=self._status(name)) for name in self._serving}
        return bytes(health_pb2.HealthListResponse(statuses=statuses).SerializeToString())

    def watch(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """The status now and at every change; an unknown name may become known, so its stream stays open."""
        name = parse(health_pb2.HealthCheckRequest, request).service
        with self._streams.hold(context):
            if not context.add_callback(self._wake):
                return
            last = None
            while context.is_active():
                with self._changed:
                    answer = self._answer(name)
                    if answer == last:
                        # The callback needs the lock, so a client that leaves now is not missed.
                        if context.is_active():
                            self._changed.wait()
                        continue
                last = answer
                yield answer

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _answer(self, name: str) -> bytes:
        return bytes(_Status(status=self._status(name)).SerializeToString())

    def _status(self, name: str) -> int:
        serving = self._serving.get(name)
        if serving is None:
            return int(_Status.SERVICE_UNKNOWN)
        return int(_Status.SERVING if serving else _Status.NOT_SERVING)
