"""The models of a process by alias: loads them, says how they are and hands them out. Knows no settings file."""

from __future__ import annotations

import copy
import importlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evald.backends.aliases import unknown_alias
from evald.backends.contract import BatchObserver, ChatOptions, ModelInfo, ModelState, SilentObserver
from evald.backends.folder import LoadError, ModelFolder, find_version
from evald.backends.lifecycle import Attempt, Slot, adapters_on, busy, failed, in_use, release_memory, victims
from evald.backends.weights import backend_of, weights_bytes
from evald.errors import CancelledError, DeadlineError, EvaldError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from evald.backends.contract import Backend, CancelToken
    from evald.backends.model import Model
    from evald.backends.too_long import TooLong

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BackendEntry:
    """A backend by import string, so that its library is only imported for a model; `extra` installs that library."""

    name: str
    target: str
    extra: str


def backend_table(entries: Iterable[BackendEntry]) -> dict[str, BackendEntry]:
    """Entries by name; a duplicate is an error."""
    table: dict[str, BackendEntry] = {}
    for entry in entries:
        if entry.name in table:
            raise ValueError(f"two backends are named {entry.name}")
        table[entry.name] = entry
    return table


BACKENDS = backend_table(
    [
        BackendEntry("onnx", "evald.backends.onnx:load", "cpu"),
        BackendEntry("torch", "evald.backends.pytorch:TorchBackend", "torch"),
    ]
)
# What puts an adapter on a model of the backend torch.
_ADAPTER = BackendEntry("adapter", "evald.backends.adapter:open_adapter", "peft")


