"""What candidates learned and forgot as cells of tables, records and flat numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evald.results import export
from evald.results.text import Block, level, number, p_value, scales_of, span, verdict

if TYPE_CHECKING:
    from evald.results.findings import Comparison, Note
    from evald.results.forgetting import EmarResult, Estimate, Forgetting, TaskChange

_MEANS = ("average_forgetting", "backward_transfer", "macro_baseline", "macro_candidate", "macro_difference")
_KEPT = ("retained", "gained", "lost", "never")
_NUMBERS = ("value", "low", "high", "std_error")


def blocks(result: Comparison) -> list[Block]:
    """A table of tasks for each candidate and metric, one of what was forgotten, and one of rates of adaptation."""
    found = [_tasks(result, one) for one in result.forgetting]
    if result.forgetting:
        head = ["candidate", "metric", "value", _interval(result), "tasks"]
        found.append(Block("average forgetting, of the tasks that are no target", head, _averages(result)))
    if result.emar:
        head = ["candidate", "metric", "target", "benchmark", "variant", "value", _interval(result), "definition"]
        lines = [_rate_line(one) for one in result.emar]
        found.append(Block("adaptation (EMAR)", head, lines, ends_in_words=True))
    return found


def notes(result: Comparison) -> list[tuple[str, Note]]:
    """Notes about tasks and rates, with whom they concern."""
    of_metrics = [(f"{one.candidate}, {one.metric}", note) for one in result.forgetting for note in one.notes]
    of_tasks = [
        (f"relative improvement of {one.candidate}, {one.metric} on {task.task}", note)
        for one in result.forgetting
        for task in one.tasks
        for note in task.notes
        if note.code != "SMALL_SLICE"
    ]
    of_rates = [(f"{one.variant} of {one.candidate}, {one.metric}", note) for one in result.emar for note in one.notes]
    return of_metrics + of_tasks + of_rates


def _interval(result: Comparison) -> str:
    return f"{level(result.confidence_level)} interval"


def _tasks(result: Comparison, one: Forgetting) -> Block:
    counts = any(task.retained is not None for task in one.tasks)
    head = ["task", result.baseline, one.candidate, "difference", _interval(result), "adjusted p", "relative", "rows"]
    lines = [_task_line(result, one, task, counts) for task in one.tasks]
    scale = scales_of(result).get(one.metric, 1)
    mean = one.macro_difference
    lines.append([
        "mean of tasks", number(one.macro_baseline.value, scale), number(one.macro_candidate.value, scale),
        number(mean.value, scale, signed=True), span(mean.low, mean.high, scale, signed=True), "", "", f"{mean.n:,}",
        *([""] * 3 * counts), "",
    ])  # fmt: skip
    title = f"what {one.candidate} learned and forgot, {one.metric}"
    return Block(title, [*head, *["kept", "gained", "lost"] * counts, "verdict"], lines, ends_in_words=True)


def _task_line(result: Comparison, one: Forgetting, task: TaskChange, counts: bool) -> list[str]:
    scale, change = scales_of(result).get(one.metric, 1), task.change
    share = task.relative_improvement.value
    kept = ["–" if rows is None else f"{rows:,}" for rows in (task.retained, task.gained, task.lost)]
    is_small = any(note.code == "SMALL_SLICE" for note in task.notes)
    return [
        f"{task.task} (target)" if task.target else task.task,
        number(change.baseline_value, scale), number(change.candidate_value, scale),
        number(change.difference, scale, signed=True), span(change.low, change.high, scale, signed=True),
        p_value(change.p_adjusted, change), "–" if share is None else f"{share * 100:+,.1f} %", f"{change.n:,}",
        *kept * counts, "too few rows" if is_small else verdict(change),
    ]  # fmt: skip


def _averages(result: Comparison) -> list[list[str]]:
    lines = []
    for one in result.forgetting:
        scale, found = scales_of(result).get(one.metric, 1), one.average_forgetting
        tasks = sum(not task.target for task in one.tasks)
        value, ends = number(found.value, scale, signed=True), span(found.low, found.high, scale, signed=True)
        lines.append([one.candidate, one.metric, value, ends, f"{tasks:,}"])
    return lines


def _rate_line(one: EmarResult) -> list[str]:
    found = one.estimate
    return [
        one.candidate, one.metric, one.target_task, one.benchmark_task, one.variant or "",
        number(found.value, 1, signed=True), span(found.low, found.high, 1, signed=True), one.definition,
    ]  # fmt: skip


def task_records(result: Comparison) -> list[dict[str, Any]]:
    """One dict a candidate, metric and task."""
    return [
        {"candidate": one.candidate, "metric": one.metric, "task": task.task, "target": task.target, "rows": task.rows}
        | {name: getattr(task, name) for name in _KEPT}
        | _numbers("relative_improvement", task.relative_improvement)
        | export.paired_records([task.change])[0]
        for one in result.forgetting
        for task in one.tasks
    ]


def flat(result: Comparison) -> dict[str, float]:
    """Numbers by path: "forgetting/tuned/bleu/average_forgetting", "emar/tuned/bleu/medical/general/prose"."""
    found: dict[str, float | None] = {}
    for one in result.forgetting:
        path = f"forgetting/{one.candidate}/{one.metric}"
        for name in _MEANS:
            found |= _numbers(f"{path}/{name}", getattr(one, name), "/")
        for task in one.tasks:
            found |= _numbers(f"{path}/{task.task}/relative_improvement", task.relative_improvement, "/")
            found |= {f"{path}/{task.task}/{name}": getattr(task, name) for name in _KEPT}
            changes = export.flat_comparisons([task.change])
            found |= {f"{path}/{task.task}/{name.rpartition('/')[2]}": value for name, value in changes.items()}
    for rate in result.emar:
        path = f"emar/{rate.candidate}/{rate.metric}/{rate.target_task}/{rate.benchmark_task}/{rate.variant}"
        found |= _numbers(path, rate.estimate, "/")
    return {name: float(value) for name, value in found.items() if value is not None}


def _numbers(name: str, found: Estimate, separator: str = "_") -> dict[str, float | None]:
    """A value under its own name, and the rest of its numbers."""
    ends = {f"{name}{separator}{part}": getattr(found, part) for part in _NUMBERS[1:]}
    return {name: found.value, **ends}
