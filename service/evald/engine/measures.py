"""Has models compute the numbers of metrics that compare texts by embeddings, for every row and system of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evald.engine.matching import Weights, best, cosine, matched
from evald.errors import CancelledError, EvaldError, InternalError, InvalidRequestError, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from evald import _native
    from evald.backends.contract import CancelToken, EmbeddingInfo, ModelInfo, RowFailure, Timings
    from evald.backends.model import Model

    Numbers = Mapping[str, float]

# Texts whose embeddings are held at once, in characters: of tokens, some 64 MB of a large model.
_CHUNK_CHARACTERS = 1 << 16


@dataclass(frozen=True)
class Measured:
    """That a model computed metrics of a call: the metrics' keys, the model, and what it took."""

    metrics: tuple[str, ...]
    info: ModelInfo
    timings: tuple[Timings, ...]


@dataclass(frozen=True)
class _Texts:
    """Predictions by system and row, and the references of the rows."""

    predictions: Sequence[Sequence[str | None]]
    references: Sequence[Sequence[str]]


@dataclass(frozen=True, eq=False)
class _Embedded:
    """Different texts of some rows: what compares two of them, which were cut, which failed, and what it took."""

    compare: Callable[[int, int], tuple[float, ...]]
    truncated: frozenset[int]
    failures: tuple[RowFailure, ...]
    timings: Timings


def models_of(spec: _native.Spec, describe: Callable[[str], ModelInfo]) -> dict[str, ModelInfo]:
    """The models that metrics of a call name. Raises as `describe`, or InvalidRequestError."""
    found: dict[str, ModelInfo] = {}
    for measure in spec.measures:
        field = f"spec.metrics[{measure.metric}].params"
        try:
            info = found.get(measure.model) or describe(measure.model)
        except EvaldError as error:
            error.violations = (Violation(f"{field}.model", error.message),)
            raise
        found[measure.model] = info
        encoder = info.embedding
        if encoder is None:
            text = f"a {info.task} model gives no embeddings; name one whose task is embedding"
            raise InvalidRequestError.of_field("MODEL_TASK_MISMATCH", f"{field}.model", text, task=info.task)
        if measure.layer >= 0 and measure.layer not in encoder.layers:
            text = f"the model gives the layers {', '.join(map(str, encoder.layers))}; -1 is the last one"
            raise InvalidRequestError.of_field("BAD_PARAMETER", f"{field}.layer", text, parameter="layer")
    return found


def measure(
    spec: _native.Spec,
    batch: _native.Batch,
    models: Mapping[str, ModelInfo],
    use: Callable[[ModelInfo], AbstractContextManager[Model]],
    cancellation: CancelToken,
    deadline: float | None,
) -> list[Measured]:
    """Gives the batch the numbers that its metrics need. Rows on whose texts a model fails are failed rows.

    A model is in use, and so in memory, only while it computes.
    """
    texts = _Texts([batch.prediction_texts(system) for system in range(len(spec.systems))], batch.references())
    groups: dict[tuple[str, bool, int, bool], list[_native.Measure]] = {}
    for one in spec.measures:
        groups.setdefault((one.model, one.of == "similarity", one.layer, one.idf), []).append(one)
    failed: set[tuple[int, int]] = set()
    done = []
    for (alias, of_texts, layer, idf), members in groups.items():
        parts = ("similarity",) if of_texts else ("precision", "recall", "f1")
        with use(models[alias]) as model:
            if of_texts:
                embed = _texts_by(model, cancellation, deadline)
            else:
                embed = _tokens_by(model, layer, texts.references if idf else None, cancellation, deadline)
            run = _Run(texts, len(parts), embed, cancellation)
            run.compute()
        for one in {one.name: one for one in members}.values():
            numbers = np.ascontiguousarray(run.numbers[parts.index(one.of)])
            batch.set_measure(one.name, numbers, run.truncated)
        for (row, system), failure in run.failures.items():
            if (row, system) not in failed:
                failed.add((row, system))
                batch.fail(system, [row], failure.reason, failure.message)
        done.append(Measured(tuple(one.key for one in members), models[alias], tuple(run.timings)))
    return done


