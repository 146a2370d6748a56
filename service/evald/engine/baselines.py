"""Joins baselines with the rows of a call: what they learn from, what they are asked, and what a reader should know.

Only what a baseline reads becomes Python strings: labels, references or numbers, and texts for kinds that read them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evald.backends.baseline.contract import OF_LABELS, Lesson, TrainingRow
from evald.backends.baseline.kinds import KINDS, Kind, kind_of
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
        gives = kind_of(source.alias, field).gives
        needed = set(spec.needs) - GOLD
        lacking = [need for need in spec.needs if need in needed - gives]
        if lacking or not needed:
            others = [name for name, kind in KINDS.items() if needed and kind.gives >= needed]
            hint = f"{' and '.join(others)} do" if others else "no kind gives all that the metrics need"
            problem = f"{source.alias} gives no {' or '.join(lacking)}, which a metric of the request needs; {hint}"
            if not needed:
                problem = "no metric of the request reads predictions: leave baselines out"
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
        if guesses.scores is not None:
            _set_scores(batch, index, lesson.classes, guesses.scores, kept)
        if guesses.text is not None or guesses.value is not None:
            batch.set_constant(index, guesses.text, guesses.value)
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
    kind = KINDS[name]
    rows = _training_rows(spec, batch, index, kind)
    multilabel = "label_set" in spec.needs
    keys: Sequence[tuple[str, int]] = batch.keys()
    kept: Sequence[int] = range(len(keys))
    texts: list[str] = []
    if kind.reads_texts:
        given = batch.inputs(index)
        kept = [row for row, text in enumerate(given) if text is not None]
        texts = [text for text in given if text is not None]
    asked = [keys[row] for row in kept]
    wants = kind.gives.intersection(spec.needs)
    lesson = Lesson.of(rows, asked, texts, wants=wants, classes=spec.classes, multilabel=multilabel, seed=spec.seed)
    if lesson.has_labels and not multilabel and len({row.labels for row in rows}) < 2:
        raise InvalidRequestError.of_field(
            "ONE_CLASS", "instances", 'all rows of the split "train" have the same label: there is nothing to learn'
        )
    return lesson, kept


def _training_rows(spec: _native.Spec, batch: _native.Batch, index: int, kind: Kind) -> list[TrainingRow]:
    """The rows that were set aside, with what a kind learns from for these metrics."""
    training, wants = batch.training(index), kind.gives.intersection(spec.needs)
    if not training:
        raise InvalidRequestError.of_field(
            "NO_TRAINING_ROWS", "instances", 'no row has the split "train", from which baselines learn: set it on some'
        )
    places, nothing = [place for place, _, _ in training], [()] * len(training)

    def refuse(reason: str, is_bad: Iterable[bool], field: str, problem: str) -> None:
        _refuse(reason, [place for place, bad in zip(places, is_bad, strict=True) if bad], field, problem)

    labels: Sequence[Sequence[str]] = [found for _, _, found in training] if wants & OF_LABELS else nothing
    if wants & OF_LABELS and "label_set" not in spec.needs:
        one = "a row to learn from has exactly one label"
        refuse("BAD_TRAINING_LABEL", (len(found) != 1 for found in labels), "labels", one)
    texts = [text if kind.reads_texts else "" for _, text, _ in training]
    refuse("MISSING_INPUT", (text is None for text in texts), "inputs", "a row to learn from has a text")
    references: Sequence[Sequence[str]] = batch.training_references() if "prediction_text" in wants else nothing
    if "prediction_text" in wants:
        refuse("MISSING_REFERENCE", (not found for found in references), "references", "a row to learn from has one")
    values: Sequence[float | None] = batch.training_values() if "prediction_value" in wants else [0.0] * len(training)
    refuse("MISSING_VALUE", (value is None for value in values), "value", "a row to learn from has a number")
    return [
        TrainingRow(tuple(found), text or "", tuple(texts_of_row), value or 0.0)
        for found, text, texts_of_row, value in zip(labels, texts, references, values, strict=True)
    ]


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