@dataclass(frozen=True)
class ModelOptions:
    """How models are run. Tokens count padding. The backend "auto" is the one whose files the folder has; the
    precision "auto" is that of the weights; the pooling "auto" is what the folder of an encoder says; 0 batch tokens
    are measured when a model is loaded.
    """

    backend: str = "auto"
    device: str = "cpu"
    precision: str = "auto"
    pooling: str = "auto"
    threads: int = 1
    workers: int = 1
    batch_tokens: int = 0
    queue_tokens: int = 1 << 18
    chat: ChatOptions = field(default_factory=ChatOptions)
    # The graph of an ONNX model that has another name than the usual one, relative to the folder.
    file: str = ""
    # Alias of the model that the folder is an adapter of; how that one is run holds for the adapter, too.
    base: str = ""
    # Which version of a folder that has several; None is the highest when the model is loaded.
    version: int | None = None
    # What becomes of inputs that are too long: "refuse", "head", "tail" or "stride".
    too_long: TooLong = "refuse"
    # Never unloaded to make room for another model.
    pinned: bool = False
    # Loaded by the first request for it, not by `ModelRegistry.load`.
    on_demand: bool = False

    def __post_init__(self) -> None:
        for name, least in (("threads", 1), ("workers", 1), ("batch_tokens", 0), ("queue_tokens", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}")


class Residence(NamedTuple):
    """How a model sits in memory: bytes of its weights there, and what the settings say about its stay."""

    bytes: int
    pinned: bool
    on_demand: bool


class ModelRegistry:
    """The models of the server's settings: an alias is a folder. Nothing is loaded before it is asked for.

    A request for a model that is not in memory loads it; calls that come meanwhile wait for the same load, at most
    `max_waiting` of them. `memory` bounds the bytes of all weights (0: no bound); models that answer nothing are
    unloaded to make room, the least recently used first. `changed` is told, from any thread, that a state changed.
    """

    def __init__(
        self,
        models: Mapping[str, Path] | None = None,
        options: ModelOptions | Mapping[str, ModelOptions] | None = None,
        observer: BatchObserver | None = None,
        memory: int = 0,
        max_waiting: int = 16,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        given = options or ModelOptions()
        self._slots = {
            alias: Slot(alias, Path(path), given if isinstance(given, ModelOptions) else given[alias])
            for alias, path in sorted((models or {}).items())
        }
        for slot in self._slots.values():
            if slot.options.base:
                slot.base = self._slots[slot.options.base]
        self._observer = observer or SilentObserver()
        self._memory = memory
        self._max_waiting = max_waiting
        self._tell = changed
        self._changed = threading.Condition()
        # One thread: what leaves memory for a model is gone before the next one enters, and all loading leaves its
        # holes in the same arena of the allocator.
        self._loader = ThreadPoolExecutor(1, "evald-model-loader")
        self._waiting = 0
        self._closed = False
        self._started = threading.Event()
        if all(slot.options.on_demand for slot in self._slots.values()):
            self._started.set()

    def load(self, background: bool = False) -> None:
        """Loads the models that are not on demand, one after the other; failures are kept as states, and what does not
        fit into the memory fails. Calling it twice changes nothing.
        """
        with self._changed:
            wanted = [slot for slot in self._slots.values() if not slot.options.on_demand]
            for slot in wanted:
                if slot.state is ModelState.UNLOADED and not self._closed:
                    self._begin(slot, evict=False)
            if wanted and not self._closed:
                self._loader.submit(self._started.set)
        if not background:
            self._started.wait()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until every model that is not on demand was loaded or failed."""
        return self._started.wait(timeout)

    def aliases(self) -> tuple[str, ...]:
        """All aliases, sorted."""
        return tuple(self._slots)

    def describe(self, alias: str) -> tuple[ModelInfo | None, ModelState, str]:
        """What the model is (None unless READY), its state, and why it failed or was unloaded (else "").

        Raises NotFoundError.
        """
        slot = self._slot(alias)
        with self._changed:
            return slot.info if slot.state is ModelState.READY else None, slot.state, slot.reason

    def residence(self, alias: str) -> Residence:
        """How the model sits in memory. Raises NotFoundError."""
        slot = self._slot(alias)
        return Residence(slot.bytes, slot.options.pinned, slot.options.on_demand)

    def base(self, alias: str) -> str:
        """Alias of the model that an adapter is on; empty for other models. Raises NotFoundError."""
        return self._slot(alias).options.base

    def info(self, alias: str, cancellation: CancelToken | None = None, deadline: float | None = None) -> ModelInfo:
        """What the model is, or was when it was last in memory; loads a model that never was. Raises as `use`."""
        slot = self._slot(alias)
        if slot.info is not None and slot.state is not ModelState.FAILED:
            return slot.info
        with self.use(alias, cancellation, deadline) as model:
            return model.info

    @contextmanager
    def use(
        self, alias: str, cancellation: CancelToken | None = None, deadline: float | None = None
    ) -> Iterator[Model]:
        """The model, which stays in memory as long as it is used; loads it if need be.

        Raises NotFoundError (UNKNOWN_MODEL), ModelNotReadyError (MODEL_LOADING, MODEL_FAILED, MODEL_TOO_LARGE),
        OverloadedError (MODEL_MEMORY_FULL), and CancelledError, DeadlineError or UnavailableError while it waits.
        """
        slot = self._slot(alias)
        with self._changed:
            self._await_ready(slot, cancellation, deadline)
            slot.uses += 1
            model = slot.model
        try:
            assert model is not None  # noqa: S101 (READY says so)
            yield model
        finally:
            with self._changed:
                slot.uses -= 1
                slot.last_used = time.monotonic()
                self._changed.notify_all()

    def load_one(self, alias: str, cancellation: CancelToken | None = None, deadline: float | None = None) -> None:
        """Loads a model, also one that failed before. Raises as `use`; the loading goes on without its caller."""
        slot = self._slot(alias)
        with self._changed:
            if slot.state is ModelState.FAILED and slot.attempt.done:
                slot.state = ModelState.UNLOADED
            self._await_ready(slot, cancellation, deadline)

    def unload(self, alias: str, cancellation: CancelToken | None = None, deadline: float | None = None) -> None:
        """Frees a model when the calls that it answers are done; calls that come later wait and load it again.

        Raises NotFoundError, ModelNotReadyError (MODEL_LOADING, MODEL_IN_USE if it is the base of others in memory),
        and CancelledError, DeadlineError or UnavailableError while it waits, which leave the model as it was.
        """
        slot = self._slot(alias)
        model = None
        with self._changed:
            # Another call may be unloading it, and may give up.
            self._wait_until(lambda: slot.state is not ModelState.UNLOADING, slot, cancellation, deadline)
            if slot.state is ModelState.LOADING:
                raise busy(slot, self._waiting)
            if slot.state is ModelState.FAILED:
                slot.state, slot.reason = ModelState.UNLOADED, ""
            if adapters := adapters_on(slot, self._slots.values()):
                raise in_use(slot, adapters)
            if slot.state is ModelState.READY:
                slot.state = ModelState.UNLOADING
                try:
                    self._wait_until(lambda: not slot.uses, slot, cancellation, deadline)
                except BaseException:
                    slot.state = ModelState.READY
                    self._changed.notify_all()
                    raise
                model, slot.model = slot.model, None
        if model is not None:
            self._free(slot, model, "")
        self._tell()

    def close(self) -> None:
        """Ends waiting calls with UnavailableError, joins all threads and frees the models."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._loader.shutdown()
        for slot in self._slots.values():
            with self._changed:
                model, slot.model = slot.model, None
                slot.state, slot.reason = ModelState.FAILED, "the registry is closed"
            if model is not None:
                model.close()
        self._started.set()

    def _slot(self, alias: str) -> Slot:
        if alias in self._slots:
            return self._slots[alias]
        raise unknown_alias("model", alias, self._slots)

    def _await_ready(self, slot: Slot, cancellation: CancelToken | None, deadline: float | None) -> None:
        """Returns, with the lock held all the way since the model became READY; loads it if need be."""
        while slot.state is not ModelState.READY:
            self._check_open()
            if slot.state is ModelState.FAILED:
                raise failed(slot.alias, slot.reason)
            if slot.state is ModelState.UNLOADING:
                self._wait_until(lambda: slot.state is not ModelState.UNLOADING, slot, cancellation, deadline)
                continue
            if slot.state is ModelState.UNLOADED:
                self._begin(slot, evict=True)
            self._join(slot, slot.attempt, cancellation, deadline)

    def _join(self, slot: Slot, attempt: Attempt, cancellation: CancelToken | None, deadline: float | None) -> None:
        """Waits until a model was loaded or not; all who wait get the same error."""
        self._wait_until(lambda: attempt.done, slot, cancellation, deadline)
        if attempt.error is not None:
            # A copy, as each caller adds to its own.
            raise copy.copy(attempt.error)

    def _wait_until(
        self, done: Callable[[], bool], slot: Slot, cancellation: CancelToken | None, deadline: float | None
    ) -> None:
        """Waits for other threads, which need the lock that is held before and after."""
        if self._waiting >= self._max_waiting and not done():
            raise busy(slot, self._waiting)
        self._waiting += 1
        unsubscribe = cancellation.subscribe(self._wake) if cancellation else None
        try:
            while not done():
                self._check_open()
                if cancellation is not None and cancellation.is_set():
                    raise CancelledError("the call was ended while it waited for a model")
                left = None if deadline is None else min(deadline - time.monotonic(), threading.TIMEOUT_MAX)
                if left is not None and left <= 0:
                    what = f"the deadline passed while the model {slot.alias} was {slot.state.value}"
                    raise DeadlineError(what, metadata={"alias": slot.alias, "state": slot.state.value})
                self._changed.wait(left)
        finally:
            self._waiting -= 1
            if unsubscribe is not None:
                unsubscribe()

    def _check_open(self) -> None:
        if self._closed:
            raise UnavailableError("the model is being closed", reason="SHUTTING_DOWN")

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _begin(self, slot: Slot, evict: bool) -> None:
        slot.state, slot.attempt = ModelState.LOADING, Attempt()
        self._loader.submit(self._load, slot, slot.attempt, evict)

    def _load(self, slot: Slot, attempt: Attempt, evict: bool) -> None:
        """One attempt, from start to end; without `evict` a model for which there is no room has failed."""
        if attempt.done:
            # An adapter needed it before its turn came.
            return
        state, reason, model = ModelState.READY, "", None
        try:
            model = self._enter(slot, evict)
        except EvaldError as error:
            state, reason = ModelState.UNLOADED if evict else ModelState.FAILED, error.message
            attempt.error = error
        except LoadError as error:
            state, reason = ModelState.FAILED, str(error)
        except OSError as error:
            state, reason = ModelState.FAILED, f"a file cannot be read ({error.strerror})"
        except Exception as error:  # noqa: BLE001 - one broken model must not take the others along
            _log.exception("model %s could not be loaded", slot.alias)
            state, reason = ModelState.FAILED, f"unexpected {type(error).__name__} while loading; see the log"
        with self._changed:
            slot.model, slot.state, slot.reason, slot.last_used = model, state, reason, time.monotonic()
            slot.info = model.info if model else slot.info
            slot.bytes = slot.bytes if model else 0
            attempt.done = True
            self._changed.notify_all()
        _log.info("model %s is %s %s", slot.alias, state.value, reason)
        self._tell()

    def _enter(self, slot: Slot, evict: bool) -> Model:
        """Makes room for a model and loads it."""
        self._check_open()
        if slot.base is not None:
            self._load_base(slot.base, evict)
        path, version = find_version(slot.path, slot.options.version)
        folder = ModelFolder(path)
        factory = _imported(_ADAPTER) if slot.base else _factory(folder, slot.options)
        needed = weights_bytes(folder, slot.options)
        with self._changed:
            if slot.base is not None and slot.base.state is not ModelState.READY:
                raise busy(slot.base, self._waiting)
            leaving = victims(self._slots.values(), slot, needed, self._memory, evict) if self._memory else []
            slot.bytes = needed
            models = [one.model for one in leaving]
            for one in leaving:
                one.state, one.model = ModelState.UNLOADING, None
        for one, model in zip(leaving, models, strict=True):
            if model is not None:
                self._free(one, model, f"it made room for {slot.alias}")
        if slot.folder is not None and slot.folder.root != folder.root:
            # Another version may want other batches.
            slot.size = None
        slot.folder = folder
        return self._open(slot, folder, version, factory)

    def _load_base(self, base: Slot, evict: bool) -> None:
        """Has the base of an adapter in memory before the adapter enters, which is in the same thread's turn."""
        with self._changed:
            while base.state is ModelState.UNLOADING:
                self._check_open()
                self._changed.wait()
            if base.state is ModelState.UNLOADED:
                base.state, base.attempt = ModelState.LOADING, Attempt()
            attempt, is_loading = base.attempt, base.state is ModelState.LOADING
        if is_loading:
            self._load(base, attempt, evict)
        if attempt.error is not None:
            raise copy.copy(attempt.error)
        if base.state is ModelState.FAILED:
            raise LoadError(f"its base {base.alias} could not be loaded: {base.reason}")

    def _free(self, slot: Slot, model: Model, reason: str) -> None:
        """Ends a model that nobody uses or can get any more."""
        model.close()
        release_memory()
        with self._changed:
            slot.state, slot.reason, slot.bytes = ModelState.UNLOADED, reason, 0
            self._changed.notify_all()
        _log.info("model %s is unloaded %s", slot.alias, reason)

    def _open(self, slot: Slot, folder: ModelFolder, version: str, factory: Callable[..., Backend]) -> Model:
        options, base = slot.options, slot.base
        if base is None:
            backend = factory(slot.alias, folder.root, options)
        else:
            backend = factory(slot.alias, folder.root, _torch_backend(base))
        # Needs numpy, which a server without models must not pay for.
        from evald.backends.batching import TokenBudgetBatcher
        from evald.backends.calibration import Calibration, calibrate
        from evald.backends.chat import Chat
        from evald.backends.model import Model
        from evald.backends.too_long import Cutter

        # First what may fail: a batcher has threads.
        reads_chats = backend.info.writes or backend.info.task == "causal-lm"
        chat = Chat((base and base.folder) or folder, options.chat) if reads_chats else None
        refuses = options.too_long == "refuse"
        cutter = None if refuses else Cutter(options.too_long, backend.info.task, backend.encode)
        # Measured once, so that a model is loaded again in less time and runs as before.
        slot.size = size = slot.size or (
            Calibration(options.batch_tokens) if options.batch_tokens else calibrate(backend)
        )
        batcher = TokenBudgetBatcher(
            backend,
            self._observer,
            batch_tokens=size.batch_tokens,
            pace=size.pace,
            queue_tokens=options.queue_tokens,
            workers=options.workers,
        )
        return Model(backend, batcher, self._observer, chat, cutter, version)


def open_backend(alias: str, path: Path, options: ModelOptions, base: Path | None = None) -> Backend:
    """Loads a model, or an adapter with its base, without a queue. Raises LoadError."""
    if base is None:
        return _factory(ModelFolder(path), options)(alias, path, options)
    put_on = _imported(_ADAPTER)
    under = replace(options, backend="torch")
    return put_on(alias, path, _factory(ModelFolder(base), under)(alias, base, under))


def _factory(folder: ModelFolder, options: ModelOptions) -> Callable[..., Backend]:
    """What loads the model; its library is imported here."""
    name = backend_of(folder, options)
    entry = BACKENDS.get(name)
    if entry is None:
        raise LoadError(f"unknown backend {name}; known are {', '.join(BACKENDS)}")
    return _imported(entry)


def _torch_backend(base: Slot) -> Backend:
    """The loaded base of an adapter."""
    name = backend_of(base.folder, base.options) if base.folder else ""
    if name != "torch" or base.model is None:
        raise LoadError(f'its base {base.alias} runs on {name}; adapters need `backend = "torch"` for their base')
    return base.model.backend


def _imported(entry: BackendEntry) -> Callable[..., Backend]:
    """The library of a backend is imported here."""
    module, _, name = entry.target.partition(":")
    try:
        factory: Callable[..., Backend] = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise LoadError(f"the library {error.name} is missing: install evald[{entry.extra}]") from error
    return factory
