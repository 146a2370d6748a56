"""The answer of a gate: may a candidate replace the baseline, and why?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evald.results import export, junit, text


@dataclass(frozen=True)
class GateCheck:
    """One number against what it may be at worst, on all rows or on the rows of `slice`.

    `quantity` is "difference" (candidate - baseline) or "value" (the candidate's own). `low` and `high` are bounds at
    the level of the decision: the one on the worse side decides on passing, the other one on failing. `outcome` is
    "passed", "failed" or "inconclusive"; `reason` says it in words.
    """

    quantity: str | None
    outcome: str | None
    reason: str
    value: float | None = None
    limit: float | None = None
    low: float | None = None
    high: float | None = None
    slice: str | None = None


@dataclass(frozen=True)
class GateRule:
    """A rule with its outcome, the worst of its checks. `tier` is "critical", "supporting" or "advisory"."""

    metric: str
    tier: str | None
    outcome: str | None
    checks: Sequence[GateCheck] = ()

    @property
    def reason(self) -> str:
        """All checks in words."""
        return "; ".join(f"{check.slice}, {check.reason}" if check.slice else check.reason for check in self.checks)


@dataclass(frozen=True)
class GateCandidate:
    """The verdict about one candidate, "go", "no_go" or "inconclusive", with its reason in words."""

    candidate: str
    verdict: str | None
    reason: str
    rules: Sequence[GateRule] = ()


@dataclass(frozen=True)
class Gate:
    """The verdict: "go" if every candidate may replace the baseline, "no_go" if one must not, else "inconclusive"."""

    verdict: str | None
    candidates: Sequence[GateCandidate] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers: ready for JSON."""
        return export.document(self)

    def to_junit(self) -> str:
        """JUnit XML: one suite a candidate, one test a rule; a test fails if it keeps the candidate from GO."""
        return junit.gate(self)

    def __str__(self) -> str:
        return text.gate(self)
