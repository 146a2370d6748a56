"""The models of a process by alias: loads them, says how they are and hands them out. Knows no settings file."""

from __future__ import annotations

import importlib
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evald.backends.aliases import unknown_alias
from evald.backends.contract import BatchObserver, ChatOptions, ModelInfo, ModelState, SilentObserver
from evald.backends.folder import LoadError, ModelFolder
from evald.errors import ModelNotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evald.backends.contract import Backend
    from evald.backends.model import Model

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
        BackendEntry("onnx", "evald.backends.onnx:OnnxBackend", "cpu"),
        BackendEntry("torch", "evald.backends.pytorch:TorchBackend", "torch"),
    ]
)


@dataclass(frozen=True)
class ModelOptions:
    """How models are run. Tokens count padding. The backend "auto" is the one whose files the folder has; the
    precision "auto" is that of the weights.
    """

    backend: str = "auto"
    device: str = "cpu"
    precision: str = "auto"
    threads: int = 1
    workers: int = 1
    batch_tokens: int = 512
    queue_tokens: int = 1 << 18
    chat: ChatOptions = field(default_factory=ChatOptions)

    def __post_init__(self) -> None:
        for name in ("threads", "workers", "batch_tokens", "queue_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


@dataclass
class _Slot:
    path: Path
    state: ModelState = ModelState.LOADING
    reason: str = ""
    model: Model | None = None


class ModelRegistry:
    """The models of the server's settings: an alias is a folder. Nothing is loaded before `load`."""

    def __init__(
        self,
        models: Mapping[str, Path] | None = None,
        options: ModelOptions | Mapping[str, ModelOptions] | None = None,
        observer: BatchObserver | None = None,
    ) -> None:
        self._slots = {alias: _Slot(Path(path)) for alias, path in sorted((models or {}).items())}
        self._options = options or ModelOptions()
        self._observer = observer or SilentObserver()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._loaded = threading.Event()
        self._loader: threading.Thread | None = None
        if not self._slots:
            self._loaded.set()

    def load(self, background: bool = False) -> None:
        """Loads every model, one after the other; failures are kept as states. Calling it twice changes nothing."""
        if not background:
            self._load_all()
            return
        self._loader = threading.Thread(target=self._load_all, name="evald-model-loader", daemon=True)
        self._loader.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until no model is loading any more."""
        return self._loaded.wait(timeout)

    def aliases(self) -> tuple[str, ...]:
        """All aliases, sorted."""
        return tuple(self._slots)

    def describe(self, alias: str) -> tuple[ModelInfo | None, ModelState, str]:
        """What the model is (None unless READY), its state and why it failed (else ""). Raises NotFoundError."""
        slot = self._slot(alias)
        with self._lock:
            return slot.model.info if slot.model else None, slot.state, slot.reason

    def get(self, alias: str) -> Model:
        """The model. Raises NotFoundError (UNKNOWN_MODEL) or ModelNotReadyError (MODEL_LOADING, MODEL_FAILED)."""
        slot = self._slot(alias)
        with self._lock:
            model, state, reason = slot.model, slot.state, slot.reason
        if model is not None:
            return model
        if state is ModelState.LOADING:
            raise ModelNotReadyError(
                f"the model {alias} is still loading", reason="MODEL_LOADING", metadata={"alias": alias}
            )
        raise ModelNotReadyError(
            f"the model {alias} could not be loaded: {reason}",
            reason="MODEL_FAILED",
            metadata={"alias": alias, "stateReason": reason},
        )

    def close(self) -> None:
        """Ends waiting calls with UnavailableError, joins all threads and frees the models."""
        self._closed.set()
        if self._loader is not None:
            self._loader.join()
        for slot in self._slots.values():
            with self._lock:
                model, slot.model = slot.model, None
                slot.state, slot.reason = ModelState.FAILED, "the registry is closed"
            if model is not None:
                model.close()
        self._loaded.set()

    def _slot(self, alias: str) -> _Slot:
        if alias in self._slots:
            return self._slots[alias]
        raise unknown_alias("model", alias, self._slots)

    def _load_all(self) -> None:
        for alias, slot in self._slots.items():
            if self._closed.is_set():
                break
            if slot.state is not ModelState.LOADING:
                continue
            state, reason, model = ModelState.READY, "", None
            try:
                model = self._open(alias, slot.path)
            except LoadError as error:
                state, reason = ModelState.FAILED, str(error)
            except OSError as error:
                state, reason = ModelState.FAILED, f"a file cannot be read ({error.strerror})"
            except Exception as error:  # noqa: BLE001 - one broken model must not take the others along
                _log.exception("model %s could not be loaded", alias)
                state, reason = ModelState.FAILED, f"unexpected {type(error).__name__} while loading; see the log"
            with self._lock:
                slot.model, slot.state, slot.reason = model, state, reason
            _log.info("model %s is %s %s", alias, state.value, reason)
        self._loaded.set()

    def _open(self, alias: str, path: Path) -> Model:
        options = self._options if isinstance(self._options, ModelOptions) else self._options[alias]
        backend = _make_backend(alias, path, options)
        # Needs numpy, which a server without models must not pay for.
        from evald.backends.batching import TokenBudgetBatcher
        from evald.backends.chat import Chat
        from evald.backends.model import Model

        batcher = TokenBudgetBatcher(
            backend,
            self._observer,
            batch_tokens=options.batch_tokens,
            queue_tokens=options.queue_tokens,
            workers=options.workers,
        )
        chat = Chat(ModelFolder(path), options.chat) if backend.info.writes else None
        return Model(backend, batcher, self._observer, chat)


def _backend_of(path: Path) -> str:
    """ONNX where there is such a file: its library is small and its answers do not depend on the batch."""
    folder = ModelFolder(path)
    has_weights = folder.existing("model.safetensors", "model.safetensors.index.json")
    return "torch" if has_weights and not folder.existing("onnx/model.onnx", "model.onnx") else "onnx"


def _make_backend(alias: str, path: Path, options: ModelOptions) -> Backend:
    name = _backend_of(path) if options.backend == "auto" else options.backend
    entry = BACKENDS.get(name)
    if entry is None:
        raise LoadError(f"unknown backend {name}; known are {', '.join(BACKENDS)}")
    module, _, name = entry.target.partition(":")
    try:
        factory = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise LoadError(f"the library {error.name} is missing: install evald[{entry.extra}]") from error
    backend: Backend = factory(alias, path, options)
    return backend
