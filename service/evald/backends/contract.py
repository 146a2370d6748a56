"""What a model is to the rest of evald, and what a backend and a batcher must do. Knows no library and no transport."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:  # A server without models never imports numpy.
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from evald.backends.trace import Trace

    TokenIds: TypeAlias = NDArray[np.int64]
    Floats: TypeAlias = NDArray[np.float32]
    Doubles: TypeAlias = NDArray[np.float64]
    # What a backend answers for one sequence that it reads; which of them, the task says.
    Result: TypeAlias = Floats | Doubles

Stage = Literal["tokenize", "queue", "infer", "answer"]
Task = Literal["text-classification", "causal-lm", "seq2seq-lm", "text-generation", "embedding"]
# What writes texts and tells how likely texts are.
LANGUAGE_MODELS: tuple[Task, ...] = ("causal-lm", "seq2seq-lm")
# What a model that writes is given: a text, or the role and content of every message of a chat.
Messages: TypeAlias = tuple[tuple[str, str], ...]
Prompt: TypeAlias = str | Messages
# How the embeddings of tokens become that of their text.
Pooling = Literal["mean", "cls", "max"]
# One text or two: what is classified, a prompt and its completion, or an input and what is written for it.
Text: TypeAlias = str | tuple[str, str]


class ModelState(enum.Enum):
    """Whether a model can answer."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    UNLOADED = "unloaded"
    UNLOADING = "unloading"


@dataclass(frozen=True)
class EmbeddingInfo:
    """What an encoder gives. A text that is pooled has at most `max_tokens` tokens; `layers` are those whose embeddings
    of tokens can be had. A tokenizer puts `prefix` before a text and `suffix` behind it.
    """

    dimensions: int
    layers: tuple[int, ...]
    pooling: Pooling
    normalize: bool
    max_tokens: int
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    # Of all that shapes an embedding.
    digest: str
    # Of tokenizers that tell a word behind a space from the same one at the beginning of a text.
    marks_spaces: bool = False


@dataclass(frozen=True)
class ModelInfo:
    """Which model answered, and on what; `batch_invariant` is false unless a probe at load time found it true."""

    alias: str
    task: Task
    classes: tuple[str, ...]
    max_tokens: int
    weights_digest: str
    tokenizer_digest: str
    engine: str
    device: str
    precision: str
    batch_invariant: bool
    # Of a classifier: whether a text may belong to any number of its classes.
    multilabel: bool = False
    # Of a language model: what it reads before the first token of a text without a prompt, and whether it can write.
    prefix_token: int | None = None
    writes: bool = False
    # Of an encoder-decoder: whether it tells how likely texts are.
    scores: bool = False
    # Of an encoder.
    embedding: EmbeddingInfo | None = None
    # Parameters in the files that the model does not have, for example of a head that was left out.
    unused_parameters: tuple[str, ...] = ()
    # Of an endpoint: who saw the texts, which model was asked for, and a digest of what shapes its requests.
    host: str = ""
    remote_model: str = ""
    # Of a model that renders chats: a digest of its template, and in `request_digest` one of what its settings say.
    request_digest: str = ""
    # Most tokens of a batch, with what their padding costs; 0 for endpoints.
    batch_tokens: int = 0
    # Texts of different lengths may share a batch if each has a length that is a multiple of this, with padding: more
    # padding changes no bit of an answer, as a probe found at load time, or answers depend on their batches anyhow. 0:
    # they may not.
    length_step: int = 0
    # Of a model that computes padding in attention only: the width of its hidden states, which tells what that costs.
    packed_width: int = 0
    chat_template_digest: str = ""
    # Of a folder that has several.
    version: str = ""
    # Of an adapter: of its weights; `weights_digest` is that of the base.
    adapter_digest: str = ""
    # What becomes of inputs that are too long, if they are not refused: "head", "tail" or "stride".
    too_long: str = ""


