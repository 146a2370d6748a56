"""What the registry keeps of a model, which models leave the memory for another one, and the errors of both.

No locks here: the registry calls these functions under its own. Must not know how a model is loaded.
"""

from __future__ import annotations

import ctypes
import gc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evald.backends.contract import ModelState
from evald.errors import EvaldError, ModelNotReadyError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evald.backends.calibration import Calibration
    from evald.backends.contract import ModelInfo
    from evald.backends.folder import ModelFolder
    from evald.backends.model import Model
    from evald.backends.registry import ModelOptions

# A model that answers may be done soon, one that loads takes longer.
_RETRY_SECONDS = 1.0


@dataclass(eq=False)
class Attempt:
    """One loading of a model; all calls that wait for the model share it."""

    done: bool = False
    error: EvaldError | None = None


@dataclass(eq=False)
class Slot:
    """A model of the settings. `info` is that of the last time it was loaded, `uses` are the calls it is answering."""

    alias: str
    path: Path
    options: ModelOptions
    # Of the version that was loaded last.
    folder: ModelFolder | None = None
    # Of an adapter: the model whose weights it needs in memory.
    base: Slot | None = None
    state: ModelState = ModelState.UNLOADED
    reason: str = ""
    model: Model | None = None
    info: ModelInfo | None = None
    # Of its batches, once it was loaded.
    size: Calibration | None = None
    attempt: Attempt = field(default_factory=Attempt)
    # Of the memory budget, from before the weights are read until they are gone.
    bytes: int = 0
    uses: int = 0
    # On the clock of `time.monotonic`.
    last_used: float = 0.0


def victims(slots: Iterable[Slot], wanting: Slot, needed: int, budget: int, evict: bool) -> list[Slot]:
    """The models to unload so that `needed` bytes fit: the least recently used ones that are idle and not pinned.

    Raises ModelNotReadyError (MODEL_TOO_LARGE) if there can be no room, OverloadedError (MODEL_MEMORY_FULL) if there is
    none now. Nothing is unloaded unless that makes enough room.
    """
    holders = [slot for slot in slots if slot.bytes and slot is not wanting]
    free = budget - sum(slot.bytes for slot in holders)
    chosen: list[Slot] = []
    while evict and free < needed:
        staying = [slot for slot in holders if slot not in chosen]
        idle = [slot for slot in staying if _may_leave(slot, wanting) and not adapters_on(slot, staying)]
        if not idle:
            break
        chosen.append(min(idle, key=lambda slot: slot.last_used))
        free += chosen[-1].bytes
    if free < needed:
        raise _no_room(wanting, holders, needed, budget, evict)
    return chosen


def busy(slot: Slot, waiting: int) -> EvaldError:
    """The model is being loaded or unloaded, and the caller must not wait for that."""
    return ModelNotReadyError(
        f"the model {slot.alias} is {slot.state.value}, and {waiting} calls wait for models; try again later",
        reason="MODEL_LOADING",
        metadata={"alias": slot.alias, "state": slot.state.value},
        retry_after=_RETRY_SECONDS,
    )


def failed(alias: str, reason: str) -> EvaldError:
    """The model could not be loaded."""
    return ModelNotReadyError(
        f"the model {alias} could not be loaded: {reason}",
        reason="MODEL_FAILED",
        metadata={"alias": alias, "stateReason": reason},
    )


def in_use(base: Slot, adapters: Iterable[Slot]) -> EvaldError:
    """Adapters need the weights of the model."""
    names = ", ".join(slot.alias for slot in adapters)
    message = f"the model {base.alias} is the base of adapters in memory: unload {names} first"
    return ModelNotReadyError(message, reason="MODEL_IN_USE", metadata={"alias": base.alias, "adapters": names})


def release_memory() -> None:
    """Gives what was freed back to the system, which glibc does not do by itself for holes between what is used."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def adapters_on(base: Slot, slots: Iterable[Slot]) -> list[Slot]:
    """The adapters in memory that need the weights of a model."""
    return [slot for slot in slots if slot.base is base and slot.bytes]


def _may_leave(slot: Slot, wanting: Slot) -> bool:
    idle = slot.state is ModelState.READY and not slot.uses
    return idle and not slot.options.pinned and slot is not wanting.base


def _no_room(wanting: Slot, holders: list[Slot], needed: int, budget: int, evict: bool) -> EvaldError:
    alias = wanting.alias
    held = ", ".join(f"{slot.alias} {slot.bytes} ({_hold(slot)})" for slot in holders)
    free = budget - sum(slot.bytes for slot in holders)
    message = (
        f"the model {alias} needs {needed} bytes, {free} of model_memory = {budget} are free; "
        f"held by {held or 'nobody'}"
    )
    metadata = {"alias": alias, "neededBytes": str(needed), "freeBytes": str(free), "limit": "model_memory"}
    metadata |= {"maximum": str(budget), "holders": ",".join(slot.alias for slot in holders)}
    staying = sum(slot.bytes for slot in holders if _stays(slot, wanting, holders))
    if not evict or needed > budget - staying:
        return ModelNotReadyError(message, reason="MODEL_TOO_LARGE", metadata=metadata)
    return OverloadedError(message, reason="MODEL_MEMORY_FULL", metadata=metadata, retry_after=_RETRY_SECONDS)


def _stays(slot: Slot, wanting: Slot, holders: list[Slot]) -> bool:
    """Whether no waiting makes the model leave for the one that wants in."""
    needed = any(one.options.pinned for one in adapters_on(slot, holders))
    return slot.options.pinned or needed or slot is wanting.base


def _hold(slot: Slot) -> str:
    if slot.options.pinned:
        return "pinned"
    return f"answering {slot.uses} calls" if slot.uses else slot.state.value
