"""Lets a model answer rows, by its task: what it reads of a row, and what it answers. Rows are columns of lists here.

The rules for language models are stated in proto/evald/v1/evaluation.proto (ModelSource).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evald.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from evald.backends.contract import CancelToken, Floats, ModelInfo, RowFailure, Task, Text, Timings
    from evald.backends.model import Model
    from evald.backends.remote.contract import Answer, RemoteUse
    from evald.backends.remote.model import RemoteModel

# What the predictions of a model of each task hold, in the words of `Spec.needs`.
PRODUCES: dict[Task, tuple[str, ...]] = {
    "text-classification": ("prediction_label", "prediction_label_set", "class_scores"),
    "causal-lm": ("token_logprobs", "choice_scores"),
    # No metric of answers reads it; metrics that compare texts by a model ask it themselves.
    "embedding": (),
    "text-generation": ("prediction_text", "latency_seconds", "input_tokens", "output_tokens"),
}


@dataclass(frozen=True)
class ModelRows:
    """What a model may read of rows; a column is empty if no row has it or no metric needs it."""

    inputs: Sequence[str | None]
    pair_inputs: Sequence[str | None] = ()
    references: Sequence[str | None] = ()
    choices: Sequence[Sequence[str]] = ()
    context_tokens: int = 1


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model answered, a column a kind; None where the task has no such answer. Rows in `failures` have none."""

    failures: tuple[RowFailure, ...]
    timings: Timings
    class_scores: Floats | None = None
    embeddings: Floats | None = None
    token_logprobs: list[list[float]] | None = None
    choice_scores: list[list[float]] | None = None
    texts: tuple[Answer | None, ...] | None = None
    # What asking an endpoint took.
    remote: RemoteUse | None = None


def check_options(info: ModelInfo, pair_input: str, context_tokens: int, field: str) -> None:
    """Refuses what a model of this task cannot do."""
    if info.task != "text-classification" and pair_input:
        text = f"a {info.task} model reads no pairs: leave it out"
        raise InvalidRequestError.of_field("MODEL_TASK_MISMATCH", f"{field}pair_input", text, task=info.task)
    if info.task == "causal-lm" and not 1 <= context_tokens <= info.max_tokens:
        text = f"must be 1 to {info.max_tokens}, the max_tokens of the model"
        raise InvalidRequestError.of_field("BAD_CONTEXT", f"{field}context_tokens", text)


def ask(
    model: Model, rows: ModelRows, needs: Collection[str] | None, cancellation: CancelToken, deadline: float | None
) -> Answers:
    """The answers that metrics need (see `Spec.needs`); None: a score for each choice of a row, else for its text."""
    if model.info.task == "causal-lm":
        return _score(model, rows, needs, cancellation, deadline)
    if model.info.task == "embedding":
        embedded = model.embed(rows.inputs, cancellation, deadline)
        return Answers(embedded.failures, embedded.timings, embeddings=embedded.vectors)
    texts: Sequence[Text | None] = rows.inputs
    if rows.pair_inputs:
        pairs = zip(rows.inputs, rows.pair_inputs, strict=True)
        texts = [None if first is None or second is None else (first, second) for first, second in pairs]
    result = model.classify(texts, cancellation, deadline)
    return Answers(result.failures, result.timings, class_scores=result.scores)


def ask_endpoint(
    endpoint: RemoteModel,
    rows: ModelRows,
    needs: Collection[str] | None,  # noqa: ARG001 (as `ask` has it: endpoints write texts whatever is needed)
    cancellation: CancelToken,
    deadline: float | None,
) -> Answers:
    """A text a row."""
    found = endpoint.generate(rows.inputs, cancellation, deadline)
    return Answers(found.failures, found.timings, texts=found.answers, remote=found.use)


def _score(
    model: Model, rows: ModelRows, needs: Collection[str] | None, cancellation: CancelToken, deadline: float | None
) -> Answers:
    """Texts and choices of all rows go through the model together, so that its batches are full."""
    asked: list[Text | None] = []
    owners: list[int] = []
    shapes: list[tuple[bool, int]] = []
    for row, prompt in enumerate(rows.inputs):
        choices = rows.choices[row] if rows.choices else ()
        has_text = not choices if needs is None else "token_logprobs" in needs
        reference = rows.references[row] if rows.references else None
        own = [_text_to_score(prompt, reference)] if has_text else []
        own += [_text_to_score(prompt, choice) for choice in choices]
        asked += own
        owners += [row] * len(own)
        shapes.append((has_text, len(choices)))
    result = model.log_likelihoods(asked, cancellation, deadline, rows.context_tokens)
    failures: dict[int, RowFailure] = {}
    for failure in result.failures:
        failures.setdefault(owners[failure.row], failure)
    found = iter(result.tokens)
    token_logprobs: list[list[float]] = []
    choice_scores: list[list[float]] = []
    for row, (has_text, choices_of_row) in enumerate(shapes):
        tokens = next(found).tolist() if has_text else []
        scores = [float(next(found).sum()) for _ in range(choices_of_row)]
        token_logprobs.append([] if row in failures else tokens)
        choice_scores.append([] if row in failures else scores)
    return Answers(
        tuple(replace(failure, row=row) for row, failure in sorted(failures.items())),
        result.timings,
        token_logprobs=token_logprobs,
        choice_scores=choice_scores,
    )


def _text_to_score(prompt: str | None, text: str | None) -> Text | None:
    if text is None:
        return prompt
    return text if prompt is None else (prompt, text)
