"""Builds the server of the settings, says when it is ready and drains it. Must not know flags, files or signals.

start    ports are bound, HTTP and gRPC serve; models load meanwhile
ready    no model that is loaded at the start has failed
drain    not ready at once; serves on for `pre_stop_seconds`; then refuses new calls and lets those in progress
         finish for `grace_seconds`; what is left is ended with UNAVAILABLE
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from evald.backends.baseline.kinds import Baselines
from evald.backends.baseline.learned import TrainingLimits
from evald.backends.contract import ChatOptions, ModelState
from evald.backends.gpu import gpu
from evald.backends.registry import ModelOptions, ModelRegistry
from evald.backends.remote.registry import EndpointRegistry
from evald.data.resources import read_resources
from evald.engine.evaluate import Engine, Limits
from evald.server import calibration, catalog, evaluation, health, judge, model, reflection, template
from evald.server.calls import Calls
from evald.server.fuse import RpcThreads
from evald.server.gpu_metrics import GpuCollector
from evald.server.interceptors import has_ended
from evald.server.judge_request import Orders
from evald.server.limits import Admission
from evald.server.operations import OperationsServer, Page, text
from evald.server.rpc import Handlers, call_type
from evald.server.streams import StreamBudget
from evald.settings import ModelSetting, Settings, split_address
from evald.telemetry import Telemetry
from evald.templates.contract import Limits as TemplateLimits
from evald.templates.registry import Templates

if TYPE_CHECKING:
    from evald.backends.too_long import TooLong

_log = logging.getLogger(__name__)

# Watches and reflection hold a thread each; three quarters stay for calls.
_STREAMS_SHARE = 4
# A call that waits for a model to be loaded is one that computes; three quarters stay for models that are.
_WAITING_SHARE = 4
# Ended calls need a moment to tell their callers.
_LAST_WORDS_SECONDS = 2.0


class Application:
    """One server of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.telemetry = Telemetry()
        self._draining = False
        self._settled = False
        self._models = _registry(settings, self.telemetry, self._tell_readiness)
        self._endpoints = EndpointRegistry(settings.endpoints, self.telemetry)
        _register(self._models, self._endpoints, self.telemetry)
        if any(one.device == "cuda" for one in settings.all_models().values()):
            self.telemetry.registry.register(GpuCollector(gpu))
        resources = read_resources(settings.resources)
        self.engine = Engine(
            self._models,
            _limits(settings),
            settings.scoring_threads,
            resources,
            self._endpoints,
            _baselines(settings),
        )
        template_limits = TemplateLimits(settings.max_template_bytes, settings.max_rendered_bytes)
        self._templates = Templates(settings.templates_dir, template_limits)
        self._admission = Admission(settings.max_concurrent_calls, settings.max_bytes_in_progress, self.telemetry)
        self._calls = Calls(self._admission, self.telemetry)
        self._streams = StreamBudget(settings.max_rpcs // _STREAMS_SHARE)
        self.telemetry.set_build(self.engine.versions)
        self._services = self._api()
        self._health = health.HealthService([service.full_name for service in self._services], self._streams)
        self._threads = RpcThreads(settings.max_rpcs, has_ended)
        self._server, self.grpc_port = self._rpc_server()
        self._operations = OperationsServer(split_address(settings.http_address), self._pages())

    @property
    def http_port(self) -> int:
        """The port of the operations pages."""
        return self._operations.port

    @property
    def ready(self) -> bool:
        """Whether the server wants calls."""
        return not self._not_ready()

    def start(self) -> None:
        """Serves; returns at once, models load in the background."""
        self._operations.start()
        self._server.start()
        always = [name for name in (service.full_name for service in self._services) if name != model.SERVICE.full_name]
        self._health.set(True, health.OVERALL, *always)
        self._models.load(background=True)
        self._endpoints.load()
        threading.Thread(target=self._await_models, name="evald-models", daemon=True).start()
        _log.info("serving gRPC on port %d and HTTP on port %d", self.grpc_port, self.http_port)

    def drain(self, pause: Callable[[float], object] = time.sleep) -> None:
        """Stops serving without losing a call; `pause` waits before calls are refused, and may return early."""
        _log.info("draining: not ready from now on")
        self._draining = True
        self.telemetry.draining.set(1)
        self._health.close()
        pause(self.settings.pre_stop_seconds)
        self._admission.close()
        self._streams.end_all()
        stopped = self._server.stop(self.settings.grace_seconds + _LAST_WORDS_SECONDS)
        if not stopped.wait(self.settings.grace_seconds):
            _log.warning("ending %d calls that are not done after the grace", self._admission.calls)
            self._calls.end_all()
        stopped.wait()
        self._models.close()
        self._endpoints.close()
        self._threads.shutdown()
        self._operations.stop()
        _log.info("drained")

    def _api(self) -> dict[ServiceDescriptor, object]:
        most = self.settings.max_response_bytes
        orders = Orders(self.engine, self._templates, self.settings)
        return {
            evaluation.SERVICE: evaluation.EvaluationService(
                self.engine, self._templates, self._calls, self.telemetry, most
            ),
            calibration.SERVICE: calibration.CalibrationService(self.engine, self._calls, most),
            model.SERVICE: model.ModelService(self.engine, self._calls, self.telemetry, self.settings, self._streams),
            catalog.SERVICE: catalog.CatalogService(self.engine, self.settings),
            judge.SERVICE: judge.JudgeService(orders, self._calls, self.telemetry, self._streams),
            template.SERVICE: template.TemplateService(self._templates),
        }

    def _rpc_server(self) -> tuple[grpc.Server, int]:
        served = {**self._services, health.SERVICE: self._health}
        reflections = (reflection.v1_service(), reflection.V1ALPHA)
        names = [service.full_name for service in (*served, *reflections)]
        served.update(dict.fromkeys(reflections, reflection.ReflectionService(names, self._streams)))
        for service in served:
            for method in service.methods:
                self.telemetry.register_method(service.full_name, method.name, call_type(method))
        server = grpc.server(
            self._threads,  # type: ignore[arg-type]  # grpc submits, and asks when that is done; no more
            options=_channel_options(self.settings),
        )
        server.add_generic_rpc_handlers([Handlers(served, self._threads, self.settings.max_rpcs, self.telemetry)])
        return server, server.add_insecure_port(self.settings.grpc_address)

    def _pages(self) -> dict[str, Callable[[str], Page]]:
        return {
            "/livez": lambda _: text(HTTPStatus.OK, "alive"),
            "/startupz": lambda _: _probe("started", "" if self._settled else "models are loading"),
            "/readyz": lambda _: _probe("ready", self._not_ready()),
            "/metrics": self._metrics_page,
        }

    def _metrics_page(self, accept: str) -> Page:
        body, content_type = self.telemetry.page(accept)
        return HTTPStatus.OK, body, content_type

    def _not_ready(self) -> str:
        """Why the server wants no calls; empty if it does."""
        if self._draining:
            return "draining"
        if not self._settled:
            return "models are loading"
        failed = [alias for alias in self._models.aliases() if self._has_failed(alias)]
        return f"models cannot answer: {' '.join(failed)}" if failed else ""

    def _has_failed(self, alias: str) -> bool:
        """One that is on demand keeps no server from being ready, as an endpoint does not."""
        return self._models.describe(alias)[1] is ModelState.FAILED and not self._models.residence(alias).on_demand

    def _await_models(self) -> None:
        self._models.wait()
        # An endpoint that cannot be used keeps no server from being ready: it may come back, and others depend on less.
        self._endpoints.wait()
        self._settled = True
        self._health.set(True, health.STARTUP)
        self._tell_readiness()
        _log.info("models are loaded; %s", self._not_ready() or "ready")

    def _tell_readiness(self) -> None:
        """A model may be loaded by LoadModel that could not be loaded at the start."""
        if self._settled:
            self._health.set(self.ready, health.READINESS, model.SERVICE.full_name)


def _registry(settings: Settings, telemetry: Telemetry, changed: Callable[[], None]) -> ModelRegistry:
    given = settings.all_models()
    return ModelRegistry(
        {alias: model.folder for alias, model in given.items()},
        {alias: _options(settings, model) for alias, model in given.items()},
        telemetry,
        memory=settings.model_memory,
        max_waiting=max(1, settings.max_concurrent_calls // _WAITING_SHARE),
        changed=changed,
    )


def _register(models: ModelRegistry, endpoints: EndpointRegistry, telemetry: Telemetry) -> None:
    def count(state: str) -> int:
        return sum(
            known.describe(alias)[1].value == state for known in (models, endpoints) for alias in known.aliases()
        )

    aliases = (*models.aliases(), *endpoints.aliases())
    telemetry.register_models(aliases, count, tuple(state.value for state in ModelState))
    telemetry.model_bytes.set_function(lambda: sum(models.residence(alias).bytes for alias in models.aliases()))


def _options(settings: Settings, model: ModelSetting) -> ModelOptions:
    return ModelOptions(
        backend=model.backend,
        device=model.device,
        precision=model.precision,
        pooling=model.pooling,
        threads=settings.model_threads,
        workers=settings.model_workers,
        batch_tokens=settings.batch_tokens,
        queue_tokens=settings.queue_tokens,
        chat=ChatOptions(model.chat_template, model.system, model.system_as_user, model.reasoning),
        file=model.file,
        base=model.base,
        version=model.version,
        too_long=cast("TooLong", model.too_long),
        pinned=model.pinned,
        on_demand=model.load == "on_demand",
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_rows=settings.max_rows,
        max_row_bytes=settings.max_row_bytes,
        max_systems=settings.max_systems,
        max_metrics=settings.max_metrics,
        max_classes=settings.max_classes,
        max_resampling_cost=settings.max_resampling_cost,
        max_collected_numbers=settings.max_collected_numbers,
        max_slices=settings.max_slices,
        max_response_bytes=settings.max_response_bytes,
    )


def _baselines(settings: Settings) -> Baselines:
    return Baselines(
        TrainingLimits(
            max_training_rows=settings.max_training_rows,
            max_training_seconds=settings.max_training_seconds,
            max_concurrent_trainings=settings.max_concurrent_trainings,
        )
    )


def _probe(name: str, problem: str) -> Page:
    return text(HTTPStatus.SERVICE_UNAVAILABLE, problem) if problem else text(HTTPStatus.OK, name)


def _channel_options(settings: Settings) -> list[tuple[str, int]]:
    return [
        # A second process on the same port must fail to start, not share its calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", settings.max_request_bytes),
        # Clients behind balancers ping to keep connections open; the default answers that with GOAWAY.
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # Finds clients that are gone without a word, so that their calls end.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Clients come back to another pod now and then. Calls in progress outlive their connection's age.
        ("grpc.max_connection_age_ms", round(settings.max_connection_age_seconds * 1000)),
        ("grpc.max_connection_age_grace_ms", round(settings.max_connection_age_grace_seconds * 1000)),
    ]
