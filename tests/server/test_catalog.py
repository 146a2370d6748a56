"""CatalogService: metrics, versions, and the limits of the settings."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from evald.settings import Settings
from evald.v1 import catalog_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import Server

CATALOG = "/evald.v1.CatalogService/"


def test_metrics_are_listed_and_described(server: Server) -> None:
    listed = server.api.call(CATALOG + "ListMetrics", pb.ListMetricsRequest(), pb.ListMetricsResponse).metrics
    names = [metric.name for metric in listed]
    assert names == sorted(names)
    assert {"bleu", "rouge_l", "accuracy", "f1", "confusion_matrix"} <= set(names)
    for metric in listed:
        one = server.api.call(CATALOG + "GetMetric", pb.GetMetricRequest(name=metric.name), pb.GetMetricResponse)
        assert one.metric == metric


def test_server_info_tells_versions_and_the_limits_that_hold(make_server: Callable[..., Server]) -> None:
    server = make_server(max_rows=7, max_concurrent_calls=3)
    info = server.api.call(CATALOG + "GetServerInfo", pb.GetServerInfoRequest(), pb.GetServerInfoResponse)
    assert info.evald_version
    assert info.unicode_version
    assert (info.limits.max_rows, info.limits.max_concurrent_calls) == (7, 3)


def test_every_published_limit_is_a_setting(server: Server) -> None:
    limits = server.api.call(CATALOG + "GetServerInfo", pb.GetServerInfoRequest(), pb.GetServerInfoResponse).limits
    settings = {field.name for field in dataclasses.fields(Settings)}
    for name in pb.Limits.DESCRIPTOR.fields_by_name:
        assert name in settings
        assert getattr(limits, name) == getattr(server.app.settings, name)
