"""Evaluates and compares: reads rows natively, lets models answer where asked, scores natively.

Rows stay bytes and native objects; only the texts that a model must read become Python strings. This room must not
know gRPC, the messages of the API or which library runs a model.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from evald import _native
from evald.backends.baseline.kinds import Baselines
from evald.backends.contract import LANGUAGE_MODELS, GenerationOptions, RowKey
from evald.engine.answers import Answers, ModelRows, ask, ask_endpoint, check_options, must_write, produces
from evald.engine.baselines import Trained, answer_baselines, check_baselines
from evald.engine.cancellation import Cancellation, cause, check_not_over, ends
from evald.engine.needs import GOLD
from evald.engine.steady import SteadyState, repeat
from evald.engine.templated import (
    BY_BASELINES,
    Prompts,
    TemplateFacts,
    asked_for,
    available,
    facts_of,
    read_answers,
    writing,
)
from evald.engine.writing import checked
from evald.errors import (
    CancelledError,
    EvaldError,
    InvalidRequestError,
    ModelNotReadyError,
    Violation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from evald.backends.contract import Answer, ModelInfo, Timings
    from evald.backends.model import Model
    from evald.backends.registry import ModelRegistry
    from evald.backends.remote.contract import RemoteUse
    from evald.backends.remote.registry import EndpointRegistry
    from evald.backends.trace import Trace
    from evald.data.resources import Resources
    from evald.engine.measures import Measured
    from evald.engine.templated import Expansion
    from evald.templates.contract import Template

__all__ = ["Cancellation", "Engine", "Limits", "RunFacts"]

Kind = Literal["evaluate", "compare"]


@dataclass(frozen=True)
class Limits:
    """Limits of one call; None is the default of the native extension. Each is named in the error that it causes."""

    max_rows: int | None = None
    max_row_bytes: int | None = None
    max_systems: int | None = None
    max_metrics: int | None = None
    max_classes: int | None = None
    max_resampling_cost: int | None = None
    max_response_bytes: int | None = None
    max_collected_numbers: int | None = None
    max_slices: int | None = None

    def to_native(self) -> _native.Limits:
        """The native limits; `Engine.limits` shows the values that hold."""
        return _native.Limits(**{name: value for name, value in vars(self).items() if value is not None})


@dataclass(frozen=True)
class RunFacts:
    """What a call did, for provenance, cost and telemetry. `models` holds (name of the system, model)."""

    rows: int
    tokens: int
    queue_seconds: float
    tokenize_seconds: float
    infer_seconds: float
    score_seconds: float
    models: tuple[tuple[str, ModelInfo], ...]
    # What models of the server took: (name of the system, alias, trace).
    traces: tuple[tuple[str, str, Trace], ...]
    # (key of the metric, model) of metrics that models computed.
    metrics: tuple[tuple[str, ModelInfo], ...]
    # One a system that an endpoint answered for.
    remote: tuple[RemoteUse, ...]
    trained: Trained
    # Written by models of the server, and answers of models and endpoints that a limit cut.
    output_tokens: int
    truncated: int
    # Inputs that were longer than their model reads.
    cut: tuple[CutInputs, ...]
    # None if the request used none.
    template: TemplateFacts | None = None


@dataclass(frozen=True)
class CutInputs:
    """Rows of a system whose input was cut or read in windows; by id or, without one, by position."""

    system: str
    way: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class _Answerer:
    """What answers for a system: a model of the server or an endpoint, and the fields of predictions that it gives."""

    info: ModelInfo
    ask: Callable[[ModelRows, Collection[str] | None, Cancellation, float | None], Answers]
    produces: tuple[str, ...]
    generation: GenerationOptions | None = None


class Engine:
    """Answers calls; safe to use from many threads. Deadlines are on the clock of `time.monotonic`.

    `threads` is the size of the scoring pool of the process; 0 leaves it at one a core. `resources` are the files that
    metrics name. Raises InvalidRequestError if the pool runs already with another size.
    """

    def __init__(
        self,
        models: ModelRegistry,
        limits: Limits | None = None,
        threads: int = 0,
        resources: Resources | None = None,
        endpoints: EndpointRegistry | None = None,
        baselines: Baselines | None = None,
    ) -> None:
        self.models = models
        self.endpoints = endpoints or _no_endpoints()
        self._baselines = baselines or Baselines()
        self._resources = _native.Resources(resources or {})
        self.limits = (limits or Limits()).to_native()
        self._inline = _native.InlineScorer(self.limits, self._resources)
        if threads:
            _native.set_threads(threads)

    @property
    def versions(self) -> dict[str, str]:
        """Version of evald and Unicode version of its text tables."""
        return {"version": _native.VERSION, "unicode_version": _native.UNICODE_VERSION}

    def score(
        self, kind: Kind, request: bytes, cancellation: Cancellation, deadline: float | None = None
    ) -> tuple[bytes, int, float] | None:
        """What `run` answers, with its cost, number of rows and seconds, where rows hold all that is asked for."""
        check_not_over(cancellation, deadline)
        try:
            return self._inline.answer(kind, request, cancellation.flag)
        except CancelledError as error:
            raise cause(error, cancellation, deadline) from error

    def score_quickly(self, kind: Kind, request: bytes) -> tuple[bytes, int, float] | None:
        """The same where that takes microseconds, so that there is nothing to admit or to cancel."""
        return self._inline.answer_quickly(kind, request)

    def run(
        self,
        kind: Kind,
        request: bytes,
        cancellation: Cancellation,
        deadline: float | None = None,
        expansion: Expansion | None = None,
    ) -> tuple[bytes, RunFacts]:
        """The serialised EvaluateResponse or CompareResponse, without provenance of models and without cost.

        `expansion` is called for a request with a template.

        Native code knows no clock: whoever gives a deadline also sets the cancellation when it passes.
        """
        start = time.monotonic()
        with ends(cancellation, deadline):
            spec, measuring = self._spec(kind, request, cancellation, deadline, expansion)
            template = expansion.template if expansion else None
            check_baselines(spec)
            needs = asked_for(template, spec.needs)
            asked = self._answerers(spec, needs, template, cancellation, deadline)
            batch = spec.read(request, cancellation.flag)
            # First: what rows lack to learn from is refused before a model computes or an endpoint costs.
            trained = answer_baselines(
                spec, batch, self._baselines, self.limits.max_collected_numbers, cancellation, deadline
            )
            prompts = (
                Prompts(template, batch, expansion.max_rendered_bytes) if expansion and template and asked else None
            )
            used, remote, cut, answered_in, truncated = [], [], list[CutInputs](), 0.0, 0
            for index, source, answerer in asked:
                before = time.monotonic()
                rows_to_ask = _rows_of(batch, index, source, answerer, needs)
                if prompts is not None:
                    rows_to_ask = prompts.put(rows_to_ask)
                answers = answerer.ask(rows_to_ask, needs, cancellation, deadline)
                answered_in += time.monotonic() - before
                _set_predictions(batch, index, answerer.info, answers)
                truncated += answers.truncated
                if answers.cut:
                    cut.append(CutInputs(source.name, answerer.info.too_long, _names(batch, answers.cut)))
                used.append((source.name, answerer.info, answers.timings))
                if answers.remote is not None:
                    remote.append(answers.remote)
            unread = read_answers(spec, batch, template) if template else ()
            measured: list[Measured] = []
            if measuring:
                before = time.monotonic()
                use = partial(self._use, cancellation=cancellation, deadline=deadline)
                measured = _measure(spec, batch, measuring, use, cancellation, deadline)
                answered_in += time.monotonic() - before
            rows = len(batch)
            accumulator = _native.Accumulator(spec, cancellation.flag)
            accumulator.push(batch)
            response = accumulator.finish()
        score_seconds = time.monotonic() - start - answered_in - trained.seconds
        facts = _facts(rows, used, remote, measured, truncated, cut, score_seconds, trained)
        return response, replace(facts, template=facts_of(expansion, unread))

    def predict(
        self,
        alias: str,
        rows: ModelRows,
        cancellation: Cancellation,
        deadline: float | None = None,
        steady: SteadyState | None = None,
    ) -> tuple[ModelInfo, Answers]:
        """Predictions of a model or an endpoint alone; a row without a text fails with MISSING_INPUT."""
        with ends(cancellation, deadline):
            kind: Literal["model", "remote"] = "remote" if alias in self.endpoints.aliases() else "model"
            answerer = self._answerer(kind, alias, cancellation, deadline)
            pair_input = "pair_input" if rows.pair_inputs else ""
            check_options(answerer.info, pair_input, rows.context_tokens, rows.generation is not None, "")
            ask = partial(answerer.ask, rows, None, cancellation, deadline)
            if steady is None:
                return answerer.info, ask()
            if answerer.info.host:
                problem = "an endpoint is asked for each row once: leave it out"
                raise InvalidRequestError.of_field("BAD_STEADY_STATE", "steady_state", problem)
            return answerer.info, repeat(ask, steady, deadline)

    def load_model(self, alias: str, cancellation: Cancellation, deadline: float | None = None) -> None:
        """Loads a model and waits for it. Raises InvalidRequestError for an endpoint, else as `ModelRegistry.use`."""
        with ends(cancellation, deadline):
            self._refuse_endpoint(alias)
            self.models.load_one(alias, cancellation, deadline)

    def unload_model(self, alias: str, cancellation: Cancellation, deadline: float | None = None) -> None:
        """Frees a model that is done with its calls. Raises as `ModelRegistry.unload`."""
        with ends(cancellation, deadline):
            self._refuse_endpoint(alias)
            self.models.unload(alias, cancellation, deadline)

    def _refuse_endpoint(self, alias: str) -> None:
        if alias in self.endpoints.aliases():
            text = "is an endpoint; only models are loaded and unloaded"
            raise InvalidRequestError.of_field("NOT_A_MODEL", "alias", text, alias=alias)

    def plan(self, request: bytes) -> bytes:
        """A serialised `PlanResponse`. Raises InvalidRequestError (BAD_PLAN)."""
        return _native.plan(request)

    def judge(
        self,
        question: Literal["calibrate_judge", "rank_systems"],
        request: bytes,
        cancellation: Cancellation,
        deadline: float | None = None,
    ) -> bytes:
        """A serialised `CalibrateJudgeResponse` or `RankSystemsResponse`. Raises InvalidRequestError."""
        ask = _native.calibrate_judge if question == "calibrate_judge" else _native.rank_systems
        with ends(cancellation, deadline):
            return ask(request, self.limits, cancellation.flag)

    def list_metrics(self) -> bytes:
        """The serialised ListMetricsResponse."""
        return _native.list_metrics()

    def get_metric(self, name: str) -> bytes:
        """The serialised GetMetricResponse. Raises NotFoundError with the nearest names."""
        return _native.get_metric(name)

    def available(
        self,
        request: bytes,
        systems: Sequence[tuple[str, str]],
        template: Template,
        cancellation: Cancellation,
        deadline: float | None,
    ) -> list[set[str]]:
        """The fields that rows and systems have, system by system; systems are their kinds of source and aliases."""
        produced: list[Sequence[str] | None] = []
        for kind, alias in systems:
            if kind == "model":
                produced.append(self._answerer("model", alias, cancellation, deadline).produces)
            elif kind == "remote":
                produced.append(self._answerer("remote", alias, cancellation, deadline).produces)
            else:
                produced.append(BY_BASELINES if kind == "baseline" else None)
        return available(request, produced, self.limits, template)

    def _spec(
        self,
        kind: Kind,
        request: bytes,
        cancellation: Cancellation,
        deadline: float | None,
        expansion: Expansion | None,
    ) -> tuple[_native.Spec, dict[str, ModelInfo]]:
        """The checked header, and the models that its metrics name: their digests are part of signatures."""
        spec = _native.Spec.from_request(kind, request, self.limits, self._resources, None, expansion)
        if not spec.measures:
            return spec, {}
        # Imports what calls without such metrics can do without.
        from evald.engine.measures import models_of

        models = models_of(spec, lambda alias: self.models.info(alias, cancellation, deadline))
        encoders = {alias: info.embedding for alias, info in models.items()}
        digests = {alias: encoder.digest for alias, encoder in encoders.items() if encoder is not None}
        return _native.Spec.from_request(kind, request, self.limits, self._resources, digests, expansion), models

    def _answerer(
        self, kind: Literal["model", "remote"], alias: str, cancellation: Cancellation, deadline: float | None
    ) -> _Answerer:
        """The model or endpoint of an alias. Raises NotFoundError, or as `ModelRegistry.use`."""
        if kind == "remote":
            endpoint = self.endpoints.get(alias)
            priced = ("cost",) if endpoint.has_prices else ()
            return _Answerer(endpoint.info, partial(ask_endpoint, endpoint), (*produces(endpoint.info), *priced))
        info = self.models.info(alias, cancellation, deadline)
        return _Answerer(info, partial(self._ask_model, info), produces(info))

    def _ask_model(
        self,
        info: ModelInfo,
        rows: ModelRows,
        needs: Collection[str] | None,
        cancellation: Cancellation,
        deadline: float | None,
    ) -> Answers:
        """The model is in memory while it answers only, so that systems of one call may take turns there."""
        with self._use(info, cancellation, deadline) as model:
            return ask(model, rows, needs, cancellation, deadline)

    @contextmanager
    def _use(self, info: ModelInfo, cancellation: Cancellation, deadline: float | None) -> Iterator[Model]:
        """The model that was described so. Raises as `ModelRegistry.use`, or ModelNotReadyError (MODEL_CHANGED)."""
        with self.models.use(info.alias, cancellation, deadline) as model:
            if model.info != info:
                message = f"the model {info.alias} was loaded from other files than before; send the call again"
                raise ModelNotReadyError(message, reason="MODEL_CHANGED", metadata={"alias": info.alias})
            yield model

    def _answerers(
        self,
        spec: _native.Spec,
        needs: Sequence[str],
        template: Template | None,
        cancellation: Cancellation,
        deadline: float | None,
    ) -> list[tuple[int, _native.SystemSource, _Answerer]]:
        """Index and source of the systems that the server answers for, and what does; checked before rows are read."""
        asked = []
        for index, source in enumerate(spec.systems):
            if source.kind == "inline" or source.kind == "baseline":  # noqa: PLR1714 (mypy narrows only this)
                continue
            field = f"spec.systems[{index}].{source.kind}"
            try:
                answerer = self._answerer(source.kind, source.alias, cancellation, deadline)
            except EvaldError as error:
                error.violations = (Violation(f"{field}.alias", error.message),)
                raise
            given = GOLD.union(answerer.produces)
            lacking = [need for need in needs if need not in given]
            if lacking:
                task = answerer.info.task
                message = f"a {task} model gives no {' or '.join(lacking)}, which a metric of the request needs"
                raise InvalidRequestError.of_field("MODEL_TASK_MISMATCH", field, message, alias=source.alias, task=task)
            if source.kind == "model":
                says = source.generation is not None
                check_options(answerer.info, source.pair_input, source.context_tokens, says, f"{field}.")
                options = checked(writing(template, source.generation), f"{field}.generation")
                if answerer.info.writes and must_write(needs):
                    answerer = replace(answerer, generation=options)
            asked.append((index, source, answerer))
        return asked


def _rows_of(
    batch: _native.Batch, index: int, source: _native.SystemSource, answerer: _Answerer, needs: Sequence[str]
) -> ModelRows:
    """The columns that a model of this task reads; making strings of others would cost more than scoring them."""
    scores = answerer.info.task in LANGUAGE_MODELS or answerer.info.scores
    return ModelRows(
        inputs=batch.inputs(index),
        messages=batch.messages(),
        pair_inputs=batch.inputs_named(source.pair_input) if source.pair_input else (),
        references=batch.first_references() if scores and "token_logprobs" in needs else (),
        choices=batch.choices() if scores and "choice_scores" in needs else (),
        context_tokens=source.context_tokens,
        generation=answerer.generation,
        keys=[RowKey(*key) for key in batch.row_keys()] if answerer.generation else (),
    )


def _names(batch: _native.Batch, rows: Collection[int]) -> tuple[str, ...]:
    keys = batch.row_keys()
    return tuple(keys[row][0] or f"#{row}" for row in sorted(rows))


def _set_predictions(batch: _native.Batch, index: int, info: ModelInfo, answers: Answers) -> None:
    if answers.class_scores is not None:
        batch.set_class_scores(index, info.classes, answers.class_scores)
    if answers.token_logprobs is not None:
        batch.set_token_logprobs(index, answers.token_logprobs)
    if answers.choice_scores is not None:
        batch.set_choice_scores(index, answers.choice_scores)
    if answers.texts is not None:
        batch.set_texts(index, [_native_text(text) if text else None for text in answers.texts])
    causes: dict[tuple[str, str], list[int]] = {}
    for failure in answers.failures:
        causes.setdefault((failure.reason, failure.message), []).append(failure.row)
    for (reason, message), rows in causes.items():
        batch.fail(index, rows, reason, message)


def _no_endpoints() -> EndpointRegistry:
    # Imports what a server without endpoints can do without.
    from evald.backends.remote.registry import EndpointRegistry

    return EndpointRegistry()


def _native_text(answer: Answer) -> tuple[str, bool, tuple[float | None, float | None, float | None, float | None]]:
    usage = (answer.latency_seconds, answer.input_tokens, answer.output_tokens, answer.cost)
    return answer.text, answer.truncated, usage


def _measure(
    spec: _native.Spec,
    batch: _native.Batch,
    models: dict[str, ModelInfo],
    use: Callable[[ModelInfo], AbstractContextManager[Model]],
    cancellation: Cancellation,
    deadline: float | None,
) -> list[Measured]:
    from evald.engine.measures import measure

    return measure(spec, batch, models, use, cancellation, deadline)


def _facts(
    rows: int,
    used: Sequence[tuple[str, ModelInfo, Timings]],
    remote: Sequence[RemoteUse],
    measured: Sequence[Measured],
    truncated: int,
    cut: Sequence[CutInputs],
    score_seconds: float,
    trained: Trained,
) -> RunFacts:
    timings = [timing for _, _, timing in used] + [timing for one in measured for timing in one.timings]
    return RunFacts(
        rows=rows,
        tokens=sum(timing.tokens for timing in timings),
        queue_seconds=sum(timing.queue_seconds for timing in timings),
        tokenize_seconds=sum(timing.tokenize_seconds for timing in timings),
        infer_seconds=sum(timing.infer_seconds for timing in timings),
        score_seconds=score_seconds,
        models=tuple((name, info) for name, info, _ in used),
        traces=tuple((name, info.alias, timing.trace) for name, info, timing in used if timing.trace is not None),
        metrics=tuple((key, one.info) for one in measured for key in one.metrics),
        remote=tuple(remote),
        trained=trained,
        output_tokens=sum(timing.output_tokens for timing in timings),
        truncated=truncated,
        cut=tuple(cut),
    )
