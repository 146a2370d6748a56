"""What answering took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evald.results.performance import ModelPerformance


@dataclass(frozen=True)
class RemoteCost:
    """What asking endpoints took; rows answered from a cache cost nothing. The price is None if none is known."""

    requests: int
    retries: int
    cached_rows: int
    input_tokens: int
    output_tokens: int
    price: float | None


@dataclass(frozen=True)
class Cost:
    """What answering took; times in seconds. `rows` are those that were scored."""

    rows: int
    tokens: int
    queue_seconds: float
    tokenize_seconds: float
    infer_seconds: float
    score_seconds: float
    remote: RemoteCost | None = None
    # Written by models of the server, answers that a limit of tokens cut, and inputs that were cut or read in windows.
    output_tokens: int = 0
    truncated: int = 0
    cut_inputs: int = 0
    train_seconds: float = 0.0
    performance: Sequence[ModelPerformance] = ()
