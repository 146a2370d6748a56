"""A plan: rows, effect and power of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evald.results import export, text


@dataclass(frozen=True)
class Plan:
    """With `rows` rows a difference of `effect` is found with probability `power`.

    `level` is that of each test, `difference_std` the standard deviation over rows of candidate - baseline,
    `design_effect` how many clustered rows count as much as a single one. `rough` says that fewer than sixty rows
    tell the systems apart.
    """

    rows: int
    effect: float
    power: float
    level: float
    difference_std: float
    design_effect: float
    method: str
    rough: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings: ready for JSON."""
        return export.document(self)

    def __str__(self) -> str:
        return text.plan(self)
