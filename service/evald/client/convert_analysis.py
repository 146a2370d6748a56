"""Turns the messages of an error analysis into results."""

from __future__ import annotations

from collections.abc import Iterable

from evald import results
from evald.client.messages import confusion_matrix, note, optional
from evald.v1 import analysis_pb2 as pb


def analysis_of(message: pb.ErrorAnalysis) -> results.ErrorAnalysis:
    """The error analysis of an answer."""
    return results.ErrorAnalysis(
        systems=tuple(map(_system, message.systems)),
        pairs=tuple(map(_pair, message.pairs)),
        hardest={found.metric: _rows(found.rows) for found in message.hardest},
        notes=tuple(map(note, message.notes)),
    )


def _system(message: pb.SystemErrors) -> results.SystemErrors:
    has_matrix = message.HasField("confusion_matrix")
    return results.SystemErrors(
        system=message.system,
        confusion_matrix=confusion_matrix(message.confusion_matrix) if has_matrix else None,
        confusions=tuple(
            results.Confusion(found.gold, found.predicted, found.count, found.share, _rows(found.rows))
            for found in message.confusions
        ),
        metrics=tuple(map(_metric, message.metrics)),
        overproduced=tuple(map(_ngram, message.overproduced)),
        underproduced=tuple(map(_ngram, message.underproduced)),
    )


def _ngram(message: pb.Ngram) -> results.Ngram:
    return results.Ngram(message.text, message.produced, message.referenced, message.log_likelihood)


def _metric(message: pb.MetricErrors) -> results.MetricErrors:
    return results.MetricErrors(
        metric=message.metric,
        right=optional(message, "right"),
        bands=tuple(
            results.ScoreBand(optional(band, "worst"), optional(band, "best"), band.rows, _rows(band.samples))
            for band in message.bands
        ),
        by_reference_length=tuple(map(_bucket, message.by_reference_length)),
        by_prediction_length=tuple(map(_bucket, message.by_prediction_length)),
    )


def _bucket(message: pb.LengthBucket) -> results.LengthBucket:
    return results.LengthBucket(
        low=message.low,
        high=optional(message, "high"),
        rows=message.rows,
        mean_score=optional(message, "mean_score"),
        error_rate=optional(message, "error_rate"),
    )


def _pair(message: pb.PairErrors) -> results.PairErrors:
    has_matrix = message.HasField("confusion_difference")
    return results.PairErrors(
        candidate=message.candidate,
        confusion_difference=confusion_matrix(message.confusion_difference) if has_matrix else None,
        metrics=tuple(
            results.RowChanges(
                metric=found.metric,
                fixed=optional(found, "fixed"),
                broken=optional(found, "broken"),
                both_right=optional(found, "both_right"),
                both_wrong=optional(found, "both_wrong"),
                gains=_rows(found.gains),
                losses=_rows(found.losses),
            )
            for found in message.metrics
        ),
    )


def _rows(messages: Iterable[pb.ListedRow]) -> tuple[results.ListedRow, ...]:
    return tuple(results.ListedRow(row.id, tuple(row.scores)) for row in messages)
