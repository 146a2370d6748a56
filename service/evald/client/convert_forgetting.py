"""Turns the messages about tasks into results."""

from __future__ import annotations

from evald import results
from evald.client.messages import note, optional, paired, word
from evald.v1 import forgetting_pb2 as pb
from evald.v1 import statistics_pb2 as statistics


def forgetting_of(message: pb.Forgetting) -> results.Forgetting:
    """What a candidate learned and forgot by one metric."""
    return results.Forgetting(
        metric=message.metric,
        candidate=message.candidate,
        tasks=tuple(map(_task, message.tasks)),
        average_forgetting=_estimate(message.average_forgetting),
        backward_transfer=_estimate(message.backward_transfer),
        macro_baseline=_estimate(message.macro_baseline),
        macro_candidate=_estimate(message.macro_candidate),
        macro_difference=_estimate(message.macro_difference),
        notes=tuple(map(note, message.notes)),
    )


def emar_of(message: pb.EmarResult) -> results.EmarResult:
    """A rate of adaptation."""
    return results.EmarResult(
        metric=message.metric,
        candidate=message.candidate,
        target_task=message.target_task,
        benchmark_task=message.benchmark_task,
        variant=word(pb.EmarVariant, "EMAR_VARIANT", message.variant),
        definition=message.definition,
        estimate=_estimate(message.estimate),
        before=optional(message, "before"),
        after=optional(message, "after"),
        benchmark=optional(message, "benchmark"),
        notes=tuple(map(note, message.notes)),
    )


def _task(message: pb.TaskChange) -> results.TaskChange:
    return results.TaskChange(
        task=message.task,
        target=message.target,
        rows=message.rows,
        change=paired(message.change),
        relative_improvement=_estimate(message.relative_improvement),
        retained=optional(message, "retained"),
        gained=optional(message, "gained"),
        lost=optional(message, "lost"),
        never=optional(message, "never"),
        notes=tuple(map(note, message.notes)),
    )


def _estimate(message: statistics.Estimate) -> results.Estimate:
    return results.Estimate(
        value=optional(message, "value"),
        low=optional(message, "low"),
        high=optional(message, "high"),
        std_error=optional(message, "std_error"),
        method=message.method or None,
        n=message.n,
        n_failed=message.n_failed,
        undefined_reason=message.undefined_reason or None,
    )
