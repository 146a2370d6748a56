"""The Rust extension: reads rows from request bytes, scores them and encodes the answer.

All work on rows runs with the GIL released. Errors are the classes of `evald.errors`.
Used only by `evald.engine` and the embedded API; everything else goes through those.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, TypeVar, final, overload

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "UNICODE_VERSION",
    "VERSION",
    "Accumulator",
    "Batch",
    "CancelFlag",
    "Generation",
    "InlineScorer",
    "Limits",
    "Measure",
    "Resources",
    "Spec",
    "SystemSource",
    "build_info",
    "calibrate_judge",
    "check_pattern",
    "emar",
    "find_leaks",
    "gate",
    "get_metric",
    "list_metrics",
    "plan",
    "rank_systems",
    "read_json_field",
    "read_letters",
    "read_pattern",
    "row_fields",
    "row_places",
    "set_threads",
]

_T = TypeVar("_T")

# The text, whether the limit of tokens cut it, and latency in seconds, tokens read, tokens written and cost.
_WrittenText: TypeAlias = tuple[str, bool, tuple[float | None, float | None, float | None, float | None]]

VERSION: Final[str]
UNICODE_VERSION: Final[str]

def build_info() -> dict[str, str]:
    """Facts of the build: profile (of Cargo: "release", "debug", ...), target, version, and cpu: what scoring uses.

    cpu is the best of "plain", "avx2" and "avx512" that the processor has, or what the environment variable EVALD_CPU
    names. Importing this module raises ValueError if that is none of them or more than the processor has.
    """

def set_threads(threads: int) -> None:
    """Sets the size of the scoring pool of this process, once, before the first call.

    Raises InvalidRequestError if the pool runs already with another size.
    """

def list_metrics() -> bytes:
    """A serialised `evald.v1.ListMetricsResponse`."""

def get_metric(name: str) -> bytes:
    """A serialised `evald.v1.GetMetricResponse`. Raises NotFoundError with the nearest names."""

def plan(request: bytes) -> bytes:
    """A serialised `evald.v1.PlanResponse` of a serialised `PlanRequest`. Raises InvalidRequestError (BAD_PLAN)."""

def calibrate_judge(request: bytes, limits: Limits, cancel: CancelFlag | None) -> bytes:
    """A serialised `evald.v1.CalibrateJudgeResponse` of a serialised `CalibrateJudgeRequest`.

    Raises InvalidRequestError (BAD_JUDGMENT, BAD_HUMAN_LABEL, BAD_JUDGED_ANSWER, BAD_STATISTICS, LIMIT_EXCEEDED, ...).
    """

def rank_systems(request: bytes, limits: Limits, cancel: CancelFlag | None) -> bytes:
    """A serialised `evald.v1.RankSystemsResponse` of a serialised `RankSystemsRequest`. Raises as `calibrate_judge`."""

def emar(before: float, after: float, benchmark: float) -> dict[str, tuple[float | None, str]]:
    """Every variant of EMAR by name: the value, or None and why there is none."""

def find_leaks(
    train: list[str], test: list[str], threshold: float, shingle: int, cancel: CancelFlag
) -> list[tuple[int, int, float, bool, int]]:
    """The test rows that stand in the training rows.

    Place of the test row, place of the most similar training row, Jaccard similarity of their shingles, whether the
    words are the same, and how many training rows reach the threshold. Raises InvalidRequestError (BAD_LEAKS).
    """

def gate(policy: bytes, comparison: bytes, confidence_level: float) -> bytes:
    """A serialised `evald.v1.GateResult` of a serialised `GatePolicy` and a serialised `CompareResponse`.

    Raises InvalidRequestError (BAD_GATE, UNSUPPORTED_FIELD).
    """

def check_pattern(pattern: str, group: int) -> None:
    """Refuses what is no pattern of the Rust crate regex, or lacks the group (BAD_TEMPLATE)."""

def read_pattern(batch: Batch, system: int, pattern: str, group: int) -> list[int]:
    """The texts of a system become a group of the first match, empty without one; returns the rows without one."""

def read_json_field(batch: Batch, system: int, field: str) -> list[int]:
    """The texts of a system become a field of the JSON object in them; returns the rows where there is none."""

def read_letters(batch: Batch, system: int, orders: Sequence[Sequence[int]]) -> list[int]:
    """The texts of a system choose by letter: sets choice scores; `orders` has the choice of each letter, row by row.

    Returns the rows without a letter; there a wrong choice counts as chosen.
    """

def row_places(batch: Batch) -> list[int]:
    """Index in the request of every row."""

def row_fields(request: bytes, limits: Limits, systems: int) -> list[list[str]]:
    """The fields that at least one row has: of rows, then of the predictions of each system."""

@final
class CancelFlag:
    """Set from any thread to end native work within milliseconds (CancelledError)."""

    def __new__(cls) -> CancelFlag: ...
    def set(self) -> None: ...
    def is_set(self) -> bool: ...

@final
class InlineScorer:
    """Answers requests whose predictions are all in their rows, in one step; keeps the last checked headers."""

    def __new__(cls, limits: Limits, resources: Resources) -> InlineScorer: ...
    def answer(
        self, kind: Literal["evaluate", "compare"], request: bytes, cancel: CancelFlag | None
    ) -> tuple[bytes, int, float] | None:
        """The serialised answer with its cost, the number of rows, and seconds that it took.

        None if the request asks for more than its rows hold: a model, a baseline, a template or a metric that a model
        computes. Raises InvalidRequestError, CancelledError.
        """
    def answer_quickly(self, kind: Literal["evaluate", "compare"], request: bytes) -> tuple[bytes, int, float] | None:
        """The same for a request of at most 1,024 bytes without replicates, with the GIL; None for any other.

        That takes microseconds, and getting the GIL back from busy neighbours takes longer. Where one thread scores,
        also for a request of at most 128 KiB with rows of at most 1,024 bytes, if the last one with the same header
        was fast.
        """

@final
class Limits:
    """Limits of one call; each is named in the error that it causes."""

    def __new__(
        cls,
        *,
        max_rows: int | None = None,
        max_row_bytes: int | None = None,
        max_systems: int | None = None,
        max_metrics: int | None = None,
        max_classes: int | None = None,
        max_resampling_cost: int | None = None,
        max_response_bytes: int | None = None,
        max_collected_numbers: int | None = None,
        max_slices: int | None = None,
    ) -> Limits: ...
    @property
    def max_rows(self) -> int: ...
    @property
    def max_row_bytes(self) -> int: ...
    @property
    def max_systems(self) -> int: ...
    @property
    def max_metrics(self) -> int: ...
    @property
    def max_classes(self) -> int: ...
    @property
    def max_resampling_cost(self) -> int: ...
    @property
    def max_response_bytes(self) -> int: ...
    @property
    def max_collected_numbers(self) -> int: ...
    @property
    def max_slices(self) -> int: ...

@final
class SystemSource:
    """Where the predictions of one system come from."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["inline", "model", "remote", "baseline"]: ...
    @property
    def alias(self) -> str:
        """Alias of the model or endpoint, or kind of the baseline; empty for inline systems."""
    @property
    def input(self) -> str:
        """Key of the rows' inputs that holds the text for it."""
    @property
    def pair_input(self) -> str:
        """Key of the input that is the second text of a pair; empty if texts are no pairs."""
    @property
    def context_tokens(self) -> int:
        """Tokens that a later window of a long text keeps as context."""
    @property
    def generation(self) -> Generation | None:
        """How the model writes, as the request says."""