@dataclass(frozen=True)
class GenerationOptions:
    """How to write, by the names of the OpenAI protocol; a temperature of 0 takes the likeliest token."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChatOptions:
    """How a model reads chats: settings of its alias.

    `template` is "auto" (that of the folder, if there is one), "off" or the path of a file. `system` stands before
    chats that have no system message; `system_as_user` moves it into the first message of the user, for templates that
    refuse it. `reasoning` is "auto" (between <think> and </think>, if the model has a template), "off" or START...END.
    """

    template: str = "auto"
    system: str = ""
    system_as_user: bool = False
    reasoning: str = "auto"


@dataclass(frozen=True)
class RowKey:
    """What tells a row from others that ask the same."""

    id: str = ""
    sample: int = 0


class Choice(NamedTuple):
    """How to choose a token from logits: see `GenerationOptions`. `draw` is uniform from 0 to below 1; tokens that are
    banned count as impossible.
    """

    temperature: float
    top_p: float
    draw: float
    banned: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Writing:
    """What a model has to know to write behind a sequence; it is asked after every token.

    `choice` tells how to choose the next token, `is_done` whether tokens hold a text to stop at, and `is_over` whether
    nobody waits for the answer any more.
    """

    max_tokens: int
    choice: Callable[[], Choice]
    is_done: Callable[[Sequence[int]], bool]
    is_over: Callable[[], bool]


@dataclass(frozen=True, eq=False)
class WrittenTokens:
    """What a model wrote behind a sequence: tokens without the one that ends a text.

    `ended` is false if the limit of tokens cut it, `finite` if the model answered with numbers that are none. `count`
    has the end, `seconds` is the time from the start of its batch to its last token.
    """

    ids: Sequence[int]
    count: int
    ended: bool
    finite: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class TokenSequence:
    """The unit of work: what a model reads to give one result.

    `segments` tell the two texts of a pair apart, for models that want to know. `targets` are the tokens whose
    likelihood is asked of a language model: the last one is what may come after all of `ids`, the one before it what
    may come after all but the last of `ids`, and so on; an encoder-decoder writes all of them for `ids`. With
    `writing`, the language model continues `ids` instead, or writes for them.
    `layer` asks an encoder for the embeddings of the tokens behind this layer instead of that of the text.
    """

    ids: TokenIds
    segments: TokenIds | None = None
    targets: TokenIds | None = None
    writing: Writing | None = None
    layer: int | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class RowFailure:
    """Why one row has no answer: MISSING_INPUT, EMPTY_INPUT, INPUT_TOO_LONG, BAD_MESSAGES, MODEL_ERROR or
    NON_FINITE_SCORE.
    """

    row: int
    reason: str
    message: str


@dataclass(frozen=True)
class Timings:
    """What a call cost. A batch shared with other calls counts for `infer_seconds` by its share of the tokens."""

    tokens: int = 0
    queue_seconds: float = 0.0
    tokenize_seconds: float = 0.0
    infer_seconds: float = 0.0
    batches: int = 0
    # Unset if nothing of this process ran.
    trace: Trace | None = None
    # Written by models of the server.
    output_tokens: int = 0

    def plus(self, other: Timings) -> Timings:
        """This call and one that came after it."""
        traces = [trace for trace in (self.trace, other.trace) if trace is not None]
        return Timings(
            tokens=self.tokens + other.tokens,
            queue_seconds=self.queue_seconds + other.queue_seconds,
            tokenize_seconds=self.tokenize_seconds + other.tokenize_seconds,
            infer_seconds=self.infer_seconds + other.infer_seconds,
            batches=self.batches + other.batches,
            trace=traces[0].joined(traces) if traces else None,
            output_tokens=self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True)
class Answer:
    """What a model or an endpoint wrote for a row; the numbers are None where it does not say."""

    text: str
    finish_reason: str
    latency_seconds: float
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None = None
    # What was written before the text, and is no part of it.
    reasoning: str = ""
    # Of a text that an endpoint only repeated: its first token, and the log-likelihood of each, None if it has none.
    echoed: tuple[str, Sequence[float | None]] | None = None
    # Of a judge that was asked for one: the likeliest first tokens and their log-likelihoods.
    likeliest: Sequence[tuple[str, float]] = ()

    @property
    def truncated(self) -> bool:
        """Whether the text ends where the limit of tokens was."""
        return self.finish_reason == "length"


@dataclass(frozen=True, eq=False)
class Texts:
    """One answer a row, None for those in `failures`."""

    answers: tuple[Answer | None, ...]
    failures: tuple[RowFailure, ...]
    timings: Timings
    # Rows whose prompt was cut.
    cut: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class Classification:
    """Probabilities of the classes, [rows, classes] and C-contiguous; the rows in `failures` are all zero."""

    scores: Floats
    failures: tuple[RowFailure, ...]
    timings: Timings
    # Rows that were cut or read in windows.
    cut: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class LogLikelihoods:
    """Natural-log likelihoods of the tokens of every row; the rows in `failures` have none."""

    tokens: list[Doubles]
    failures: tuple[RowFailure, ...]
    timings: Timings
    # Texts whose prompt was cut.
    cut: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class Embeddings:
    """The embedding of every text, [rows, dimensions] and C-contiguous; the rows in `failures` are all zero.

    Where texts are cut, `truncated` says which were.
    """

    vectors: Floats
    truncated: frozenset[int]
    failures: tuple[RowFailure, ...]
    timings: Timings


@dataclass(frozen=True, eq=False)
class TokenEmbeddings:
    """The tokens of every text and their embeddings, [tokens, dimensions]; None for the rows in `failures`."""

    tokens: list[tuple[TokenIds, Floats] | None]
    truncated: frozenset[int]
    failures: tuple[RowFailure, ...]
    timings: Timings


class CancelToken(Protocol):
    """Ends a call early; set from any thread. Knows for whom the call works: calls of one `tenant` share its part of a
    model; without a name each call has its own.
    """

    @property
    def tenant(self) -> str:
        """The name, or nothing."""

    def is_set(self) -> bool:
        """Whether the call was ended."""

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Calls `wake` once when set, at once if it is set already; returns what ends the subscription."""


