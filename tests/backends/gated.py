"""A backend whose loading a test can watch, hold and fail; registered as "gated" like any other backend."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import TYPE_CHECKING, Any

from tests.backends.conftest import FakeBackend

from evald.backends.folder import LoadError
from evald.backends.registry import BACKENDS, BackendEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evald.backends.registry import ModelOptions

ENTRY = BackendEntry("gated", f"{__name__}:GatedBackend", "none")


class Gate:
    """What happened to the models of a folder, and what is to happen."""

    def __init__(self) -> None:
        self.loads = 0
        self.alive = 0
        self.most_alive = 0
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()
        self.problem = ""
        self.backends: list[GatedBackend] = []


# By folder; tests have folders of their own.
GATES: dict[Path, Gate] = {}


class GatedBackend(FakeBackend):
    """Implements `contract.Backend`."""

    def __init__(self, alias: str, path: Path, options: ModelOptions) -> None:
        super().__init__()
        self.info = dataclasses.replace(self.info, alias=alias, weights_digest=(path / "digest").read_text())
        self.gate = GATES[path]
        self.gate.loads += 1
        self.gate.entered.release()
        assert self.gate.go_on.wait(60)
        if self.gate.problem:
            raise LoadError(self.gate.problem)
        self.gate.alive += 1
        self.gate.most_alive = max(self.gate.most_alive, self.gate.alive)
        self.gate.backends.append(self)

    def close(self) -> None:
        super().close()
        self.gate.alive -= 1


def folder(path: Path, size: int) -> Path:
    """A folder whose weights have so many bytes by their header."""
    path.mkdir()
    (path / "config.json").write_text("{}")
    tensor: dict[str, Any] = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    header = json.dumps({"w": tensor}).encode()
    (path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (path / "digest").write_text("first")
    GATES[path] = Gate()
    return path


def registered() -> Iterator[None]:
    """The backend "gated" exists meanwhile."""
    BACKENDS[ENTRY.name] = ENTRY
    yield
    del BACKENDS[ENTRY.name]
