"""Finds out how many padded tokens a batch of a model should have on this device. Must not know queues or calls.

A processor is fastest while a batch stays in its caches, a GPU when a batch fills it; which size that is differs by
model and machine, so it is measured when the model is loaded, with texts of a usual length.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evald.backends.contract import LANGUAGE_MODELS, TokenSequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from evald.backends.contract import Backend, ModelInfo

_log = logging.getLogger(__name__)

# Of each device: the sizes that are tried, and what is taken where the model is too slow to try them.
_SIZES = {"cpu": tuple(1 << power for power in range(7, 12)), "cuda": tuple(1 << power for power in range(10, 17))}
_FALLBACKS = {"cpu": 512, "cuda": 16_384}
# Long enough to try all sizes of a small model, short enough for every model of a server.
_SECONDS = 3.0
_LENGTH = 32
# The best run counts, as others may have had the processor for a while: of so many with each size, behind one to warm
# up, and of so many turns of all sizes.
_RUNS, _TURNS = 2, 2
# A smaller batch answers sooner and is taken if it is nearly as fast; past a drop like this none gets faster.
_NEARLY, _DROP = 0.95, 0.9
_TEXT = "a text of usual length shows how many tokens of such texts a model reads best at once "


@dataclass(frozen=True)
class Calibration:
    """Padded tokens of a batch, and seconds a token that were measured with it; None if it was not measured."""

    batch_tokens: int
    pace: float | None = None


def calibrate(backend: Backend, clock: Callable[[], float] = time.perf_counter) -> Calibration:
    """The smallest batch that is nearly as fast as the fastest one."""
    info = backend.info
    paces: dict[int, float] = {}
    end = clock() + _SECONDS
    try:
        sequence = _sequence(backend)
        for size in _SIZES[info.device]:
            # A batch of twice the size takes about twice the time.
            needed = paces[size // 2] * size * (_RUNS + 1) if paces else 0.0
            if clock() + needed > end:
                break
            _pace(backend, sequence, size, clock)
            paces[size] = min(_pace(backend, sequence, size, clock) for _ in range(_RUNS))
            if paces[size] * _DROP > min(paces.values()):
                break
        for size in sorted(paces) * _TURNS:
            if clock() + paces[size] * size <= end:
                paces[size] = min(paces[size], _pace(backend, sequence, size, clock))
    except Exception as error:  # noqa: BLE001 - a size that does not fit the device ends the search, not the model
        _log.info("model %s: batches above %s fail (%s)", info.alias, max(paces, default=0), type(error).__name__)
    return _chosen(info, paces)


def _chosen(info: ModelInfo, paces: dict[int, float]) -> Calibration:
    if len(paces) < 2:
        _log.info("model %s is too slow to measure batches: %d tokens", info.alias, _FALLBACKS[info.device])
        return Calibration(_FALLBACKS[info.device], min(paces.values(), default=None))
    best = min(paces.values())
    size = next(size for size, pace in paces.items() if best >= pace * _NEARLY)
    _log.info("model %s reads %.0f tokens/s in batches of %d tokens", info.alias, 1 / paces[size], size)
    return Calibration(size, paces[size])


def _pace(backend: Backend, sequence: TokenSequence, size: int, clock: Callable[[], float]) -> float:
    batch = [sequence] * max(1, size // len(sequence))
    start = clock()
    backend.run(batch, len(sequence))
    return (clock() - start) / (len(batch) * len(sequence))


def _sequence(backend: Backend) -> TokenSequence:
    """What a batch is made of; the tokens of a language model are scored as well."""
    length = min(_LENGTH, backend.info.max_tokens)
    ids = np.resize(backend.encode([_TEXT])[0].ids, length)
    return TokenSequence(ids, targets=ids if backend.info.task in LANGUAGE_MODELS else None)