class Backend(Protocol):
    """One loaded model. `encode` and `run` are called from several threads at once."""

    @property
    def info(self) -> ModelInfo:
        """What the model is."""

    def encode(self, texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
        """The tokens of every text, never truncated, with the special tokens that the tokenizer adds or without.

        All texts are pairs, or none is. The second text of a pair becomes the targets of an encoder-decoder.
        """

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens that the model wrote, without special tokens."""

    def run(self, sequences: Sequence[TokenSequence], length: int) -> Sequence[Result]:
        """One result a sequence. The sequences are padded to `length`, none of them is longer.

        A classifier gives logits [classes], a language model the log-likelihoods [targets] of the sequence's targets,
        an encoder the pooled embedding [dimensions], or [tokens, dimensions] for a sequence with a layer.
        """

    def write(self, sequences: Sequence[TokenSequence]) -> Sequence[WrittenTokens]:
        """What a language model writes behind sequences of one length, all of which have `writing`."""

    def close(self) -> None:
        """Frees the weights. `run` is not called afterwards; `encode` may be, by a call that is refused then."""


class BatchObserver(Protocol):
    """Told what happens to the queue of a model. Called from worker threads: return at once and raise nothing."""

    def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
        """A batch ran."""

    def on_queue(self, alias: str, sequences: int, padded_tokens: int) -> None:
        """The queue has this length now."""

    def on_stage(self, alias: str, stage: Stage, seconds: float) -> None:
        """A call was tokenised ("tokenize"), a sequence left the queue ("queue"), a batch ran ("infer") or a call was
        answered ("answer", from its start).
        """

    def on_shed(self, alias: str, reason: str, sequences: int) -> None:
        """Work was dropped before it ran: "OVERLOADED", "CANCELLED", "DEADLINE" or "SHUTDOWN"."""


class SilentObserver:
    """The `BatchObserver` of who does not want to know."""

    def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
        """Nothing."""

    def on_queue(self, alias: str, sequences: int, padded_tokens: int) -> None:
        """Nothing."""

    def on_stage(self, alias: str, stage: Stage, seconds: float) -> None:
        """Nothing."""

    def on_shed(self, alias: str, reason: str, sequences: int) -> None:
        """Nothing."""


@dataclass(frozen=True, eq=False)
class BatchedRun:
    """Results in the order of the call; `WrittenTokens` of sequences with `writing`.

    `failed` maps a position without one to the class name of the exception. `waited` and `ran` are the seconds that
    each sequence was in the queue and in the model, `batch_seconds` those of the batches.
    """

    results: list[Result | WrittenTokens | None]
    failed: dict[int, str]
    queue_seconds: float
    infer_seconds: float
    padded_tokens: int
    waited: list[float]
    ran: list[float]
    batch_seconds: list[float]


class Batcher(Protocol):
    """The queue in front of one backend: decides which sequences of which calls run together, and when."""

    @property
    def batch_tokens(self) -> int:
        """Most tokens of a batch, with what their padding costs."""

    def run(self, sequences: Sequence[TokenSequence], cancel: CancelToken, deadline: float | None) -> BatchedRun:
        """Blocks until every sequence is done. `deadline` is on the clock of `time.monotonic`.

        Raises OverloadedError, CancelledError, DeadlineError or UnavailableError.
        """

    def close(self) -> None:
        """Ends waiting calls with UnavailableError and joins the threads."""
