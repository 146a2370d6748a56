"""`evald plan`: in words, as JSON, from the file of a comparison."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import jsonl, run

import evald

ROWS = [{"id": row, "label": "b", "prediction": "ab"[row % 3 > 0]} for row in range(60)]
BETTER = [{"id": row, "label": "b", "prediction": "ab"[row % 5 > 0]} for row in range(60)]


def test_a_plan_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "plan", "--effect", "0.02", "--rate", "0.8", "--discordant", "0.1")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "2,059 rows find a difference of 0.02 with probability 0.8"


def test_a_plan_from_a_comparison(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base, new = jsonl(tmp_path / "base.jsonl", ROWS), jsonl(tmp_path / "new.jsonl", BETTER)
    result = str(tmp_path / "result.json")
    assert run(capsys, "compare", base, new, "--metrics", "accuracy,mcc", "--out", result)[0] == 0
    flags = ("plan", "--rows", "600", "--pilot", result)
    code, out, err = run(capsys, *flags, "--metric", "accuracy", "--json")
    assert (code, err) == (0, "")
    pilots = {one["metric"]: one for one in json.loads(Path(result).read_text())["comparisons"]}
    std = pilots["accuracy"]["std_error"] * 60**0.5
    assert json.loads(out) == pytest.approx(evald.plan(rows=600, difference_std=std).to_dict())

    code, out, err = run(capsys, *flags)
    assert (code, out) == (2, "")
    assert "--metric: must be one of accuracy, mcc" in err


def test_wrong_plans_are_usage_errors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "plan", "--effect", "0.9", "--rate", "0.8")
    assert code == 2
    assert "effect: must be at most 0.2:" in err
    no_result = jsonl(tmp_path / "rows.jsonl", ROWS)
    assert "no result of evald compare" in run(capsys, "plan", "--effect", "1", "--pilot", no_result)[2]
    assert "FILE" not in run(capsys, "plan", "--effect", "1", "--pilot", str(tmp_path / "none"))[2]
