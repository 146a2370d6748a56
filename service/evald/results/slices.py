"""Slices as cells of tables, for terminals and notebooks alike: one line a slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evald.results.export import slice_name
from evald.results.text import ARROWS, Block, level, number, p_value, probability, scales_of, span

if TYPE_CHECKING:
    from evald.results.findings import Comparison, Consistency, Evaluation, MetricResult, SliceResult


def evaluation_blocks(result: Evaluation) -> list[Block]:
    """Title, head and lines of a table for each system and metric that has slices."""
    interval = f"{level(result.confidence_level)} interval"
    return [
        Block(
            f"{system.name}, {found.metric} by slice",
            ["slice", "value", interval, "rows", "failed"],
            [_value_line(one, found) for one in found.slices],
        )
        for system in result.systems
        for found in system.metrics
        if found.slices and found.confusion_matrix is None
    ]


def comparison_blocks(result: Comparison) -> list[Block]:
    """Title, head and lines of a table for each candidate and metric, and one of consistency."""
    interval = f"{level(result.confidence_level)} interval"
    blocks: list[Block] = []
    for index, whole in enumerate(result.comparisons if result.slices else ()):
        scale = scales_of(result).get(whole.metric, 1)
        lines = []
        for one in result.slices:
            found = one.comparisons[index]
            verdict = ARROWS.get(found.decision or "", "too few rows" if _is_small(one.notes) else "no test")
            lines.append([
                _name(one.by, one.values), number(found.baseline_value, scale), number(found.candidate_value, scale),
                number(found.difference, scale, signed=True), span(found.low, found.high, scale, signed=True),
                p_value(found.p_adjusted, found), f"{found.n:,}", verdict,
            ])  # fmt: skip
        title = f"{whole.candidate} against {result.baseline}, {whole.metric} by slice"
        names = ["slice", result.baseline, whole.candidate]
        head = [*names, "difference", interval, "adjusted p", "rows", "verdict"]
        blocks.append(Block(title, head, lines, ends_in_words=True))
    if result.consistency:
        lines = [_consistency_line(result, one) for one in result.consistency]
        head = [
            "sliced by",
            "candidate",
            "metric",
            "better in",
            "of their rows",
            "worst",
            "difference",
            interval,
            "spread",
        ]
        blocks.append(Block("consistency of slices", head, lines, ends_in_words=True))
    return blocks


def _value_line(one: SliceResult, found: MetricResult) -> list[str]:
    value, interval = number(one.value, found.scale), span(one.low, one.high, found.scale)
    return [_name(one.by, one.values), value, interval, f"{one.n:,}", f"{one.n_failed:,}"]


def _consistency_line(result: Comparison, one: Consistency) -> list[str]:
    scale = scales_of(result).get(one.metric, 1)
    spread = one.heterogeneity
    differ = "–" if spread is None else f"I² {spread.i_squared * 100:.0f} %, p {probability(spread.p_value)}"
    return [
        one.by, one.candidate, one.metric, f"{one.improved} of {one.slices}", f"{one.improved_rows * 100:.0f} %",
        slice_name(one.worst) or "–", number(one.worst_difference, scale, signed=True),
        span(one.worst_low, one.worst_high, scale, signed=True), differ,
    ]  # fmt: skip


def _name(by: str, values: Sequence[str]) -> str:
    return f"{by}: {slice_name(values)}"


def _is_small(notes: Sequence[object]) -> bool:
    return any(getattr(note, "code", "") == "SMALL_SLICE" for note in notes)
