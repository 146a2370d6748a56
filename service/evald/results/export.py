"""Results for other programs: plain JSON, flat numbers, data frames."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from evald.results.findings import Consistency, MetricResult, PairedResult, SliceComparison, SystemResult

_METRIC = (
    "metric", "value", "low", "high", "std_error", "n", "n_failed", "scale", "direction", "undefined_reason",
    "signature", "reference_signature",
)  # fmt: skip
_PAIRED = (
    "difference", "low", "high", "std_error", "baseline_value", "candidate_value", "p_value", "p_adjusted",
    "wins", "losses", "ties", "mde", "margin", "p_not_worse", "p_equivalent", "lowest_difference",
    "highest_difference",
)  # fmt: skip
_OF_VALUES = ("low", "high", "std_error", "n", "n_failed")
_CONSISTENCY = ("slices", "improved", "improved_rows", "worst_difference", "worst_low", "worst_high")
_HETEROGENEITY = ("q", "degrees", "p_value", "i_squared", "f", "denominator_degrees")


def plain(value: Any) -> Any:
    """A result as dicts, lists, strings and finite numbers; None where a number is not finite, as JSON has none."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def document(result: Any) -> dict[str, Any]:
    """A whole result, ready for JSON."""
    return {field.name: plain(getattr(result, field.name)) for field in fields(result)}


def flat_systems(systems: Sequence[SystemResult]) -> dict[str, float]:
    """Numbers of every system and metric by path, those of slices under "slice/"."""
    result: dict[str, float] = {}
    for system in systems:
        for found in system.metrics:
            path = f"{system.name}/{found.metric}"
            _put(result, path, found.value)
            _put_all(result, path, found, _OF_VALUES)
            for name, value in (found.components or {}).items():
                _put(result, f"{path}/{name}", value)
            for one in found.slices:
                of_slice = f"{_slice_path(one.by, one.values)}/{path}"
                _put(result, of_slice, one.value)
                _put_all(result, of_slice, one, _OF_VALUES)
    return result


def flat_comparisons(comparisons: Sequence[PairedResult], under: str = "") -> dict[str, float]:
    """Numbers of every comparison by path."""
    result: dict[str, float] = {}
    for found in comparisons:
        path = f"{under}compare/{found.candidate}/{found.metric}"
        _put_all(result, path, found, _PAIRED)
        for name, value in (found.effect_sizes or {}).items():
            _put(result, f"{path}/{name}", value)
    return result


def flat_slices(slices: Sequence[SliceComparison], consistency: Sequence[Consistency]) -> dict[str, float]:
    """Numbers of the comparisons on slices and of how well slices agree, by path."""
    result: dict[str, float] = {}
    for one in slices:
        result |= flat_comparisons(one.comparisons, f"{_slice_path(one.by, one.values)}/")
    for found in consistency:
        path = f"consistency/{found.by}/{found.candidate}/{found.metric}"
        _put_all(result, path, found, _CONSISTENCY)
        if found.heterogeneity is not None:
            _put_all(result, path, found.heterogeneity, _HETEROGENEITY)
    return result


def _slice_path(by: str, values: Sequence[str]) -> str:
    return f"slice/{by}/{slice_name(values)}"


def _put_all(result: dict[str, float], path: str, found: Any, names: Sequence[str]) -> None:
    for name in names:
        _put(result, f"{path}/{name}", getattr(found, name))


def _put(result: dict[str, float], path: str, value: float | None) -> None:
    if value is not None:
        result[path] = float(value)


def metric_records(systems: Sequence[SystemResult]) -> list[dict[str, Any]]:
    """One dict a system and metric."""
    return [{"system": system.name, **_metric(found)} for system in systems for found in system.metrics]


def _metric(found: MetricResult) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _METRIC}


def paired_records(comparisons: Sequence[PairedResult]) -> list[dict[str, Any]]:
    """One dict a candidate and metric, effect sizes by name at the end."""
    first = ("candidate", "metric", "baseline_value", "candidate_value", "difference")
    placed = {*first, "effect_sizes"}
    names = [*first, *(field for field in _field_names(comparisons) if field not in placed)]
    return [{name: getattr(found, name) for name in names} | dict(found.effect_sizes or {}) for found in comparisons]


def _field_names(results: Sequence[PairedResult]) -> list[str]:
    return [field.name for field in fields(results[0])] if results else []


_SLICE = ("value", "low", "high", "std_error", "n", "n_failed", "undefined_reason")


def slice_records(systems: Sequence[SystemResult]) -> list[dict[str, Any]]:
    """One dict a slice, system and metric."""
    return [
        {"by": one.by, "slice": slice_name(one.values), "system": system.name, "metric": found.metric}
        | {name: getattr(one, name) for name in _SLICE}
        for system in systems
        for found in system.metrics
        for one in found.slices
    ]


def sliced_records(slices: Sequence[SliceComparison]) -> list[dict[str, Any]]:
    """One dict a slice, candidate and metric."""
    return [
        {"by": one.by, "slice": slice_name(one.values), "rows": one.rows} | record
        for one in slices
        for record in paired_records(one.comparisons)
    ]


def slice_name(values: Sequence[str]) -> str:
    """A slice in one text."""
    return " x ".join(values)


def frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """A data frame of records. Raises ImportError, in words, without pandas."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_frame() needs pandas: pip install pandas") from error
    return pd.DataFrame.from_records(records)
