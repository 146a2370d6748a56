"""evald.v1.CatalogService: metrics as the engine describes them, versions and limits of this server."""

from __future__ import annotations

import grpc

from evald.backends.registry import ModelRegistry
from evald.engine.evaluate import Engine
from evald.server.rpc import parse
from evald.settings import Settings
from evald.v1 import catalog_pb2

SERVICE = catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"]


class CatalogService:
    """Tells what the server offers."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._limits = published_limits(settings)

    def list_metrics(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """The metrics of the registry."""
        parse(catalog_pb2.ListMetricsRequest, request)
        return self._engine.list_metrics()

    def get_metric(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """One metric."""
        return self._engine.get_metric(parse(catalog_pb2.GetMetricRequest, request).name)

    def get_server_info(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Versions and limits."""
        parse(catalog_pb2.GetServerInfoRequest, request)
        return catalog_pb2.GetServerInfoResponse(
            evald_version=self._engine.versions["version"],
            unicode_version=self._engine.versions["unicode_version"],
            limits=self._limits,
            engines=_engines(self._engine.models),
        ).SerializeToString()


def published_limits(settings: Settings) -> catalog_pb2.Limits:
    """The limits of a call: every field has the name of its setting."""
    return catalog_pb2.Limits(
        **{name: getattr(settings, name) for name in catalog_pb2.Limits.DESCRIPTOR.fields_by_name}
    )


def _engines(models: ModelRegistry) -> list[str]:
    infos = (models.describe(alias)[0] for alias in models.aliases())
    return sorted({info.engine for info in infos if info is not None})