@final
class Generation:
    """How a language model writes, as a request says: not checked, and None where it does not say."""

    @property
    def max_tokens(self) -> int | None: ...
    @property
    def temperature(self) -> float | None: ...
    @property
    def top_p(self) -> float | None: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def stop(self) -> list[str]: ...

@final
class Resources:
    """Files of the settings that metrics name: word lists, tokenizer models."""

    def __new__(cls, resources: Mapping[str, Sequence[tuple[str, bytes]]]) -> Resources:
        """By name: the files of each resource, with their names."""
    @property
    def digests(self) -> dict[str, str]:
        """Digest (sha256, hex) of each resource, by name."""

@final
class Measure:
    """What a model must compute for a metric: its index and key, the text form of what decides the numbers, the model's
    alias, and which number it is: "similarity", "precision", "recall" or "f1". A layer of -1 is the last one.
    """

    metric: int
    key: str
    name: str
    model: str
    of: Literal["similarity", "precision", "recall", "f1"]
    layer: int
    idf: bool

@final
class Spec:
    """What to evaluate and how: the checked header of a request."""

    @staticmethod
    def from_request(
        kind: Literal["evaluate", "compare"],
        request: bytes,
        limits: Limits,
        resources: Resources | None = None,
        models: Mapping[str, str] | None = None,
        expand: Callable[[bytes], bytes] | None = None,
    ) -> Spec:
        """Reads the header of a serialised EvaluateRequest or CompareRequest; rows are skipped.

        A header with a template is given to `expand`, which returns one without.

        `models` are the digests of models by alias, for the signatures of metrics that name them.
        """
    @property
    def systems(self) -> list[SystemSource]: ...
    @property
    def classes(self) -> list[str]:
        """The class set in the caller's order; empty if the request names none."""
    @property
    def seed(self) -> int:
        """Seed of all draws."""
    @property
    def measures(self) -> list[Measure]:
        """What models must compute for metrics."""
    @property
    def needs(self) -> list[str]:
        """The fields that the metrics need of a row: names of RowField in lower case."""
    def read(self, request: bytes, cancel: CancelFlag | None = None) -> Batch:
        """Reads the rows of the request that the header came from.

        If a model answers or computes metrics they are also checked, before answering costs anything.
        """
    def from_lists(
        self,
        predictions: Sequence[Sequence[str]],
        references: Sequence[str] | Sequence[Sequence[str]],
        ids: Sequence[str] | None = None,
        start: int = 0,
        stop: int = ...,
    ) -> Batch:
        """Rows `start` to `stop` of lists: predictions[system][row]; texts or labels, as `needs` says.

        The strings are held, so the lists may change afterwards. Reading holds the GIL: take at most a
        few thousand rows at a time.
        """

