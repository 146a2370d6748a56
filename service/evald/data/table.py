"""The one shape that data takes on its way to a metric: columns of equal length, one prediction column a system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from evald.data.columns import Column, Field, References
from evald.errors import InvalidRequestError

# Fields that callers know by another name.
_ARGUMENTS = {"task": "tasks", "split": "splits", "slices": "slice_values"}


@dataclass(frozen=True)
class Generation:
    """How a language model of the server writes; what is None is as the server has it: 256 tokens, the likeliest one at
    every step.

    Above a `temperature` of 0, tokens are drawn from the likeliest ones whose probabilities reach `top_p`, by `seed`.
    An answer ends before the first of the texts `stop`.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: Sequence[str] = ()


@dataclass(frozen=True)
class Model:
    """A model of the server as a system: the server runs it on the rows' inputs.

    `alias` is a name of `Client.list_models()`; `input` is the key of the inputs that holds the text, or a language
    model's prompt; `pair_input` that of a second text, for classifiers of pairs. `context_tokens`: what a language
    model keeps as context from window to window of a long text. `generation`: how it writes, where metrics need texts.
    """

    alias: str
    input: str = "text"
    pair_input: str = ""
    context_tokens: int = 1
    generation: Generation | None = None


@dataclass(frozen=True)
class Remote(Model):
    """A remote endpoint of the server's settings as a system: the server asks it for a text for each row's input."""


# The split whose rows baselines learn from.
TRAINING_SPLIT = "train"


@dataclass(frozen=True)
class Baseline:
    """A simple baseline as a system: it learns from the rows whose split is "train" and answers for all others.

    Rows of that split are then scored for no system. `kind` is "majority", "stratified", "mean", "median",
    "logistic_regression" or "decision_tree"; the last two learn from texts and need the extra [baselines]. `input` is
    the key of the inputs that holds the text.
    """

    kind: str
    input: str = "text"


@dataclass(frozen=True)
class Table:
    """Rows of a data set with the answers of every system, column by column.

    `systems` maps a system's name to its predictions or to the model or baseline that makes them, in the order of the
    answer. `references` are gold texts, labels or numbers; `labels` are gold labels beside texts; `fields` are what few
    data sets have, by the names of the row type: value, weight, choices. Without `ids` the position identifies a row.
    Columns have equal length, else InvalidRequestError (LENGTH_MISMATCH).
    """

    systems: Mapping[str, Column | Model | Baseline]
    references: References | None = None
    labels: References | None = None
    ids: Sequence[str] | None = None
    clusters: Sequence[str] | None = None
    samples: Sequence[int] | None = None
    inputs: Sequence[Mapping[str, str]] | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    # Columns by name, made when a slice names one.
    others: Mapping[str, Callable[[], Field]] = field(default_factory=dict)
    # Numbers of a file are as good a text as any; numbers of a Python list are more likely a mistake.
    lenient: bool = False
    rows: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        lengths = self._lengths()
        if not lengths:
            raise InvalidRequestError.of_field("MISSING_FIELD", "predictions", "are required")
        (first, rows), *others = lengths
        for name, length in others:
            if length != rows:
                raise InvalidRequestError.of_field(
                    "LENGTH_MISMATCH", name, f"has {length:,} rows but {first} has {rows:,}"
                )
        object.__setattr__(self, "rows", rows)
        self._check_kinds()

    @property
    def trains(self) -> bool:
        """Whether baselines learn from the rows of the split "train", which are then scored for no system."""
        return any(isinstance(source, Baseline) for source in self.systems.values())

    def _lengths(self) -> list[tuple[str, int]]:
        several = len(self.systems) > 1
        lengths = [
            (f"predictions of {name}" if several else "predictions", len(source))
            for name, source in self.systems.items()
            if isinstance(source, Column)
        ]
        others = ("references", "labels", "ids", "clusters", "samples", "inputs")
        lengths += [(name, len(part)) for name in others if (part := getattr(self, name)) is not None]
        return lengths + [(_ARGUMENTS.get(name, name), len(part)) for name, part in self.fields.items()]

    def _check_kinds(self) -> None:
        """Refuses bools against strings: 1 and "true" would never match, and the score would be a quiet zero."""
        gold = self.labels or self.references
        if gold is None:
            return
        for name, source in self.systems.items():
            if isinstance(source, Column) and (
                ("bool" in source.kinds and "text" in gold.kinds) or ("text" in source.kinds and "bool" in gold.kinds)
            ):
                raise InvalidRequestError.of_field(
                    "MIXED_TYPES", "predictions", f"of {name} and references must both be bool or both be str"
                )
