"""`--slice`: columns, fields of rows and forms, one line a slice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import jsonl, run

ROWS = [
    {"id": row, "label": "b", "prediction": "ab"[row % 3 > 0], "language": ("de", "en")[row % 2], "task": "qa"}
    for row in range(120)
]
BETTER = [{**row, "prediction": "b" if row["language"] == "de" else row["prediction"]} for row in ROWS]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    return [jsonl(tmp_path / "base.jsonl", ROWS), jsonl(tmp_path / "new.jsonl", BETTER)]


def test_a_comparison_has_one_line_a_slice(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    flags = ["-m", "accuracy", "--slice", "language", "--slice", "task x language"]
    code, out, err = run(capsys, "compare", *files, *flags)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["language:", "de", "0.6667", "1.0000", "+0.3333"] in [line[:5] for line in lines]
    assert ["language:", "en", "0.6667", "0.6667", "+0.0000"] in [line[:5] for line in lines]
    assert "task x language: qa x de" in out
    assert "consistency of slices" in out
    assert "adjusted p: benjamini-hochberg over 4 tests: slices x metrics x candidates" in out
    code, out, _ = run(capsys, "compare", *files, *flags, "--json")
    found = json.loads(out)
    assert [one["values"] for one in found["slices"]] == [["de"], ["en"], ["qa", "de"], ["qa", "en"]]
    assert found["consistency"][0]["worst"] == ["en"]


def test_small_slices_say_so(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    flags = ["-m", "accuracy", "--slice", "language", "--min-slice-size", "61"]
    code, out, _ = run(capsys, "compare", *files, *flags)
    assert code == 0
    assert out.count("too few rows") == 2


def test_an_evaluation_by_the_columns_of_joined_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    gold = jsonl(tmp_path / "gold.jsonl", [{key: row[key] for key in ("id", "label", "language")} for row in ROWS])
    base = jsonl(tmp_path / "base.jsonl", [{"id": row["id"], "prediction": row["prediction"]} for row in ROWS])
    code, out, err = run(
        capsys, "evaluate", "--data", gold, "--pred", f"base={base}", "-m", "accuracy", "--slice", "language"
    )
    assert (code, err) == (0, "")
    assert "base, accuracy by slice" in out
    other = jsonl(tmp_path / "other.jsonl", [{**row, "language": "xx"} for row in ROWS])
    code, _, err = run(
        capsys, "evaluate", "--data", gold, "--pred", f"other={other}", "-m", "accuracy", "--slice", "language"
    )
    assert code == 2
    assert "has another language than" in err


def test_a_wrong_form_is_a_usage_error(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    code, out, err = run(capsys, "compare", *files, "-m", "accuracy", "--slice", "median(reference)")
    assert (code, out) == (2, "")
    assert "there is no form `median(...)`" in err
