"""Error analysis of the embedded API: what it takes, what it prints and gives to other programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

import evald
from evald.errors import InvalidRequestError

GOLD = ["the cat sat on the mat", "a dog ran far away today", "<b>rain</b>", "snow"] * 5
BASE = ["the cat sat on my mat", "a dog ran far", "<b>rain</b>", "sun"] * 5
NEW = ["the cat sat on the mat", "", "<b>rain</b>", "sun"] * 5


def compared(**keywords: Any) -> evald.results.ErrorAnalysis:
    metrics = ["exact_match", "rouge_l"]
    found = evald.compare(BASE, {"new": NEW}, GOLD, metrics=metrics, replicates=0, **{"analysis": True, **keywords})
    assert found.analysis is not None
    return found.analysis


def test_it_is_off_unless_asked_for() -> None:
    for asked in (None, False):
        assert evald.evaluate(BASE, GOLD, metrics=["bleu"], replicates=0, analysis=asked).analysis is None
    assert evald.evaluate(BASE, GOLD, metrics=["bleu"], replicates=0, analysis={}).analysis is not None
    # Columns of labels are counted without rows unless rows are needed.
    found = evald.evaluate(["a", "b"], ["a", "a"], metrics=["accuracy"], replicates=0, analysis=True).analysis
    assert found is not None
    assert found.system("system").confusions[0].rows[0].id == "#1"


@pytest.mark.parametrize("asked", [{"sample": 3}, {"samples": -1}, {"samples": "3"}, {"samples": 0.5}, 3, "all"])
def test_what_cannot_be_asked_for_is_refused(asked: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        compared(analysis=asked)
    assert caught.value.reason == "BAD_ANALYSIS"
    assert caught.value.violations[0].field.startswith("analysis")


def test_it_is_printed_with_the_result() -> None:
    result = evald.compare(BASE, {"new": NEW}, GOLD, metrics=["exact_match"], replicates=0, analysis=True)
    printed = str(result)
    assert printed.endswith(str(result.analysis))
    assert "new, rows changed most: exact_match: 5 fixed, 0 broken, 5 right in both, 10 in neither" in printed
    assert "baseline: exact_match: 5 of 20 rows right" in printed
    assert "Hardest rows by exact_match" in printed


def test_a_notebook_shows_the_same_tables_escaped() -> None:
    ids = [f"<i>{row}</i>" for row in range(20)]
    analysis = compared(ids=ids)
    page = analysis._repr_html_()
    titles = [line for line in str(analysis).split("\n\n") if "\u2500" in line]
    assert page.count("<table>") == len(titles)
    assert "<i>" not in page
    assert "&lt;i&gt;" in page


def test_control_characters_never_reach_a_terminal() -> None:
    printed = str(compared(ids=[f"\x1b[31m{row}" for row in range(20)]))
    assert "\x1b" not in printed
    assert "\\x1b[31m" in printed


def test_it_is_plain_json_and_a_frame_of_rows() -> None:
    analysis = compared()
    document = json.loads(json.dumps(analysis.to_dict()))
    assert document["pairs"][0]["metrics"][0]["fixed"] == 5
    frame = analysis.to_frame()
    assert set(frame["kind"]) == {"error", "gain", "loss", "hard"}
    gains = frame[(frame["kind"] == "gain") & (frame["metric"] == "exact_match")]
    assert set(gains["baseline_score"]) == {0.0}
    assert set(gains["score"]) == {100.0}


def test_a_system_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="no system 'old'; there is 'baseline', 'new'"):
        compared().system("old")
