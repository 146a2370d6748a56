"""A loaded model as callers see it: texts in, answers and failed rows out. Must not know its library."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evald.backends.chat import ChatError
from evald.backends.contract import (
    Answer,
    Classification,
    Embeddings,
    LogLikelihoods,
    RowFailure,
    Texts,
    Timings,
    TokenEmbeddings,
    WrittenTokens,
)
from evald.backends.embedding import cut, normalized
from evald.backends.generation import before_stop, writing
from evald.backends.gpu import meter
from evald.backends.likelihood import completion_window, rolling_windows
from evald.backends.probabilities import sigmoid, softmax
from evald.backends.texts import chunks, move_spaces
from evald.backends.trace import Stopwatch
from evald.errors import CancelledError, DeadlineError, InternalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from evald.backends.chat import Chat
    from evald.backends.contract import (
        Backend,
        BatchedRun,
        Batcher,
        BatchObserver,
        CancelToken,
        Doubles,
        EmbeddingInfo,
        Floats,
        GenerationOptions,
        Messages,
        ModelInfo,
        Prompt,
        Result,
        RowKey,
        Text,
        TokenIds,
        TokenSequence,
    )
    from evald.backends.too_long import Cutter


class _Work(NamedTuple):
    """A sequence that runs for a row."""

    row: int
    sequence: TokenSequence


class _Call:
    """One call on its way through a model: what ends it, when it began, and the rows that failed so far."""

    def __init__(self, cancellation: CancelToken, deadline: float | None) -> None:
        self.cancellation = cancellation
        self.deadline = deadline
        self.watch = Stopwatch()
        self.failures: dict[int, RowFailure] = {}
        # Rows whose text was longer than the model reads, and was cut or read in windows.
        self.shortened: set[int] = set()

    def fail(self, row: int, reason: str, message: str) -> None:
        """The first failure of a row counts."""
        self.failures.setdefault(row, RowFailure(row, reason, message))

    def cut(self) -> frozenset[int]:
        """Rows that were answered from less than their whole text, or from windows of it."""
        return frozenset(self.shortened - self.failures.keys())

    def present(self, texts: Sequence[Text | None]) -> list[tuple[int, Text]]:
        """The rows that have a text; the others fail."""
        for row, text in enumerate(texts):
            if text is None:
                self.fail(row, "MISSING_INPUT", "the row has no text for the model")
        return [(row, text) for row, text in enumerate(texts) if text is not None]

    def is_over(self) -> bool:
        """Whether nobody waits for its answers any more."""
        return self.cancellation.is_set() or (self.deadline is not None and time.monotonic() >= self.deadline)

    def check(self) -> None:
        """Ends the call if it is over."""
        if self.cancellation.is_set():
            raise CancelledError("the call was ended while its texts were tokenised")
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise DeadlineError("the deadline passed while texts were tokenised")


class Model:
    """One loaded model with its queue; safe to use from many threads.

    The methods block until every row is done or failed; a row whose text is None fails. `deadline` is on the clock of
    `time.monotonic`. They raise OverloadedError, CancelledError, DeadlineError or UnavailableError.
    """

    def __init__(
        self,
        backend: Backend,
        batcher: Batcher,
        observer: BatchObserver,
        chat: Chat | None = None,
        cutter: Cutter | None = None,
        version: str = "",
    ) -> None:
        self._backend = backend
        self._cutter = cutter
        self._chat = chat
        self._batcher = batcher
        self._observer = observer
        self._closing = threading.Event()
        info = replace(backend.info, batch_tokens=batcher.batch_tokens, version=version)
        if chat is not None:
            info = replace(info, chat_template_digest=chat.digest, request_digest=chat.request_digest)
        if cutter is not None:
            shape = hashlib.sha256(f"{info.request_digest} {cutter.way}".encode()).hexdigest()
            info = replace(info, too_long=cutter.way, request_digest=shape)
        self._info = info

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        return self._info

    @property
    def backend(self) -> Backend:
        """What runs it, for adapters that are put on it."""
        return self._backend

    def classify(
        self, texts: Sequence[Text | None], cancellation: CancelToken, deadline: float | None = None
    ) -> Classification:
        """Probabilities of the classes of every text or pair of texts."""
        call = _Call(cancellation, deadline)
        present = call.present(texts)
        encoded = self._encode([text for _, text in present], call)
        work: list[_Work] = []
        for (row, text), sequence in zip(present, encoded, strict=True):
            work += self._parts(row, text, sequence, self.info.max_tokens, call)
        results, timings = self._run(work, call)
        logits = np.zeros((len(work), len(self.info.classes)), dtype=np.float32)
        for at, result in enumerate(results):
            if isinstance(result, np.ndarray):
                logits[at] = result
        scores = _by_row(
            work, sigmoid(logits) if self.info.multilabel else softmax(logits), len(texts), logits.shape[1]
        )
        _fail_infinite(scores, call)
        return Classification(scores, _sorted(call), timings, call.cut())

    def log_likelihoods(
        self,
        texts: Sequence[Text | None],
        cancellation: CancelToken,
        deadline: float | None = None,
        context: int = 1,
        chats: Mapping[int, Messages] | None = None,
    ) -> LogLikelihoods:
        """Log-likelihoods of the tokens of every text, or of every completion given its prompt; `chats` are prompts by
        the place of their text.

        A text without a prompt may have any length: see `likelihood.rolling_windows`, which explains `context`.
        """
        call, prompts = _Call(cancellation, deadline), chats or {}
        present = call.present(texts)
        work = self._replies([(row, prompts[row], str(text)) for row, text in present if row in prompts], call)
        work += self._windows([(row, text) for row, text in present if row not in prompts], context, call)
        results, timings = self._run(work, call)
        parts: list[list[Doubles]] = [[] for _ in texts]
        for (row, _), result in zip(work, results, strict=True):
            if isinstance(result, np.ndarray):
                parts[row].append(result.astype(np.float64, copy=False))
        nothing = np.zeros(0, dtype=np.float64)
        tokens = [np.concatenate(found) if found else nothing for found in parts]
        for row, found in enumerate(tokens):
            if np.isnan(found).any():
                call.fail(row, "NON_FINITE_SCORE", "the model answered with a value that is not a number")
        for row in call.failures:
            tokens[row] = nothing
        return LogLikelihoods(tokens, _sorted(call), timings, call.cut())

    def write(
        self,
        prompts: Sequence[Prompt | None],
        keys: Sequence[RowKey],
        options: GenerationOptions,
        cancellation: CancelToken,
        deadline: float | None = None,
    ) -> Texts:
        """What a model writes behind every prompt, or for it; `keys` tell rows with the same prompt apart."""
        call = _Call(cancellation, deadline)
        present = self._rendered(prompts, call)
        work: list[_Work] = []
        # A template has put the special tokens where they belong.
        special_tokens = not (self._chat and self._chat.renders)
        encoded = self._encode([text for _, text in present], call, special_tokens)
        for (row, prompt), whole in zip(present, encoded, strict=True):
            sequence = self._prompt(row, prompt, whole, options.max_tokens, special_tokens, call)
            room, fits = self.info.max_tokens, self._fits(row, "input", len(sequence), call)
            if fits and self.info.task == "causal-lm":
                # The answer shares the model's tokens with its prompt, which must leave room for one at least.
                room -= len(sequence)
                fits = self._fits(row, "prompt with the first token of an answer", len(sequence) + 1, call)
            if fits:
                asked = writing(options, room, prompt, keys[row], self._backend.decode, lambda: self._ends(call))
                work.append(_Work(row, replace(sequence, writing=asked)))
        results, timings = self._run(work, call)
        answers: list[Answer | None] = [None] * len(prompts)
        for (row, sequence), result in zip(work, results, strict=True):
            if not isinstance(result, WrittenTokens):
                continue
            if result.finite:
                answers[row] = self._answer(result, len(sequence), options)
            else:
                call.fail(row, "NON_FINITE_SCORE", "the model answered with a value that is not finite")
        written = sum(answer.output_tokens or 0 for answer in answers if answer)
        return Texts(tuple(answers), _sorted(call), replace(timings, output_tokens=written), call.cut())

    def embed(
        self, texts: Sequence[str | None], cancellation: CancelToken, deadline: float | None = None, cuts: bool = False
    ) -> Embeddings:
        """The embedding of every text. One that is too long loses its end with `cuts`, else the alias says."""
        call, encoder = _Call(cancellation, deadline), _encoder(self.info)
        work = self._texts(call.present(texts), encoder.max_tokens, None, cuts, call)
        results, timings = self._run(work, call)
        nothing = np.zeros(encoder.dimensions, dtype=np.float32)
        found = [result if isinstance(result, np.ndarray) else nothing for result in results]
        vectors = _by_row(work, found, len(texts), encoder.dimensions)
        _fail_infinite(vectors, call)
        if encoder.normalize:
            vectors = normalized(vectors)
        return Embeddings(vectors, call.cut(), _sorted(call), timings)

    def embed_tokens(
        self, texts: Sequence[str | None], layer: int, cancellation: CancelToken, deadline: float | None = None
    ) -> TokenEmbeddings:
        """The tokens of every text with their embeddings behind a layer. Texts that are too long lose their end."""
        call = _Call(cancellation, deadline)
        work = self._texts(call.present(texts), self.info.max_tokens, layer, True, call)
        results, timings = self._run(work, call)
        tokens: list[tuple[TokenIds, Floats] | None] = [None] * len(texts)
        for (row, sequence), result in zip(work, results, strict=True):
            if not isinstance(result, np.ndarray):
                continue
            if not np.isfinite(result).all():
                call.fail(row, "NON_FINITE_SCORE", "the model answered with a value that is not finite")
            else:
                tokens[row] = sequence.ids, result.astype(np.float32, copy=False)
        return TokenEmbeddings(tokens, call.cut(), _sorted(call), timings)

    def tokens(self, texts: Sequence[str], cancellation: CancelToken, deadline: float | None = None) -> list[TokenIds]:
        """The tokens that `embed_tokens` reads of every text, without running the model."""
        encoded = self._encode(texts, _Call(cancellation, deadline))
        return [cut(sequence, self.info.max_tokens, _encoder(self.info)).ids for sequence in encoded]

    def close(self) -> None:
        """Ends waiting calls with UnavailableError, joins the threads and frees the model."""
        self._closing.set()
        self._batcher.close()
        self._backend.close()

    def _rendered(self, prompts: Sequence[Prompt | None], call: _Call) -> list[tuple[int, str]]:
        """What the model reads for every prompt; the rows that have none fail."""
        found = []
        for row, prompt in enumerate(prompts):
            if prompt is None:
                call.fail(row, "MISSING_INPUT", "the row has no text for the model")
            elif (text := self._render(row, prompt, call)) is not None:
                found.append((row, text))
        return found

    def _render(self, row: int, prompt: Prompt, call: _Call) -> str | None:
        try:
            return self._chat.render(prompt) if self._chat else str(prompt)
        except ChatError as error:
            call.fail(row, "BAD_MESSAGES", str(error))
            return None

    def _ends(self, call: _Call) -> bool:
        return call.is_over() or self._closing.is_set()

    def _answer(self, written: WrittenTokens, prompt: int, options: GenerationOptions) -> Answer:
        whole = self._backend.decode(written.ids)
        before = before_stop(whole, options.stop)
        text = whole if before is None else before
        reasoning, text = self._chat.split(text) if self._chat else ("", text)
        return Answer(
            text=text,
            reasoning=reasoning,
            finish_reason="stop" if written.ended else "length",
            latency_seconds=written.seconds,
            input_tokens=prompt,
            output_tokens=written.count,
        )

    def _texts(
        self, present: list[tuple[int, Text]], most: int, layer: int | None, cuts: bool, call: _Call
    ) -> list[_Work]:
        """What has to run to embed texts of at most so many tokens."""
        work = list[_Work]()
        encoded = self._encode([text for _, text in present], call)
        for (row, text), sequence in zip(present, encoded, strict=True):
            whole = cut(sequence, most, _encoder(self.info)) if cuts else sequence
            if whole is not sequence:
                call.shortened.add(row)
            parts = self._parts(row, text, whole, most, call)
            work += [_Work(row, replace(part, layer=layer)) for _, part in parts]
        return work

    def _parts(self, row: int, text: Text, whole: TokenSequence, most: int, call: _Call) -> list[_Work]:
        """What has to run for a text: all of it, or what the alias says of texts that are too long."""
        if self._cutter is not None and len(whole) > most and (parts := self._cutter.parts(text, whole, most)):
            call.shortened.add(row)
            return [_Work(row, part) for part in parts]
        return [_Work(row, whole)] if self._fits(row, "input", len(whole), call, most) else []

    def _prompt(
        self, row: int, prompt: str, whole: TokenSequence, asked: int, special_tokens: bool, call: _Call
    ) -> TokenSequence:
        """A prompt that is too long is cut; one that shares the model's tokens with its answer leaves room for all that
        is asked for, at most half.
        """
        most, shares = self.info.max_tokens, self.info.task == "causal-lm"
        if self._cutter is None or len(whole) + shares <= most:
            return whole
        kept = most - min(asked, most // 2) if shares else most
        found = self._cutter.parts(prompt, whole, kept, special_tokens)
        if found:
            call.shortened.add(row)
        return found[0] if found else whole

    def _windows(self, present: list[tuple[int, Text]], context: int, call: _Call) -> list[_Work]:
        """What has to run to score texts and completions."""
        if self.info.task == "seq2seq-lm":
            return self._targets(present, call)
        pairs = [(row, move_spaces(*text)) for row, text in present if not isinstance(text, str) and text[0].strip()]
        alone = [(row, text if isinstance(text, str) else "".join(text)) for row, text in present]
        work = self._completions(pairs, call)
        paired = {row for row, _ in pairs}
        alone = [(row, text) for row, text in alone if row not in paired]
        encoded = self._encode([text for _, text in alone], call, special_tokens=False)
        for (row, _), sequence in zip(alone, encoded, strict=True):
            if not len(sequence):
                call.fail(row, "EMPTY_INPUT", "the text has no tokens")
                continue
            prefix, most = self.info.prefix_token or 0, self.info.max_tokens
            work += [_Work(row, window) for window in rolling_windows(sequence.ids, prefix, most, context)]
        return work

    def _replies(self, present: list[tuple[int, Messages, str]], call: _Call) -> list[_Work]:
        """What has to run to score what may be answered to chats; a template has put the special tokens into them."""
        rendered = [(row, self._render(row, chat, call), text) for row, chat, text in present]
        pairs = [(row, (prompt, text)) for row, prompt, text in rendered if prompt is not None]
        return self._completions(pairs, call, special_tokens=False)

    def _targets(self, present: list[tuple[int, Text]], call: _Call) -> list[_Work]:
        """What has to run to score what may be written for texts."""
        work = []
        for (row, text), sequence in zip(present, self._encode([text for _, text in present], call), strict=True):
            wanted = 0 if sequence.targets is None else len(sequence.targets)
            if self._fits(row, "text to score", wanted, call):
                parts = self._parts(
                    row, text if isinstance(text, str) else text[0], sequence, self.info.max_tokens, call
                )
                work += [_Work(row, replace(part, targets=sequence.targets)) for _, part in parts]
        return work

    def _completions(
        self, pairs: list[tuple[int, tuple[str, str]]], call: _Call, special_tokens: bool = True
    ) -> list[_Work]:
        """Prompt and completion are encoded as one text, and what the prompt alone has is taken off, as the borders of
        tokens may depend on what follows.
        """
        wholes = self._encode([prompt + completion for _, (prompt, completion) in pairs], call, special_tokens)
        # The choices of a question share their prompt.
        prompts = list(dict.fromkeys(prompt for _, (prompt, _) in pairs))
        lengths = dict(zip(prompts, map(len, self._encode(prompts, call, special_tokens)), strict=True))
        work = []
        for (row, (prompt, _)), whole in zip(pairs, wholes, strict=True):
            if not lengths[prompt] < len(whole):
                call.fail(row, "EMPTY_INPUT", "the completion adds no token to its prompt")
                continue
            ids, before = whole.ids, lengths[prompt]
            if self._cutter is not None and len(ids) - 1 > self.info.max_tokens:
                shorter = self._cutter.completion(ids, before, self.info.max_tokens)
                if shorter is not None:
                    call.shortened.add(row)
                    ids, before = shorter
            if self._fits(row, "prompt with its completion but the last token", len(ids) - 1, call):
                work.append(_Work(row, completion_window(ids, before)))
        return work

    def _encode(self, texts: Sequence[Text], call: _Call, special_tokens: bool = True) -> list[TokenSequence]:
        encoded: list[TokenSequence] = []
        for chunk in chunks(texts):
            call.check()
            encoded += self._backend.encode(chunk, special_tokens)
        return encoded

    def _fits(self, row: int, what: str, tokens: int, call: _Call, most: int | None = None) -> bool:
        longest = self.info.max_tokens if most is None else most
        if tokens > longest:
            message = f"the {what} has {tokens} tokens, the model takes at most {longest}"
            call.fail(row, "INPUT_TOO_LONG", message)
        elif not tokens:
            call.fail(row, "EMPTY_INPUT", f"the {what} has no tokens")
        return 0 < tokens <= longest

    def _run(self, work: list[_Work], call: _Call) -> tuple[list[Result | WrittenTokens | None], Timings]:
        """The results of all sequences; adds rows without one to the failures of the call."""
        tokenize_seconds = time.monotonic() - call.watch.began
        self._observer.on_stage(self.info.alias, "tokenize", tokenize_seconds)
        gpu_meter = meter(self.info.device)
        run = self._batcher.run([sequence for _, sequence in work], call.cancellation, call.deadline)
        failed = dict(run.failed)
        for position, ((_, sequence), result) in enumerate(zip(work, run.results, strict=True)):
            if isinstance(result, np.ndarray) and result.shape != _shape(sequence, self.info):
                run.results[position] = None
                failed[position] = "WrongShape"
        for position, error in failed.items():
            message = f"the model failed on the batch of this row ({error})"
            call.fail(work[position].row, "MODEL_ERROR", message)
        tokens = sum(len(sequence) for position, (_, sequence) in enumerate(work) if position not in failed)
        trace = call.watch.stop(
            tokens=sum(len(sequence) for _, sequence in work),
            padded_tokens=run.padded_tokens,
            texts=[(tokenize_seconds, *text) for text in _last_answers(work, run, call)],
            batches=run.batch_seconds,
            gpu=None if gpu_meter is None else gpu_meter.stop(),
        )
        self._observer.on_stage(self.info.alias, "answer", trace.seconds)
        timings = Timings(tokens, run.queue_seconds, tokenize_seconds, run.infer_seconds, len(run.batch_seconds), trace)
        return run.results, timings


def _fail_infinite(answers: Floats, call: _Call) -> None:
    """Rows that are not finite fail; all that failed are zeros."""
    finite = np.isfinite(answers)
    if not finite.all():
        for row in np.flatnonzero(~finite.all(axis=1)).tolist():
            call.fail(row, "NON_FINITE_SCORE", "the model answered with a value that is not finite")
    if call.failures:
        answers[list(call.failures)] = 0.0


def _by_row(work: Sequence[_Work], found: Iterable[Result], rows: int, width: int) -> Floats:
    """What was answered to every row: as it is, or the mean over its windows."""
    own: dict[int, list[Result]] = {}
    for (row, _), answer in zip(work, found, strict=True):
        own.setdefault(row, []).append(answer)
    answers = np.zeros((rows, width), dtype=np.float32)
    for row, windows in own.items():
        answers[row] = windows[0] if len(windows) == 1 else np.mean(windows, axis=0, dtype=np.float64)
    return answers


def _last_answers(work: Sequence[_Work], run: BatchedRun, call: _Call) -> Iterable[tuple[float, float]]:
    """Seconds in the queue and in the model of what was answered last of each text without a failure."""
    last: dict[int, tuple[float, float]] = {}
    for (row, _), *seconds in zip(work, run.waited, run.ran, strict=True):
        if row not in call.failures:
            last[row] = max(last.get(row, (0.0, 0.0)), (seconds[0], seconds[1]), key=sum)
    return last.values()


def _encoder(info: ModelInfo) -> EmbeddingInfo:
    if info.embedding is None:
        raise InternalError("embeddings were asked of a model that gives none")
    return info.embedding


def _shape(sequence: TokenSequence, info: ModelInfo) -> tuple[int, ...]:
    """The shape of what a backend must answer."""
    if sequence.targets is not None:
        return (len(sequence.targets),)
    if info.embedding is None:
        return (len(info.classes),)
    dimensions = info.embedding.dimensions
    return (dimensions,) if sequence.layer is None else (len(sequence), dimensions)


def _sorted(call: _Call) -> tuple[RowFailure, ...]:
    return tuple(failure for _, failure in sorted(call.failures.items()))
