"""Baselines that learn from texts: starts and ends the process that trains them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evald.backends.baseline import worker
from evald.backends.baseline.contract import Guesses
from evald.errors import CancelledError, DeadlineError, InternalError, InvalidRequestError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evald.backends.baseline.contract import Lesson
    from evald.backends.contract import CancelToken

# One thread: the sums of a matrix product depend on how many share it.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_RETRY_SECONDS = 5.0
# What a process wrote when it failed; the last line names the exception.
_LAST_WORDS = 300


@dataclass(frozen=True)
class TrainingLimits:
    """What training may cost; None is no limit. Each limit is named in the error that it causes."""

    max_training_rows: int | None = None
    max_training_seconds: float | None = None
    max_concurrent_trainings: int | None = None


class Trainer:
    """Trains classifiers of texts, at most so many at once; more are refused."""

    def __init__(self, limits: TrainingLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._running = 0

    def __call__(self, kind: str, lesson: Lesson, cancellation: CancelToken, deadline: float | None) -> Guesses:
        """Trains and answers; see `Baselines.answer`."""
        self._check(lesson)
        number = {label: at for at, label in enumerate(lesson.classes)}
        task = {
            "kind": kind,
            "texts": [row.text for row in lesson.rows],
            "labels": [[number[label] for label in row.labels] for row in lesson.rows],
            "multilabel": lesson.multilabel,
            "classes": len(lesson.classes),
            "seed": lesson.seed,
            "asked": lesson.texts,
            "seconds": math.ceil(self._limits.max_training_seconds or 0),
        }
        with self._room():
            answer = self._run(json.dumps(task).encode(), cancellation, deadline)
        return _guesses(lesson, answer)

    def _check(self, lesson: Lesson) -> None:
        most = self._limits.max_training_rows
        if most is not None and len(lesson.rows) > most:
            raise _too_much("max_training_rows", most, f"there are {len(lesson.rows):,} rows to learn from")

    @contextmanager
    def _room(self) -> Iterator[None]:
        most = self._limits.max_concurrent_trainings
        with self._lock:
            if most is not None and self._running >= most:
                raise OverloadedError(
                    f"max_concurrent_trainings of {most} is reached; try again in {_RETRY_SECONDS:g} s",
                    metadata={"limit": "max_concurrent_trainings", "maximum": str(most)},
                    retry_after=_RETRY_SECONDS,
                )
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def _run(self, task: bytes, cancellation: CancelToken, deadline: float | None) -> bytes:
        """What the process wrote. It is ended with the call, whatever ends that."""
        most = self._limits.max_training_seconds
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        limits = [seconds for seconds in (most, left) if seconds is not None]
        process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-P", str(Path(worker.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        unsubscribe = cancellation.subscribe(process.kill)
        try:
            answer, words = process.communicate(task, timeout=min(limits) if limits else None)
        except subprocess.TimeoutExpired:
            if left is not None and left <= min(limits):
                raise DeadlineError("the deadline passed while a baseline was trained") from None
            raise _too_much("max_training_seconds", most, "training takes longer") from None
        finally:
            unsubscribe()
            process.kill()
            # Also after Ctrl-C nothing of it must stay.
            process.communicate()
        if cancellation.is_set():
            raise CancelledError("the call was ended while a baseline was trained")
        if process.returncode == worker.EMPTY_VOCABULARY:
            raise InvalidRequestError.of_field(
                "EMPTY_VOCABULARY",
                "instances",
                "no text of the rows to learn from holds a word of two letters or more",
            )
        if process.returncode:
            last = words.decode(errors="replace").strip().rpartition("\n")[2].partition(":")[0][:_LAST_WORDS]
            raise InternalError(
                f"training a baseline failed with exit code {process.returncode} ({last or 'no words'})"
            )
        return answer


def _too_much(limit: str, most: float | None, problem: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'{problem}, more than {limit} = {most:g}; send fewer rows of the split "train", or raise the limit',
        reason="LIMIT_EXCEEDED",
        metadata={"limit": limit, "maximum": f"{most:g}"},
    )


def _guesses(lesson: Lesson, answer: bytes) -> Guesses:
    # A server whose calls need none must not pay for it.
    import numpy as np

    line, _, numbers = answer.partition(b"\n")
    head = json.loads(line)
    labels = head["labels"]
    scores = np.zeros((len(lesson.texts), len(lesson.classes)), dtype=np.float32)
    scores[:, labels] = np.frombuffer(numbers, dtype="<f4").reshape(len(lesson.texts), len(labels))
    parameters = {
        f"{part}.{name}": str(value) for part, found in head["parameters"].items() for name, value in found.items()
    }
    return Guesses(f"scikit-learn {head['version']}", parameters, scores)