@final
class Batch:
    """Rows that were read once; models may add predictions before they are pushed."""

    def __len__(self) -> int: ...
    def inputs(self, system: int) -> list[str | None]:
        """The input text of every row for a system that the server answers for; None where the row has none."""
    def training(self, system: int) -> list[tuple[int, str | None, list[str]]]:
        """The rows that a baseline system learns from, which are no rows of the batch.

        For each its index in the request, input text and gold labels.
        """
    def training_references(self) -> list[list[str]]:
        """The references of the rows that baselines learn from, in the order of `training`."""
    def training_values(self) -> list[float | None]:
        """The gold numbers of the rows that baselines learn from, in the order of `training`."""
    def keys(self) -> list[tuple[str, int]]:
        """What identifies every row: its id, or "#" and its index in the request; and its sample."""
    def inputs_named(self, name: str) -> list[str | None]:
        """The input of this name of every row; None where the row has none."""
    def row_keys(self) -> list[tuple[str, int]]:
        """The id and the sample of every row; an empty id is none."""
    def first_references(self) -> list[str | None]:
        """The first reference of every row; None where the row has none."""
    def references(self) -> list[list[str]]:
        """The references of every row."""
    def prediction_texts(self, system: int) -> list[str | None]:
        """The text of every row's prediction, those that `set_texts` set included; None where there is none."""
    def choices(self) -> list[list[str]]:
        """The texts of the choices of every row."""
    def messages(self) -> list[list[tuple[str, str]]]:
        """Role and content of the messages of every row."""
    def set_token_logprobs(self, system: int, logprobs: Sequence[Sequence[float]]) -> None:
        """Sets the log-likelihoods of the tokens that a model system scored, a list a row."""
    def set_choice_scores(self, system: int, scores: Sequence[Sequence[float]]) -> None:
        """Sets the scores of the choices, a list a row: one a choice, or none where the model failed."""
    def set_class_scores(self, system: int, classes: Sequence[str], scores: NDArray[np.float32]) -> None:
        """Sets the predictions of a model system: C-contiguous, [rows, classes]."""
    def set_texts(self, system: int, texts: Sequence[_WrittenText | None]) -> None:
        """Sets the predictions of a system that writes texts, one a row; None where there is none."""
    def set_constant(self, system: int, text: str | None = None, value: float | None = None) -> None:
        """Sets the same prediction of a system for every row, beside any class scores."""
    def set_measure(self, name: str, numbers: NDArray[np.float64], truncated: NDArray[np.uint8]) -> None:
        """Sets the numbers of a measure, C-contiguous [rows, systems]: NaN where there is none; if texts were cut."""
    def fail(self, system: int, rows: Sequence[int], reason: str, message: str) -> None:
        """Marks rows as failed for a system; `message` must hold no text of a row."""

@final
class Accumulator:
    """Sums of row statistics: push batches, merge states of other shards, finish.

    Once `cancel` is set every method raises CancelledError.
    """

    def __new__(cls, spec: Spec, cancel: CancelFlag | None = None) -> Accumulator: ...
    @overload
    def push(self, batch: Batch, meanwhile: None = None) -> None:
        """Scores the rows and adds them. A batch can be pushed once."""
    @overload
    def push(self, batch: Batch, meanwhile: Callable[[], _T]) -> _T:
        """The same; calls `meanwhile` while other threads begin to score, and returns what it returns.

        An error of the rows comes before one of `meanwhile`, which must not use the accumulator.
        """
    def push_columns(self, gold: list[str] | NDArray[np.int64], predicted: list[str] | NDArray[np.int64]) -> bool:
        """Counts whole columns of labels; False if rows are needed after all, and then nothing was added."""
    def state(self) -> bytes:
        """The sums so far, in a form that other processes of the same version can merge."""
    def merge(self, state: bytes) -> None:
        """Adds the sums of another accumulator with the same specification."""
    def finish(self) -> bytes:
        """The serialised EvaluateResponse or CompareResponse, without cost."""
