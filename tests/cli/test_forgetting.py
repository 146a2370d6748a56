"""`--forgetting`, `--target-task`, `--emar`: tasks in tables and JSON, wrong questions are usage errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import jsonl, run

ROWS = [
    {"id": row, "label": "b", "prediction": "ab"[row % 3 > 0], "task": ("medicine", "law")[row % 2]}
    for row in range(160)
]
BETTER = [{**row, "prediction": "b" if row["task"] == "medicine" else row["prediction"]} for row in ROWS]
EMAR = "emar(accuracy, target_task=medicine, benchmark_task=law, variant=prose)"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    return [jsonl(tmp_path / "base.jsonl", ROWS), jsonl(tmp_path / "new.jsonl", BETTER)]


def test_a_table_of_tasks(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    flags = ["-m", "accuracy", "--target-task", "medicine", "--emar", EMAR]
    code, out, err = run(capsys, "compare", *files, *flags)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["medicine", "(target)", "0.6625", "1.0000", "+0.3375"] in [line[:5] for line in lines]
    assert ["new", "accuracy", "+0.0000", "[+0.0000,", "+0.0000]", "1"] in lines
    assert ["new", "accuracy", "medicine", "law", "prose", "+0.5094"] in [line[:6] for line in lines]
    assert "adjusted p: holm over 2 tests: tasks x metrics x candidates" in out
    code, out, _ = run(capsys, "compare", *files, *flags, "--json")
    found = json.loads(out)
    assert [one["task"] for one in found["forgetting"][0]["tasks"]] == ["law", "medicine"]
    assert found["emar"][0]["estimate"]["value"] == pytest.approx(27 / 53)


def test_without_a_target(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    code, out, _ = run(capsys, "compare", *files, "-m", "accuracy", "--forgetting")
    assert code == 0
    assert "(target)" not in out
    assert "average forgetting" in out
    code, out, _ = run(capsys, "compare", *files, "-m", "accuracy")
    assert "forgetting" not in out


def test_wrong_questions_are_usage_errors(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    for flags, problem in (
        (["--target-task", "code"], "no row has this task"),
        (["--emar", "emar(bleu, target_task=medicine, benchmark_task=law)"], "is none of the metrics"),
        (["--emar", "medicine"], "must be written emar("),
    ):
        code, out, err = run(capsys, "compare", *files, "-m", "accuracy", *flags)
        assert (code, out) == (2, "")
        assert problem in err
