"""`--format` and `--errors` of `evald evaluate` and `evald compare`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import jsonl, run

ROWS = [
    ("r1", "a", "a", "a"),
    ("r2", "a", "b", "a"),
    ("r3", "b", "b", "a"),
    ("r4", "b", "a", "a"),
    ("r5", "b", None, "b"),
    ("r6", "b", "b", "b"),
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, Path]:
    """Base, new, and where errors go."""
    base = [{"id": name, "label": gold, "prediction": old} for name, gold, old, _ in ROWS]
    new = [{"id": name, "label": gold, "prediction": said} for name, gold, _, said in ROWS]
    return jsonl(tmp_path / "base.jsonl", base), jsonl(tmp_path / "new.jsonl", new), tmp_path / "errors.csv"


def lines_of(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_formats(capsys: pytest.CaptureFixture[str], files: tuple[str, str, Path]) -> None:
    flags = ["compare", files[0], files[1], "-m", "accuracy"]
    starts = {"md": "| candidate |", "csv": "baseline,metric,", "latex": r"% \usepackage", "table": "new against base"}
    for name, start in starts.items():
        code, out, err = run(capsys, *flags, "--format", name)
        assert (code, err) == (0, "")
        assert out.startswith(start)
    as_json = run(capsys, *flags, "--format", "json")[1]
    plain = run(capsys, *flags, "--json")[1]
    assert json.loads(as_json) == json.loads(plain)
    assert run(capsys, "evaluate", files[0], "-m", "accuracy", "--format", "csv")[1].startswith("system,metric,")


def test_errors_of_a_comparison(capsys: pytest.CaptureFixture[str], files: tuple[str, str, Path]) -> None:
    code, _, err = run(capsys, "compare", files[0], files[1], "-m", "mcc,accuracy", "--errors", str(files[2]))
    assert (code, err) == (0, "")
    found = lines_of(files[2])
    assert [(line["id"], line["kind"]) for line in found] == [
        ("r2", "fixed"), ("r3", "broken"), ("r4", "both wrong"), ("r5", "failed"),
    ]  # fmt: skip
    assert found[1] == {
        "id": "r3", "candidate": "new", "kind": "broken", "metric": "accuracy", "score": "0.0", "input": "",
        "reference": "b", "prediction": "a", "baseline_score": "1.0", "baseline_prediction": "b", "failure_mode": "",
    }  # fmt: skip
    assert (found[3]["score"], found[3]["baseline_prediction"]) == ("1.0", "")


def test_errors_of_an_evaluation(capsys: pytest.CaptureFixture[str], files: tuple[str, str, Path]) -> None:
    assert run(capsys, "evaluate", files[0], "-m", "accuracy", "--errors", str(files[2]))[0] == 0
    found = [(line["id"], line["system"], line["kind"]) for line in lines_of(files[2])]
    assert found == [("r2", "base", "wrong"), ("r4", "base", "wrong"), ("r5", "base", "failed")]


def test_errors_between_right_and_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base = [{"reference": "a b c d", "prediction": said} for said in ("a b", "a b c d", "a b", "a b c d")]
    new = [{"reference": "a b c d", "prediction": said} for said in ("a b c", "a b", "a b", "a b c d")]
    files = jsonl(tmp_path / "base.jsonl", base), jsonl(tmp_path / "new.jsonl", new)
    for metric in ("rouge_l", "wer"):
        assert run(capsys, "compare", *files, "-m", metric, "--errors", str(tmp_path / "e.csv"))[0] == 0
        found = [(line["id"], line["kind"]) for line in lines_of(tmp_path / "e.csv")]
        assert found == [("#0", "fixed"), ("#1", "broken"), ("#2", "both wrong")]


FORMULAS = [
    '=HYPERLINK("http://x","y")', "+1+cmd|' /C calc'!A0", "@SUM(1)", "-cmd", "\t=1", "\r=1", "\n=1", "\0=1", "\uff1d1",
    "'=1",
]  # fmt: skip
PLAIN = ['say "no", then\r\nleave; twice', "-5", "+1.5e3", "it's", "' =", "–", "a=b"]


def test_texts_of_errors_are_safe_for_spreadsheets(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [{"id": text, "input": text, "reference": f"x{text}", "prediction": text} for text in [*FORMULAS, *PLAIN]]
    better = [{**row, "prediction": row["reference"]} for row in rows]
    files = jsonl(tmp_path / "base.jsonl", rows), jsonl(tmp_path / "new.jsonl", better)
    path = tmp_path / "errors.csv"
    metric = ["-m", "accuracy"]
    assert run(capsys, "compare", *files, *metric, "--errors", str(path))[0] == 0
    lines = lines_of(path)
    shown = [*(f"'{text}" for text in FORMULAS), *PLAIN]
    for name in ("id", "input", "baseline_prediction"):
        assert [line[name] for line in lines] == shown
    assert [line["prediction"] for line in lines] == [row["reference"] for row in rows]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows({**line, "failure_mode": "'=why"} for line in lines)
    code, out, err = run(capsys, "compare", *files, *metric, "--failure-modes", str(path), "--json")
    assert (code, err) == (0, "")
    assert [(one["values"], one["rows"]) for one in json.loads(out)["slices"]] == [(["=why"], len(rows))]


def test_errors_have_inputs_of_any_shape(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    inputs = ["one", {"text": "two"}, {"question": "three", "hint": "é"}, None]
    gold = [{"id": row, "question": cell, "label": "a"} for row, cell in enumerate(inputs)]
    said = [{"id": row, "prediction": "b"} for row in range(4)]
    files = jsonl(tmp_path / "gold.jsonl", gold), jsonl(tmp_path / "said.jsonl", said)
    path = tmp_path / "errors.csv"
    flags = ["--data", files[0], "--pred", f"x={files[1]}", "-m", "accuracy", "--errors", str(path)]
    assert run(capsys, "evaluate", *flags)[::2] == (0, "")
    assert [line["input"] for line in lines_of(path)] == ["one", "two", '{"question": "three", "hint": "é"}', ""]


def test_errors_need_row_scores(capsys: pytest.CaptureFixture[str], files: tuple[str, str, Path]) -> None:
    flags = ["compare", files[0], files[1], "--errors", str(files[2])]
    assert "needs a metric that has a score for every row" in run(capsys, *flags, "-m", "mcc")[2]
    code, _, err = run(capsys, *flags, "-m", "accuracy", "--rows", "none")
    assert code == 2
    assert "--errors: needs the scores of all rows" in err
    assert run(capsys, *flags[:-1], str(files[2].parent / "none" / "e.csv"), "-m", "accuracy")[0] == 2


def test_failure_modes_are_read_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base = [{"id": f"r{row}", "label": "a", "prediction": "ab"[row % 2]} for row in range(80)]
    new = [{"id": f"r{row}", "label": "a", "prediction": "ab"[row % 4 == 3]} for row in range(80)]
    files = jsonl(tmp_path / "base.jsonl", base), jsonl(tmp_path / "new.jsonl", new)
    path = tmp_path / "errors.csv"
    assert run(capsys, "compare", *files, "-m", "accuracy", "--errors", str(path))[0] == 0
    lines = lines_of(path)
    for line in lines:
        line["failure_mode"] = {"fixed": "negation", "both wrong": " numbers "}[line["kind"]]

    def written() -> None:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)

    written()
    flags = ["compare", *files, "-m", "accuracy", "--failure-modes", str(path), "--min-slice-size", "10"]
    code, out, err = run(capsys, *flags, "--json")
    assert (code, err) == (0, "")
    found = {tuple(one["values"]): one["comparisons"][0]["difference"] for one in json.loads(out)["slices"]}
    assert found == {("(none)",): 0.0, ("negation",): 1.0, ("numbers",): 0.0}
    lines.append({**lines[0], "failure_mode": "other"})
    written()
    assert "gives a row another failure_mode" in run(capsys, *flags)[2]
    lines[-1]["id"] = "r999"
    written()
    code, _, err = run(capsys, *flags)
    assert code == 2
    assert f"errors.csv:{len(lines) + 1}: has an id that the rows lack" in err
    assert "needs the columns id and failure_mode" in run(capsys, *flags[:-4], "--failure-modes", files[0])[2]
