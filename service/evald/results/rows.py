"""Results row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evald.results import export

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RowError:
    """Why a row failed; `id` is "#position" in rows without ids."""

    id: str
    reason: str
    message: str


@dataclass(frozen=True)
class Rows:
    """Results row by row; empty unless asked for.

    `scores[metric][i]` belongs to row i, None for failed rows. `ids` is empty when the rows have none.
    """

    ids: Sequence[str] = ()
    scores: Mapping[str, Sequence[float | None]] | None = None
    errors: Sequence[RowError] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a row, one column a metric; "#position" where rows have no id. Raises ImportError without pandas."""
        count = max(map(len, (self.scores or {}).values()), default=0)
        ids = self.ids or [f"#{row}" for row in range(count)]
        return export.frame([{"id": name, **self._scores_of(row)} for row, name in enumerate(ids)])

    def _scores_of(self, row: int) -> dict[str, float | None]:
        return {metric: values[row] for metric, values in (self.scores or {}).items()}
