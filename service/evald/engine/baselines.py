"""Joins baselines with the rows of a call: what they learn from, what they are asked, and what a reader should know.

Only what a baseline reads becomes Python strings: labels, and texts for kinds that read them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evald.backends.baseline.contract import Lesson, TrainingRow
from evald.backends.baseline.kinds import KINDS, kind_of
from evald.engine.needs import GOLD
from evald.errors import InvalidRequestError, Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from evald import _native
    from evald.backends.baseline.kinds import Baselines
    from evald.backends.contract import Floats
    from evald.engine.cancellation import Cancellation

# Violations of one error, and rows that a note names, at most.
_MOST_VIOLATIONS = 20
_MOST_NAMED = 10
_NO_INPUT = "the row has no text for the baseline"


@dataclass(frozen=True)
class BaselineFacts:
    """Which baseline answered for a system, for provenance."""

    system: str
    kind: str
    engine: str
    parameters: Mapping[str, str]
    training_rows: int
    training_digest: str


@dataclass(frozen=True)
class Note:
    """What a reader should know about a call as a whole."""

    code: str
    text: str
    count: int
    row_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What the baselines of a call did."""

    facts: tuple[BaselineFacts, ...] = ()
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0


def check_baselines(spec: _native.Spec) -> None:
    """Refuses kinds that do not exist, cannot run here, or do not give what a metric needs."""
    for index, source in enumerate(spec.systems):
        if source.kind != "baseline":
            continue
        field = f"spec.systems[{index}].baseline.kind"
        given = GOLD | kind_of(source.alias, field).gives
        lacking = [need for need in spec.needs if need not in given]
        if lacking:
            others = [name for name, kind in KINDS.items() if kind.gives.issuperset(lacking)]
            hint = f"; {' and '.join(others)} do" if others else "; no baseline does"
            problem = f"{source.alias} gives no {' or '.join(lacking)}, which a metric of the request needs{hint}"
            raise InvalidRequestError.of_field("BASELINE_TASK_MISMATCH", field, problem, kind=source.alias)


def answer_baselines(
    spec: _native.Spec,
    batch: _native.Batch,
    baselines: Baselines,
    most_scores: int,
    cancellation: Cancellation,
    deadline: float | None,
) -> Trained:
    """Trains every baseline of the request on the rows that were set aside, and sets its predictions of the others.

    `most_scores` is the limit max_collected_numbers, for the scores of one baseline.
    """
    asked = [(index, source) for index, source in enumerate(spec.systems) if source.kind == "baseline"]
    if not asked:
        return Trained()
    start = time.monotonic()
    if not len(batch):
        raise InvalidRequestError.of_field(
            "NO_ROWS_TO_SCORE", "instances", 'every row has the split "train": send rows to score as well'
        )
    facts, overlap, rows = [], _Overlap(batch), 0
    for index, source in asked:
        lesson, kept = _lesson(spec, batch, index, source.alias)
        _check_size(len(batch), len(lesson.classes), most_scores)
        guesses = baselines.answer(source.alias, lesson, cancellation, deadline)
        _set_scores(batch, index, lesson.classes, guesses.scores, kept)
        rows = len(lesson.rows)
        overlap.see(lesson, kept)
        facts.append(
            BaselineFacts(source.name, source.alias, guesses.engine, guesses.parameters, rows, lesson.digest())
        )
    text = 'the rows of the split "train" are what baselines learned from; they are scored for no system'
    notes = (Note("TRAINING_ROWS", text, rows), *overlap.notes())
    return Trained(tuple(facts), notes, time.monotonic() - start)


def _lesson(spec: _native.Spec, batch: _native.Batch, index: int, name: str) -> tuple[Lesson, Sequence[int]]:
    """What a baseline learns and is asked, and the rows it is asked about: all that have what it reads."""
    training, multilabel = batch.training(index), "label_set" in spec.needs
    if not training:
        raise InvalidRequestError.of_field(
            "NO_TRAINING_ROWS", "instances", 'no row has the split "train", from which baselines learn: set it on some'
        )
    reads_texts = KINDS[name].reads_texts
    if not multilabel:
        unlabelled = [place for place, _, labels in training if len(labels) != 1]
        _refuse("BAD_TRAINING_LABEL", unlabelled, "labels", "a row to learn from has exactly one label")
    if reads_texts:
        textless = [place for place, text, _ in training if text is None]
        _refuse("MISSING_INPUT", textless, "inputs", "a row to learn from has a text")
    rows = [TrainingRow(tuple(labels), text or "" if reads_texts else "") for _, text, labels in training]
    if not multilabel and len({row.labels for row in rows}) < 2:
        raise InvalidRequestError.of_field(
            "ONE_CLASS", "instances", 'all rows of the split "train" have the same label: there is nothing to learn'
        )
    keys: Sequence[tuple[str, int]] = batch.keys()
    kept: Sequence[int] = range(len(keys))
    texts: list[str] = []
    if reads_texts:
        given = batch.inputs(index)
        kept = [row for row, text in enumerate(given) if text is not None]
        texts = [text for text in given if text is not None]
    asked = [keys[row] for row in kept]
    return Lesson.of(rows, asked, texts, classes=spec.classes, multilabel=multilabel, seed=spec.seed), kept


def _check_size(rows: int, classes: int, most: int) -> None:
    if rows * classes > most:
        raise InvalidRequestError.of_field(
            "LIMIT_EXCEEDED",
            "instances",
            f"a baseline scores {rows:,} rows x {classes:,} classes, more than max_collected_numbers of {most:,}; send "
            "fewer rows in a call",
            limit="max_collected_numbers",
            maximum=str(most),
        )


def _refuse(reason: str, places: Sequence[int], field: str, problem: str) -> None:
    if places:
        paths = [f"instances[{place}].{field}" for place in places[:_MOST_VIOLATIONS]]
        more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        raise InvalidRequestError(
            f"{paths[0]}: {problem}{more}", reason=reason, violations=[Violation(path, problem) for path in paths]
        )


def _set_scores(batch: _native.Batch, index: int, classes: Sequence[str], scores: Floats, kept: Sequence[int]) -> None:
    """Sets the predictions of the rows that were asked about; the others fail."""
    if len(kept) < len(batch):
        import numpy as np

        every = np.zeros((len(batch), len(classes)), dtype=np.float32)
        every[kept] = scores
        scores = every
        lacking = sorted(set(range(len(batch))).difference(kept))
        batch.fail(index, lacking, "MISSING_INPUT", _NO_INPUT)
    batch.set_class_scores(index, classes, scores)


class _Overlap:
    """Rows to score that a baseline has seen while it learned."""

    def __init__(self, batch: _native.Batch) -> None:
        self._batch = batch
        self._rows: set[int] = set()

    def see(self, lesson: Lesson, kept: Sequence[int]) -> None:
        """Compares the texts that were learned with those asked about."""
        if lesson.texts:
            known = {row.text for row in lesson.rows}
            self._rows.update(row for row, text in zip(kept, lesson.texts, strict=True) if text in known)

    def notes(self) -> Iterable[Note]:
        """A note if there are such rows."""
        if not self._rows:
            return ()
        keys = self._batch.keys()
        text = "rows to score have the text of a row that a baseline learned from, which knows their answer"
        named = tuple(keys[row][0] for row in sorted(self._rows)[:_MOST_NAMED])
        return (Note("TRAINING_OVERLAP", text, len(self._rows), named),)
