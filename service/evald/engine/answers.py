"""Lets a model answer rows, by its task: what it reads of a row, and what it answers. Rows are columns of lists here.

The rules for language models are stated in proto/evald/v1/evaluation.proto (ModelSource).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evald.backends.chat import problem_of
from evald.backends.contract import LANGUAGE_MODELS, GenerationOptions, RowFailure, RowKey
from evald.backends.remote.echo import Echoes
from evald.engine.scoring import ToScore
from evald.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from evald.backends.contract import (
        Answer,
        CancelToken,
        Floats,
        ModelInfo,
        Prompt,
        Task,
        Text,
        Timings,
    )
    from evald.backends.model import Model
    from evald.backends.remote.contract import RemoteUse
    from evald.backends.remote.model import RemoteModel

# What the predictions of a model of each task hold, in the words of `Spec.needs`: classes, or what a language model
# scores and what comes with a text that it writes.
_SCORES = ("token_logprobs", "choice_scores")
_WRITES = ("prediction_text", "latency_seconds", "input_tokens", "output_tokens")
_PRODUCES: dict[Task, tuple[str, ...]] = {
    "text-classification": ("prediction_label", "prediction_label_set", "class_scores"),
    "causal-lm": _SCORES,
    # Some tell no likelihoods: see `produces`.
    "seq2seq-lm": (),
    # No metric of answers reads it; metrics that compare texts by a model ask it themselves.
    "embedding": (),
    "text-generation": _WRITES,
}


@dataclass(frozen=True)
class ModelRows:
    """What a model may read of rows; a column is empty if no row has it or no metric needs it."""

    inputs: Sequence[str | None]
    # Chats, in place of inputs; a row that has none is empty.
    messages: Sequence[Sequence[tuple[str, str]]] = ()
    pair_inputs: Sequence[str | None] = ()
    references: Sequence[str | None] = ()
    choices: Sequence[Sequence[str]] = ()
    context_tokens: int = 1
    # Has a language model write; `keys` are the ids and samples of the rows then.
    generation: GenerationOptions | None = None
    keys: Sequence[RowKey] = ()


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
    # Rows whose text was longer than the model reads, and was cut or read in windows.
    cut: frozenset[int] = frozenset()

    @property
    def truncated(self) -> int:
        """Texts that end where the limit of tokens was."""
        return sum(text is not None and text.truncated for text in self.texts or ())


def produces(info: ModelInfo) -> tuple[str, ...]:
    """What the predictions of a model hold, in the words of `Spec.needs`."""
    return (*_PRODUCES[info.task], *(_SCORES if info.scores else ()), *(_WRITES if info.writes else ()))


def must_write(needs: Collection[str]) -> bool:
    """Whether metrics need what a language model writes."""
    return not set(_WRITES).isdisjoint(needs)


def check_options(info: ModelInfo, pair_input: str, context_tokens: int, writes: bool, field: str) -> None:
    """Refuses what a model of this task cannot do; `writes` tells whether the request says how to write."""
    if info.task != "text-classification" and pair_input:
        text = f"a {info.task} model reads no pairs: leave it out"
        raise InvalidRequestError.of_field("MODEL_TASK_MISMATCH", f"{field}pair_input", text, task=info.task)
    if info.task == "causal-lm" and not 1 <= context_tokens <= info.max_tokens:
        text = f"must be 1 to {info.max_tokens}, the max_tokens of the model"
        raise InvalidRequestError.of_field("BAD_CONTEXT", f"{field}context_tokens", text)
    if writes and not info.writes:
        if info.task == "text-generation":
            text = "the settings of an endpoint say how it writes: leave it out"
        elif info.task == "causal-lm":
            text = "the model keeps no keys and values, so it cannot write: export its ONNX graph with past_key_values"
        else:
            text = f"a {info.task} model writes no texts: leave it out"
        raise InvalidRequestError.of_field("MODEL_TASK_MISMATCH", f"{field}generation", text, task=info.task)


def ask(
    model: Model, rows: ModelRows, needs: Collection[str] | None, cancellation: CancelToken, deadline: float | None
) -> Answers:
    """The answers that metrics need (see `Spec.needs`).

    None: a text if the rows say how to write, else a score for each choice of a row, else for its text.
    """
    if model.info.task == "seq2seq-lm" and needs is None and rows.generation is None:
        # There is no text of its own that it could score instead.
        rows = replace(rows, generation=GenerationOptions())
    if rows.generation is None and any(rows.messages) and model.info.task != "causal-lm":
        return _without_messages(rows, lambda others: ask(model, others, needs, cancellation, deadline))
    if model.info.task in LANGUAGE_MODELS:
        if rows.generation is None:
            return _score(model, rows, needs, cancellation, deadline)
        texts = _write(model, rows, rows.generation, cancellation, deadline)
        if needs is None or set(_SCORES).isdisjoint(needs):
            return texts
        scores = replace(rows, generation=None)
        return _joined(texts, ask(model, scores, needs, cancellation, deadline))
    if model.info.task == "embedding":
        embedded = model.embed(rows.inputs, cancellation, deadline)
        return Answers(embedded.failures, embedded.timings, embeddings=embedded.vectors, cut=embedded.truncated)
    read: Sequence[Text | None] = rows.inputs
    if rows.pair_inputs:
        pairs = zip(rows.inputs, rows.pair_inputs, strict=True)
        read = [None if first is None or second is None else (first, second) for first, second in pairs]
    result = model.classify(read, cancellation, deadline)
    return Answers(result.failures, result.timings, class_scores=result.scores, cut=result.cut)


def ask_endpoint(
    endpoint: RemoteModel,
    rows: ModelRows,
    needs: Collection[str] | None,
    cancellation: CancelToken,
    deadline: float | None,
) -> Answers:
    """A text a row, unless metrics need scores alone, and the scores that they need."""
    scores = needs is not None and not set(_SCORES).isdisjoint(needs)
    if scores and any(rows.messages):
        return _without_messages(rows, lambda others: ask_endpoint(endpoint, others, needs, cancellation, deadline))
    writes = not scores or "cost" in (needs or ()) or must_write(needs or ())
    prompts, refused = _prompts(rows) if writes else ([], [])
    to_score = ToScore(endpoint.info, rows, rows.inputs if scores else (), (), needs)
    echoes = Echoes(endpoint.settings, to_score.asked)
    found = endpoint.generate([*prompts, *echoes.asked], cancellation, deadline)
    failures = [failure for failure in found.failures if failure.row < len(prompts)]
    answers = Answers(_with(refused, failures), found.timings, remote=found.use)
    if writes:
        answers = replace(answers, texts=found.answers[: len(prompts)])
    if not scores:
        return answers
    lost, tokens, choices = to_score.collected(*echoes.scores(found, len(prompts)))
    together = _with(answers.failures, lost)
    return replace(answers, failures=together, token_logprobs=tokens, choice_scores=choices)


def _write(
    model: Model, rows: ModelRows, options: GenerationOptions, cancellation: CancelToken, deadline: float | None
) -> Answers:
    prompts, refused = _prompts(rows)
    # Rows that come without keys are not drawn.
    keys = rows.keys or [RowKey()] * len(prompts)
    found = model.write(prompts, keys, options, cancellation, deadline)
    return Answers(_with(refused, found.failures), found.timings, texts=found.answers, cut=found.cut)


def _prompts(rows: ModelRows) -> tuple[list[Prompt | None], list[RowFailure]]:
    """The chat of every row, or its input; rows whose chat is none fail."""
    prompts: list[Prompt | None] = list(rows.inputs)
    refused = []
    for row, messages in enumerate(rows.messages):
        chat = tuple(messages)
        if chat and (problem := problem_of(chat)):
            refused.append(RowFailure(row, "BAD_MESSAGES", problem))
            prompts[row] = None
        elif chat:
            prompts[row] = chat
    return prompts, refused


def _with(first: Iterable[RowFailure], others: Iterable[RowFailure]) -> tuple[RowFailure, ...]:
    """All failures by row; those of `first` count where a row has two."""
    failures = {failure.row: failure for failure in (*others, *first)}
    return tuple(failure for _, failure in sorted(failures.items()))


def _without_messages(rows: ModelRows, answer: Callable[[ModelRows], Answers]) -> Answers:
    """For models that read no chats: rows that have one fail, the others are answered."""
    chats = {row for row, messages in enumerate(rows.messages) if messages}
    others = replace(
        rows,
        messages=(),
        inputs=[None if row in chats else text for row, text in enumerate(rows.inputs)],
        references=[None if row in chats else text for row, text in enumerate(rows.references)],
        choices=[() if row in chats else texts for row, texts in enumerate(rows.choices)],
    )
    found = answer(others)
    problem = "only what writes, and a causal-lm model that scores, reads messages: send an input"
    refused = [RowFailure(row, "BAD_MESSAGES", problem) for row in sorted(chats)]
    return replace(found, failures=_with(refused, found.failures))


def _joined(texts: Answers, scores: Answers) -> Answers:
    """Texts and scores of the same rows; the first failure of a row counts, and what else it has is not used."""
    return replace(
        scores,
        failures=_with(texts.failures, scores.failures),
        timings=texts.timings.plus(scores.timings),
        cut=texts.cut | scores.cut,
        texts=texts.texts,
    )


def _score(
    model: Model, rows: ModelRows, needs: Collection[str] | None, cancellation: CancelToken, deadline: float | None
) -> Answers:
    """Texts and choices of all rows go through the model together, so that its batches are full."""
    prompts, refused = _prompts(rows)
    to_score = ToScore(model.info, rows, prompts, refused, needs)
    asked, chats = to_score.asked, to_score.chats
    result = model.log_likelihoods(asked, cancellation, deadline, rows.context_tokens, chats)
    failures, tokens, choices = to_score.collected([tokens.tolist() for tokens in result.tokens], result.failures)
    cut = to_score.owners(result.cut) - {failure.row for failure in failures}
    return Answers(failures, result.timings, token_logprobs=tokens, choice_scores=choices, cut=cut)
