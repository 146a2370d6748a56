"""Lets a model answer rows, by its task: what it reads of a row, and what it answers. Rows are columns of lists here.

The rules for language models are stated in proto/evald/v1/evaluation.proto (ModelSource).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evald.backends.chat import problem_of
from evald.backends.contract import GenerationOptions, RowFailure, RowKey
from evald.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from evald.backends.contract import (
        Answer,
        CancelToken,
        Floats,
        Messages,
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
# What writes texts and tells how likely texts are.
LANGUAGE_MODELS: tuple[Task, ...] = ("causal-lm", "seq2seq-lm")


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
        return Answers(embedded.failures, embedded.timings, embeddings=embedded.vectors)
    read: Sequence[Text | None] = rows.inputs
    if rows.pair_inputs:
        pairs = zip(rows.inputs, rows.pair_inputs, strict=True)
        read = [None if first is None or second is None else (first, second) for first, second in pairs]
    result = model.classify(read, cancellation, deadline)
    return Answers(result.failures, result.timings, class_scores=result.scores)


def ask_endpoint(
    endpoint: RemoteModel,
    rows: ModelRows,
    needs: Collection[str] | None,  # noqa: ARG001 (as `ask` has it: endpoints write texts whatever is needed)
    cancellation: CancelToken,
    deadline: float | None,
) -> Answers:
    """A text a row."""
    prompts, refused = _prompts(rows)
    found = endpoint.generate(prompts, cancellation, deadline)
    return Answers(_with(refused, found.failures), found.timings, texts=found.answers, remote=found.use)


def _write(
    model: Model, rows: ModelRows, options: GenerationOptions, cancellation: CancelToken, deadline: float | None
) -> Answers:
    prompts, refused = _prompts(rows)
    # Rows that come without keys are not drawn.
    keys = rows.keys or [RowKey()] * len(prompts)
    found = model.write(prompts, keys, options, cancellation, deadline)
    return Answers(_with(refused, found.failures), found.timings, texts=found.answers)


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
        texts=texts.texts,
    )


def _score(
    model: Model, rows: ModelRows, needs: Collection[str] | None, cancellation: CancelToken, deadline: float | None
) -> Answers:
    """Texts and choices of all rows go through the model together, so that its batches are full."""
    prompts, refused = _prompts(rows)
    asked: list[Text | None] = []
    chats: dict[int, Messages] = {}
    lacking = {failure.row: failure for failure in refused}
    owners: list[int] = []
    shapes: list[tuple[bool, int]] = []
    for row, prompt in enumerate(prompts):
        choices = rows.choices[row] if rows.choices else ()
        has_text = not choices if needs is None else "token_logprobs" in needs
        reference = rows.references[row] if rows.references else None
        texts = [*([reference] if has_text else []), *choices]
        if row not in lacking and (problem := _lacks(model.info, prompt, texts)):
            lacking[row] = RowFailure(row, *problem)
        if row in lacking:
            own: list[Text | None] = [None] * len(texts)
        elif isinstance(prompt, tuple):
            own = list(texts)
            chats |= dict.fromkeys(range(len(asked), len(asked) + len(own)), prompt)
        else:
            own = [_text_to_score(prompt, text) for text in texts]
        asked += own
        owners += [row] * len(own)
        shapes.append((has_text, len(choices)))
    result = model.log_likelihoods(asked, cancellation, deadline, rows.context_tokens, chats)
    failures = lacking
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


def _lacks(info: ModelInfo, prompt: Prompt | None, texts: Sequence[str | None]) -> tuple[str, str] | None:
    """Reason and words if a row has one text where two are needed: one that is read, and one that is scored."""
    if prompt is None and info.task == "seq2seq-lm":
        return "MISSING_INPUT", "the row has no input, for which an encoder-decoder scores texts"
    if None in texts and info.task == "seq2seq-lm":
        return "MISSING_REFERENCE", "the row has no reference, which is scored for its input"
    if None in texts and isinstance(prompt, tuple):
        return (
            "MISSING_REFERENCE",
            "the row has no reference to score behind its chat; to have it answered, say generation",
        )
    return None


def _text_to_score(prompt: str | None, text: str | None) -> Text | None:
    if text is None:
        return prompt
    return text if prompt is None else (prompt, text)
