"""A short run of `make parity`: every metric of the registry has a reference, and nothing differs."""

from __future__ import annotations

import pytest
from tests.parity.groups import GROUPS
from tests.parity.runner import Tally, run, shown

import evald

CASES, SEED = 300, 7


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, Tally]]:
    """The table of every group."""
    return {group: run(checks(), CASES, SEED) for group, checks in GROUPS.items()}


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_differs(tables: dict[str, dict[str, Tally]], group: str) -> None:
    table = tables[group]
    if not table:
        pytest.skip("the reference does not run here")
    assert all(tally.cases >= CASES for tally in table.values()), shown(table)
    assert not any(tally.mismatches for tally in table.values()), shown(table)


def test_every_metric_and_profile_has_a_reference(tables: dict[str, dict[str, Tally]]) -> None:
    compared = {line for group, table in tables.items() if group != "missing" for line in table}
    # What a model computes is compared in tests/engine/test_semantic_parity.py, where torch is.
    here = {metric.name for metric in evald.list_metrics() if not metric.model}
    missing = here - {line.partition(" ")[0] for line in compared}
    assert not missing
