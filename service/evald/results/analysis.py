"""Which rows are wrong, what they have in common, and what a candidate changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from evald.results import analysis_tables, export, page

if TYPE_CHECKING:
    import pandas as pd

    from evald.results.findings import ConfusionMatrix, Note


class ListedRow(NamedTuple):
    """A row as an example: its id, or "#position", and its row scores for the systems concerned."""

    id: str
    scores: Sequence[float] = ()


@dataclass(frozen=True)
class Confusion:
    """Two labels that were confused: how many rows, their share of the rows of the gold label, and some of them."""

    gold: str
    predicted: str
    count: float
    share: float
    rows: Sequence[ListedRow] = ()


@dataclass(frozen=True)
class ScoreBand:
    """Rows that are not right, with a score between `worst` and `best`; both are None if the range has no ends."""

    worst: float | None
    best: float | None
    rows: int
    samples: Sequence[ListedRow] = ()


@dataclass(frozen=True)
class LengthBucket:
    """Rows of `low` to `high` words; `high` None is no end. `error_rate` is the share of rows that are not right."""

    low: int
    high: int | None
    rows: int
    mean_score: float | None
    error_rate: float | None


@dataclass(frozen=True)
class MetricErrors:
    """The row scores of a metric: rows that are `right` (of the best score), and the others by score and by length."""

    metric: str
    right: int | None
    bands: Sequence[ScoreBand] = ()
    by_reference_length: Sequence[LengthBucket] = ()
    by_prediction_length: Sequence[LengthBucket] = ()


class Ngram(NamedTuple):
    """Words in a row: how often they occur in texts of the system, and in the references of the same rows.

    `log_likelihood` is the ratio G2 of equal shares in both (Dunning 1993): more is more telling.
    """

    text: str
    produced: int
    referenced: int
    log_likelihood: float


@dataclass(frozen=True)
class SystemErrors:
    """Errors of one system.

    `confusions` are the pairs of labels that were confused most often, `overproduced` and `underproduced` the n-grams
    whose share of its texts is larger or smaller than that of the references.
    """

    system: str
    confusion_matrix: ConfusionMatrix | None = None
    confusions: Sequence[Confusion] = ()
    metrics: Sequence[MetricErrors] = ()
    overproduced: Sequence[Ngram] = ()
    underproduced: Sequence[Ngram] = ()


@dataclass(frozen=True)
class RowChanges:
    """What a candidate changes by one metric.

    `fixed` rows are right for the candidate alone, `broken` ones for the baseline alone; None if the metric has no best
    score. `gains` and `losses` list the rows that change most, with the scores of baseline and candidate.
    """

    metric: str
    fixed: int | None
    broken: int | None
    both_right: int | None
    both_wrong: int | None
    gains: Sequence[ListedRow] = ()
    losses: Sequence[ListedRow] = ()


@dataclass(frozen=True)
class PairErrors:
    """What a candidate changes. `confusion_difference` is its confusion matrix minus the baseline's, on common rows."""

    candidate: str
    confusion_difference: ConfusionMatrix | None = None
    metrics: Sequence[RowChanges] = ()


@dataclass(frozen=True)
class ErrorAnalysis:
    """An error analysis. Printed, it is a page of tables.

    `hardest` lists by metric the rows of the worst mean score over all systems, with the scores of the systems.
    """

    systems: Sequence[SystemErrors]
    pairs: Sequence[PairErrors] = ()
    hardest: Mapping[str, Sequence[ListedRow]] | None = None
    notes: Sequence[Note] = ()

    def system(self, name: str) -> SystemErrors:
        """The errors of a system; KeyError names the systems there are."""
        found = {one.system: one for one in self.systems}
        if name not in found:
            raise KeyError(f"no system {name!r}; there is {', '.join(map(repr, found))}")
        return found[name]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers: ready for JSON."""
        return export.document(self)

    def to_frame(self) -> pd.DataFrame:
        """One row a listed row: why it is listed, and its scores. Raises ImportError without pandas."""
        return export.frame(analysis_tables.records(self))

    def __str__(self) -> str:
        return analysis_tables.as_text(self)

    def _repr_html_(self) -> str:
        return page.analysis(self)
