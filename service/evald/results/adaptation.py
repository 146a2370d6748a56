"""How far a model adapted to a task, from plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evald.results import export, text


@dataclass(frozen=True)
class Adaptation:
    """EMAR, the effective model adaptation rate, in the three variants of its source, and the relative improvement.

    `formula` is ((after - before) - before) / before, `prose` (after - before) / benchmark, `example` (after - before)
    / (before - benchmark), `relative_improvement` (after - before) / before. A variant whose denominator is 0 is None;
    `undefined_reasons` says why, by variant.
    """

    before: float
    after: float
    benchmark: float
    formula: float | None
    prose: float | None
    example: float | None
    relative_improvement: float | None
    undefined_reasons: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings: ready for JSON."""
        return export.document(self)

    def __str__(self) -> str:
        return text.adaptation(self)
