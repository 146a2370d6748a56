"""The kinds of baselines, and what each reads and gives. Knows neither rows of a request nor the library of a kind."""

from __future__ import annotations

import difflib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evald.backends.baseline.contract import OF_LABELS
from evald.backends.baseline.learned import Trainer, TrainingLimits
from evald.errors import InvalidRequestError

if TYPE_CHECKING:
    from evald.backends.baseline.contract import Guesses, Lesson
    from evald.backends.contract import CancelToken


@dataclass(frozen=True)
class Kind:
    """Whether a kind of baseline learns from texts, and what it gives, in the words of `Spec.needs`."""

    reads_texts: bool
    gives: frozenset[str]


KINDS = {
    "majority": Kind(reads_texts=False, gives=OF_LABELS | {"prediction_text"}),
    "stratified": Kind(reads_texts=False, gives=OF_LABELS),
    "mean": Kind(reads_texts=False, gives=frozenset(("prediction_value",))),
    "median": Kind(reads_texts=False, gives=frozenset(("prediction_value",))),
    "logistic_regression": Kind(reads_texts=True, gives=OF_LABELS),
    "decision_tree": Kind(reads_texts=True, gives=OF_LABELS),
}


def kind_of(name: str, field: str) -> Kind:
    """The kind of this name. Raises InvalidRequestError about the field: UNKNOWN_BASELINE with the nearest names, or
    MISSING_LIBRARY.
    """
    kind = KINDS.get(name)
    if kind is None:
        nearest = difflib.get_close_matches(name, KINDS, n=3)
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else f"there are {', '.join(KINDS)}"
        problem = f"unknown kind of baseline; {hint}"
        raise InvalidRequestError.of_field("UNKNOWN_BASELINE", field, problem, nearest=",".join(nearest))
    if kind.reads_texts and importlib.util.find_spec("sklearn") is None:
        problem = f"{name} needs scikit-learn, which is not installed: install evald[baselines]"
        raise InvalidRequestError.of_field("MISSING_LIBRARY", field, problem, extra="baselines")
    return kind


class Baselines:
    """Trains baselines within limits and asks them; safe to use from many threads."""

    def __init__(self, limits: TrainingLimits | None = None) -> None:
        self._trainer = Trainer(limits or TrainingLimits())

    def answer(self, kind: str, lesson: Lesson, cancellation: CancelToken, deadline: float | None) -> Guesses:
        """Blocks until every row is answered. `deadline` is on the clock of `time.monotonic`.

        Raises CancelledError, DeadlineError, OverloadedError, or InvalidRequestError if the lesson is too large.
        """
        if KINDS[kind].reads_texts:
            return self._trainer(kind, lesson, cancellation, deadline)
        # Needs numpy, which a server whose calls need none must not pay for.
        from evald.backends.baseline import counting

        if kind == "stratified":
            return counting.stratified(lesson, cancellation)
        return {"majority": counting.majority, "mean": counting.mean, "median": counting.median}[kind](lesson)
