"""The Prometheus metrics of a server, in a registry of their own. Must not know gRPC, models or settings.

Labels are closed sets: methods that were registered, codes of gRPC, stages, aliases of the settings. What is not known
is "other", so no caller can add a series.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Callable, Mapping

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from evald.journal import Journal, Update

OTHER = "other"

# A label value of a histogram costs a series a bucket; settings with more models than this share "other".
MAX_MODELS = 64

# Edges where objectives are likely to be set: 5, 25, 100, 500 ms, 1, 5, 30 s.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_STAGE_SECONDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
_SEQUENCES = tuple(float(1 << power) for power in range(10))
_TOKENS = tuple(float(1 << power) for power in range(4, 15))

RPCS = ("evaluate", "compare", "predict", "judge")
STAGES = ("queue", "tokenize", "infer", "score")
SHED_REASONS = ("rpcs", "calls", "bytes", "draining", "deadline", "model_overloaded", "model_deadline", "model_ended")
REMOTE_OUTCOMES = ("answered", "retried", "failed", "cached")
_SHED_BY_MODEL = {"OVERLOADED": "model_overloaded", "DEADLINE": "model_deadline"}

_METHOD_LABELS = ("grpc_type", "grpc_service", "grpc_method")

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class MethodMeters:
    """The meters of one method."""

    def __init__(self, telemetry: Telemetry, labels: tuple[str, str, str]) -> None:
        # Looking up labels takes longer than counting.
        self._handled = functools.cache(lambda code: telemetry.rpc_handled.labels(*labels, code).inc)
        self._observe: Callable[[float], None] = telemetry.rpc_seconds.labels(*labels).observe
        self._note = telemetry.journal.note
        self._started: Update = (telemetry.rpc_started.labels(*labels).inc, 1)
        self._received: Update = (telemetry.rpc_received.labels(*labels).inc, 1)
        self._sent: Update = (telemetry.rpc_sent.labels(*labels).inc, 1)
        ok = self._handled("OK")

        def answered(seconds: float) -> None:
            self._sent[0](1)
            ok(1)
            self._observe(seconds)

        self._answered = answered

    def started(self) -> None:
        """A call came."""
        self._note(self._started)

    def received(self) -> None:
        """A message came."""
        self._note(self._received)

    def sent(self) -> None:
        """A message of a stream was sent."""
        self._note(self._sent)

    def answered(self, seconds: float) -> None:
        """A call with one answer ended well."""
        self._note((self._answered, seconds))

    def handled(self, code: str, seconds: float) -> None:
        """A call ended with a code after so many seconds."""
        self._note((self._handled(code), 1))
        self._note((self._observe, seconds))

    def left(self) -> None:
        """A call ended because its caller had left before it began; it took no time."""
        self._note((self._handled("CANCELLED"), 1))


class ModelMeters:
    """The meters of one model."""

    def __init__(self, telemetry: Telemetry, label: str) -> None:
        self.sequences: Callable[[float], None] = telemetry.batch_sequences.labels(label).observe
        self.padded_tokens: Callable[[float], None] = telemetry.batch_tokens.labels(label).observe
        self.queue: Callable[[float], None] = telemetry.queue_sequences.labels(label).set
        self.answer: Callable[[float], None] = telemetry.answers.labels(label).observe


class Telemetry:
    """All metrics of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.journal = Journal()
        self.registry.register(self.journal)
        ProcessCollector(registry=self.registry)
        self._rpc_meters()
        self._work_meters()
        self._model_meters()
        self._methods = {"": MethodMeters(self, ("unary", OTHER, OTHER))}
        self._aliases: set[str] = set()
        self._models: dict[str, ModelMeters] = {}

    def _rpc_meters(self) -> None:
        registry = self.registry
        self.rpc_started = Counter("grpc_server_started_total", "RPCs started.", _METHOD_LABELS, registry=registry)
        self.rpc_handled = Counter(
            "grpc_server_handled_total", "RPCs ended, by code.", (*_METHOD_LABELS, "grpc_code"), registry=registry
        )
        self.rpc_received = Counter(
            "grpc_server_msg_received_total", "Messages received.", _METHOD_LABELS, registry=registry
        )
        self.rpc_sent = Counter("grpc_server_msg_sent_total", "Messages sent.", _METHOD_LABELS, registry=registry)
        self.rpc_seconds = Histogram(
            "grpc_server_handling_seconds",
            "Seconds from start to end.",
            _METHOD_LABELS,
            registry=registry,
            buckets=_SECONDS,
        )

    def _work_meters(self) -> None:
        registry = self.registry
        self.rows = Counter("evald_rows_total", "Rows of answered calls.", ("rpc",), registry=registry)
        self.tokens = Counter("evald_tokens_total", "Tokens that models read.", registry=registry)
        self.stages = Histogram(
            "evald_stage_seconds",
            "Seconds in a stage of the work.",
            ("stage",),
            registry=registry,
            buckets=_STAGE_SECONDS,
        )
        self.shed = Counter("evald_shed_total", "Work refused or dropped.", ("reason",), registry=registry)
        self.calls = Gauge("evald_calls_in_progress", "Calls that compute now.", registry=registry)
        self.bytes = Gauge("evald_request_bytes_in_progress", "Bytes of their requests.", registry=registry)
        self.draining = Gauge("evald_draining", "1 from the signal to stop on, else 0.", registry=registry)
        self._build = Info("evald_build", "Versions.", registry=registry)
        for values, meter in ((RPCS, self.rows), (STAGES, self.stages), (SHED_REASONS, self.shed)):
            for value in values:
                meter.labels(value)
        self._answered: dict[str, Callable[[float], None]] = {rpc: self.rows.labels(rpc).inc for rpc in RPCS}
        self._stage_seconds: dict[str, Callable[[float], None]] = {
            stage: self.stages.labels(stage).observe for stage in STAGES
        }

    def _model_meters(self) -> None:
        registry = self.registry
        self.batch_sequences = Histogram(
            "evald_batch_sequences", "Sequences of a batch.", ("model",), registry=registry, buckets=_SEQUENCES
        )
        self.batch_tokens = Histogram(
            "evald_batch_tokens", "Padded tokens of a batch.", ("model",), registry=registry, buckets=_TOKENS
        )
        self.answers = Histogram(
            "evald_model_answer_seconds",
            "Seconds from the start of a call of a model to its last answer.",
            ("model",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.queue_sequences = Gauge("evald_queue_sequences", "Sequences that wait.", ("model",), registry=registry)
        self.remote = Counter(
            "evald_remote_requests_total",
            "Requests to endpoints: answered, retried after a failure, failed for good, or not needed (cached).",
            ("model", "outcome"),
            registry=registry,
        )
        self.judgments = Counter(
            "evald_judgments_total",
            "Verdicts asked of judges: given, repaired, unparsable, failed.",
            ("model", "status"),
            registry=registry,
        )
        self.models = Gauge("evald_models", "Models by state.", ("state",), registry=registry)
        self.model_bytes = Gauge("evald_model_bytes", "Bytes of the weights of loaded models.", registry=registry)

    def register_method(self, service: str, method: str, call_type: str) -> None:
        """Makes a method known, so that it has labels of its own."""
        self._methods[f"/{service}/{method}"] = MethodMeters(self, (call_type, service, method))

    def register_models(self, aliases: tuple[str, ...], count: Callable[[str], int], states: tuple[str, ...]) -> None:
        """Makes aliases known; `count` says how many models are in a state when the page is asked for."""
        self._aliases = set(aliases[:MAX_MODELS])
        for state in states:
            self.models.labels(state).set_function(functools.partial(count, state))

    def set_build(self, versions: Mapping[str, str]) -> None:
        """Sets the labels of evald_build_info."""
        self._build.info({**versions, "python_version": platform.python_version()})

    def answered(self, rpc: str, rows: int, score_seconds: float | None = None) -> None:
        """A computing call was answered."""
        self.journal.note((self._answered[rpc], rows))
        if score_seconds is not None:
            self.journal.note((self._stage_seconds["score"], score_seconds))

    def judged(self, alias: str, status: str) -> None:
        """A judge was asked for a verdict."""
        self.judgments.labels(self._model(alias), status).inc()

    def method(self, path: str | None) -> MethodMeters:
        """The meters of "/service/method"; those of "other" if it is not registered."""
        return self._methods.get(path or "", self._methods[""])

    def page(self, accept: str | None) -> tuple[bytes, str]:
        """The metrics page and its content type, in the format that the scraper asks for."""
        encode, content_type = prometheus_client.exposition.choose_encoder(accept or "")
        return encode(self.registry), content_type

    def _model(self, alias: str) -> str:
        return alias if alias in self._aliases else OTHER

    def _meters(self, alias: str) -> ModelMeters:
        label = self._model(alias)
        if label not in self._models:
            self._models[label] = ModelMeters(self, label)
        return self._models[label]

    def _other_stage(self, seconds: float) -> None:
        self.stages.labels(OTHER).observe(seconds)

    # What the queues of models and endpoints report (`evald.backends.remote.contract.RemoteObserver`).

    def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
        """A batch ran."""
        meters = self._meters(alias)
        self.journal.note((self.tokens.inc, tokens))
        self.journal.note((meters.sequences, sequences))
        self.journal.note((meters.padded_tokens, padded_tokens))

    def on_queue(self, alias: str, sequences: int, padded_tokens: int) -> None:  # noqa: ARG002 (of the contract)
        """The queue has this length now."""
        self._meters(alias).queue(sequences)

    def on_stage(self, alias: str, stage: str, seconds: float) -> None:
        """A stage of the work took so long."""
        observe = self._meters(alias).answer if stage == "answer" else self._stage_seconds.get(stage, self._other_stage)
        self.journal.note((observe, seconds))

    def on_shed(self, alias: str, reason: str, sequences: int) -> None:  # noqa: ARG002 (of the contract)
        """Sequences were dropped before they ran."""
        self.shed.labels(_SHED_BY_MODEL.get(reason, "model_ended")).inc(sequences)

    def on_remote(self, alias: str, outcome: str, tokens: int = 0) -> None:
        """A request to an endpoint ended, or was not needed."""
        self.tokens.inc(tokens)
        self.remote.labels(self._model(alias), outcome if outcome in REMOTE_OUTCOMES else OTHER).inc()
