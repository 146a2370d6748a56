"""Models by alias: states, reasons, errors, and what is imported when."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from evald.backends.contract import ModelState
from evald.backends.registry import BACKENDS, BackendEntry, ModelOptions, ModelRegistry, backend_table
from evald.errors import ModelNotReadyError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.backends.conftest import Bench


@pytest.fixture
def models(root: Path) -> dict[str, Path]:
    pytest.importorskip("onnxruntime")
    folder = root / "examples" / "models"
    return {"tuned": folder / "support-tuned", "base": folder / "support-base"}


@pytest.fixture
def registry(models: dict[str, Path], tmp_path: Path) -> Iterator[ModelRegistry]:
    made = ModelRegistry({**models, "broken": tmp_path, "gone": tmp_path / "gone"})
    yield made
    made.close()


def test_nothing_is_loaded_before_load(registry: ModelRegistry) -> None:
    assert registry.aliases() == ("base", "broken", "gone", "tuned")
    assert registry.describe("base") == (None, ModelState.UNLOADED, "")
    assert registry.residence("base") == (0, False, False)
    assert not registry.wait(0)


@pytest.mark.parametrize("background", [False, True])
def test_good_and_bad_models_load_side_by_side(
    registry: ModelRegistry, tmp_path: Path, bench: Bench, background: bool
) -> None:
    registry.load(background=background)
    assert registry.wait(60)
    info, state, reason = registry.describe("tuned")
    assert (state, reason) == (ModelState.READY, "")
    assert info is not None
    assert info.alias == "tuned"
    with registry.use("tuned") as model:
        assert model.classify(["where is my parcel?"], bench.Token()).scores.shape == (1, 6)
    assert registry.describe("broken")[1:] == (ModelState.FAILED, "config.json is missing")
    assert registry.describe("gone")[1:] == (ModelState.FAILED, "the folder of the model does not exist")
    with pytest.raises(ModelNotReadyError, match=r"config\.json is missing") as caught, registry.use("broken"):
        pass
    assert caught.value.reason == "MODEL_FAILED"
    assert caught.value.metadata == {"alias": "broken", "stateReason": "config.json is missing"}
    assert str(tmp_path) not in str(caught.value)


def test_an_unknown_alias_is_answered_with_the_nearest(registry: ModelRegistry) -> None:
    for ask in (registry.info, registry.describe, registry.residence, registry.load_one, registry.unload):
        with pytest.raises(NotFoundError) as caught:
            ask("tunde")
        assert caught.value.reason == "UNKNOWN_MODEL"
        assert caught.value.metadata == {"alias": "tunde", "nearest": "tuned", "models": "4"}
    with pytest.raises(NotFoundError) as caught:
        registry.info("x" * 10_000)
    assert caught.value.metadata == {"alias": "x" * 64, "nearest": "", "models": "4"}


def test_an_empty_registry_is_loaded_at_once() -> None:
    registry = ModelRegistry()
    registry.load()
    assert registry.wait(0)
    assert registry.aliases() == ()
    with pytest.raises(NotFoundError):
        registry.info("any")
    registry.close()


def test_a_missing_library_says_what_to_install(registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "evald.backends.onnx", raising=False)
    registry.load()
    assert registry.describe("tuned")[1:] == (
        ModelState.FAILED,
        "the library onnxruntime is missing: install evald[cpu]",
    )


def test_an_unknown_backend_and_a_device_that_is_not_there(models: dict[str, Path]) -> None:
    registry = ModelRegistry(models, ModelOptions(backend="abacus"))
    registry.load()
    assert registry.describe("tuned")[1:] == (ModelState.FAILED, "unknown backend abacus; known are onnx, torch")
    registry.close()
    registry = ModelRegistry(models, ModelOptions(device="cuda"))
    registry.load()
    _, state, reason = registry.describe("tuned")
    assert state is ModelState.FAILED
    assert reason.startswith("device cuda was asked for, but ")
    registry.close()


@pytest.mark.parametrize("name", ["threads", "workers", "batch_tokens", "queue_tokens"])
def test_options_without_which_calls_would_hang_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        dataclasses.replace(ModelOptions(), **{name: 0})  # type: ignore[arg-type]


def test_backends_have_unique_names_and_can_be_imported() -> None:
    entry = BackendEntry("one", "a:B", "x")
    with pytest.raises(ValueError, match="two backends are named one"):
        backend_table([entry, entry])


@pytest.mark.parametrize("name", BACKENDS)
def test_backends_can_be_imported(name: str) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(name, name))
    module, _, backend = BACKENDS[name].target.partition(":")
    __import__(module)
    assert hasattr(sys.modules[module], backend)


def test_weights_without_onnx_want_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "evald.backends.pytorch", raising=False)
    registry = ModelRegistry({"one": tmp_path})
    registry.load()
    assert registry.describe("one")[2] == "the library torch is missing: install evald[torch]"
    registry.close()


def test_close_ends_the_threads_and_the_models(models: dict[str, Path], bench: Bench) -> None:
    registry = ModelRegistry(models)
    registry.load(background=True)
    assert registry.wait(60)
    with registry.use("tuned") as model:
        pass
    registry.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("evald-model")]
    with pytest.raises(UnavailableError):
        model.classify(["late"], bench.Token())
    with pytest.raises(UnavailableError):
        registry.info("tuned")
    registry.close()


def test_close_while_loading(models: dict[str, Path]) -> None:
    registry = ModelRegistry(models)
    registry.load(background=True)
    registry.close()
    assert registry.wait(0)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("evald-model")]


def test_a_registry_without_models_imports_no_heavy_library(root: Path) -> None:
    code = """
import sys
from evald.backends.registry import ModelRegistry
registry = ModelRegistry()
registry.load()
registry.close()
print(sorted({"numpy", "onnxruntime", "tokenizers", "grpc"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root / "service")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
