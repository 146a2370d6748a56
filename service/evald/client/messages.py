"""Messages that are part of several answers, as results."""

from __future__ import annotations

from typing import Any

from evald import results
from evald.v1 import metric_pb2 as metric


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
