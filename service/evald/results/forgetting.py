"""What candidates learned and forgot, task by task, and rates of adaptation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evald.results.findings import Note, PairedResult


@dataclass(frozen=True)
class Estimate:
    """A value with its interval `low`, `high` on `n` rows; None where there is none, `undefined_reason` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    std_error: float | None = None
    method: str | None = None
    n: int = 0
    n_failed: int = 0
    undefined_reason: str | None = None


@dataclass(frozen=True)
class TaskChange:
    """What changed on one task: `change` is the candidate against the baseline on its rows.

    `target` says whether the candidates were trained for it. `relative_improvement` is how much better the candidate
    is, as a share of the baseline's value. Of metrics whose rows are right or wrong, `retained` rows both got right,
    `gained` only the candidate, `lost` only the baseline, `never` neither; else these are None.
    """

    task: str
    target: bool
    rows: int
    change: PairedResult
    relative_improvement: Estimate
    retained: int | None = None
    gained: int | None = None
    lost: int | None = None
    never: int | None = None
    notes: Sequence[Note] = ()


@dataclass(frozen=True)
class Forgetting:
    """What a candidate learned and forgot by one metric: ``found["medical"]`` is the change of a task.

    `average_forgetting` is how much worse it is, on average over the tasks that are no target, whichever way the
    metric points; `backward_transfer` is the negative of that. `macro_baseline` and `macro_candidate` are means over
    all tasks. Every task counts alike. Adjusted p-values are corrected over tasks x metrics x candidates.
    """

    metric: str
    candidate: str
    tasks: Sequence[TaskChange]
    average_forgetting: Estimate
    backward_transfer: Estimate
    macro_baseline: Estimate
    macro_candidate: Estimate
    macro_difference: Estimate
    notes: Sequence[Note] = ()

    def __getitem__(self, task: str) -> TaskChange:
        known = {one.task: one for one in self.tasks}
        if task not in known:
            raise KeyError(f"no task {task!r}; there is {', '.join(map(repr, known))}")
        return known[task]


@dataclass(frozen=True)
class EmarResult:
    """A rate of adaptation: `variant` names its definition, `definition` is the formula.

    `before` and `after` are the values of baseline and candidate on the target task, `benchmark` is that of the
    baseline on the benchmark task. With the note UNSTABLE the rate could have any size, and has no interval.
    """

    metric: str
    candidate: str
    target_task: str
    benchmark_task: str
    variant: str | None
    definition: str
    estimate: Estimate
    before: float | None = None
    after: float | None = None
    benchmark: float | None = None
    notes: Sequence[Note] = ()