class _Run:
    """The numbers of one way to compare texts: by part, row and system; NaN where there is no text or no number."""

    def __init__(
        self, texts: _Texts, parts: int, embed: Callable[[list[str]], _Embedded], cancellation: CancelToken
    ) -> None:
        shape = (len(texts.references), len(texts.predictions))
        self.numbers = np.full((parts, *shape), np.nan)
        self.truncated = np.zeros(shape, dtype=np.uint8)
        self.failures: dict[tuple[int, int], RowFailure] = {}
        self.timings: list[Timings] = []
        self._texts = texts
        self._embed = embed
        self._cancellation = cancellation

    def compute(self) -> None:
        """Some rows after the others, so that no more embeddings are held than those of some rows."""
        for rows in _chunks(self._texts):
            places: dict[str, int] = {}
            for row in rows:
                for text in (*self._texts.references[row], *self._answers(row).values()):
                    places.setdefault(text, len(places))
            embedded = self._embed(list(places))
            self.timings.append(embedded.timings)
            failures = {failure.row: failure for failure in embedded.failures}
            for row in rows:
                if self._cancellation.is_set():
                    raise CancelledError("the call was ended while texts were compared")
                references = [places[text] for text in self._texts.references[row]]
                for system, text in self._answers(row).items():
                    self._compare(row, system, places[text], references, embedded, failures)

    def _answers(self, row: int) -> dict[int, str]:
        """The predictions of the row by system, where there are any."""
        texts = ((system, texts[row]) for system, texts in enumerate(self._texts.predictions))
        return {system: text for system, text in texts if text is not None}

    def _compare(
        self,
        row: int,
        system: int,
        prediction: int,
        references: list[int],
        embedded: _Embedded,
        failures: Mapping[int, RowFailure],
    ) -> None:
        failure = next((failures[text] for text in (prediction, *references) if text in failures), None)
        if failure is not None:
            self.failures[row, system] = failure
            return
        found = best(embedded.compare(prediction, reference) for reference in references)
        self.numbers[:, row, system] = found
        self.truncated[row, system] = not embedded.truncated.isdisjoint((prediction, *references))


def _chunks(texts: _Texts) -> Iterator[range]:
    start = characters = 0
    for row, references in enumerate(texts.references):
        predictions = (predictions[row] or "" for predictions in texts.predictions)
        characters += sum(len(text) + 1 for text in (*references, *predictions))
        if characters >= _CHUNK_CHARACTERS:
            yield range(start, row + 1)
            start, characters = row + 1, 0
    if start < len(texts.references):
        yield range(start, len(texts.references))


def _texts_by(model: Model, cancellation: CancelToken, deadline: float | None) -> Callable[[list[str]], _Embedded]:
    """Compares embeddings of whole texts."""

    def embed(texts: list[str]) -> _Embedded:
        found = model.embed(texts, cancellation, deadline, cuts=True)

        def compare(prediction: int, reference: int) -> tuple[float, ...]:
            return (cosine(found.vectors[prediction], found.vectors[reference]),)

        return _Embedded(compare, found.truncated, found.failures, found.timings)

    return embed


def _tokens_by(
    model: Model,
    layer: int,
    idf_references: Sequence[Sequence[str]] | None,
    cancellation: CancelToken,
    deadline: float | None,
) -> Callable[[list[str]], _Embedded]:
    """Matches embeddings of tokens."""
    info = _encoder(model)
    weights = Weights(info)
    if idf_references is not None:
        references = [_spelled(text, info) for row in idf_references for text in row]
        weights = Weights(info, model.tokens(references, cancellation, deadline))

    def embed(texts: list[str]) -> _Embedded:
        behind = info.layers[-1] if layer < 0 else layer
        found = model.embed_tokens([_spelled(text, info) for text in texts], behind, cancellation, deadline)
        sides = [None if entry is None else weights.tokens(*entry) for entry in found.tokens]

        def compare(prediction: int, reference: int) -> tuple[float, ...]:
            one, other = sides[prediction], sides[reference]
            return (0.0, 0.0, 0.0) if one is None or other is None else matched(one, other)

        return _Embedded(compare, found.truncated, found.failures, found.timings)

    return embed


def _encoder(model: Model) -> EmbeddingInfo:
    info = model.info.embedding
    if info is None:
        raise InternalError("models_of lets no other model through")
    return info


def _spelled(text: str, info: EmbeddingInfo) -> str:
    """As bert-score gives a text to the tokenizer: its first word is like any other."""
    text = text.strip()
    return f" {text}" if text and info.marks_spaces else text
