"""Messages that are part of several answers, as results."""

from __future__ import annotations

from typing import Any

from evald import results
from evald.v1 import metric_pb2 as metric
from evald.v1 import statistics_pb2 as statistics


def optional(message: Any, field: str) -> Any:
    """The value of a field; None if it is unset."""
    return getattr(message, field) if message.HasField(field) else None


def note(message: metric.Note) -> results.Note:
    """Something to know about a value."""
    return results.Note(message.code, message.text, message.count or None, tuple(message.row_ids))


def confusion_matrix(message: metric.ConfusionMatrix) -> results.ConfusionMatrix:
    """Counts or cells by gold and predicted label."""
    labels, size = tuple(message.labels), len(message.labels)
    counts = tuple(tuple(message.counts[row * size : (row + 1) * size]) for row in range(size if message.counts else 0))
    gold, predicted = (map(labels.__getitem__, part) for part in (message.cell_gold, message.cell_predicted))
    cells = tuple(map(results.ConfusionCell, gold, predicted, message.cell_value))
    return results.ConfusionMatrix(labels, counts, cells)


def word(enum: Any, prefix: str, number: int) -> str | None:
    """The lower-case word of an enum value; None for 0 and for values of a newer server."""
    if number == 0 or number not in enum.values():
        return None
    return str(enum.Name(number)).removeprefix(f"{prefix}_").lower()


def paired(message: statistics.PairedResult) -> results.PairedResult:
    """How a candidate compares with the baseline by one metric."""
    found = message.difference
    return results.PairedResult(
        metric=message.metric,
        candidate=message.candidate,
        difference=optional(found, "value"),
        low=optional(found, "low"),
        high=optional(found, "high"),
        std_error=optional(found, "std_error"),
        method=found.method or None,
        n=found.n,
        n_failed=found.n_failed,
        baseline_value=optional(message, "baseline_value"),
        candidate_value=optional(message, "candidate_value"),
        p_value=optional(message, "p_value"),
        p_adjusted=optional(message, "p_adjusted"),
        p_at_floor=message.p_at_floor,
        test=message.test or None,
        draws=message.draws,
        family=message.family or None,
        effect_sizes={size.name: size.value for size in message.effect_sizes},
        wins=optional(message, "wins"),
        losses=optional(message, "losses"),
        ties=optional(message, "ties"),
        mde=optional(message, "mde"),
        margin=optional(message, "margin"),
        p_not_worse=optional(message, "p_not_worse"),
        p_equivalent=optional(message, "p_equivalent"),
        within_margin=message.within_margin,
        baseline_resampled=_resampled(message, "baseline_resampled"),
        candidate_resampled=_resampled(message, "candidate_resampled"),
        lowest_difference=optional(message, "lowest_difference"),
        highest_difference=optional(message, "highest_difference"),
        decision=word(statistics.Decision, "DECISION", message.decision),
        undefined_reason=found.undefined_reason or None,
    )


def _resampled(message: statistics.PairedResult, field: str) -> results.ResampledMean | None:
    found = optional(message, field)
    return None if found is None else results.ResampledMean(found.mean, found.half_width)
