"""Baselines in this process and on the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import evald
from evald.__main__ import main
from evald.errors import InvalidRequestError

TRAIN = [{"text": f"t{n}", "label": label, "split": "train"} for n, label in enumerate(["yes", "yes", "no"])]
TEST = [{"text": f"s{n}", "label": label, "prediction": label} for n, label in enumerate(["yes", "no", "no", "yes"])]


def columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"references": [row["label"] for row in rows], "splits": [row.get("split") for row in rows]}


def test_lists_and_rows_give_the_same() -> None:
    mine = [None] * 3 + [row["prediction"] for row in TEST]
    given = columns([*TRAIN, *TEST])
    listed = evald.compare(evald.Baseline("majority"), {"mine": mine}, metrics="accuracy", **given)
    assert (listed["accuracy"].baseline_value, listed["accuracy"].candidate_value) == (0.5, 1.0)
    systems = {"baseline": evald.Baseline("majority")}
    table = evald.compare("baseline", rows=[*TRAIN, *TEST], systems=systems, metrics="accuracy")
    assert [one.system for one in table.provenance.baselines] == ["baseline"]
    assert table["accuracy"].difference == listed["accuracy"].difference
    assert [note.code for note in table.notes if note.code == "TRAINING_ROWS"] == ["TRAINING_ROWS"]
    assert "TRAINING_ROWS" in str(table)
    assert "TRAINING_ROWS" in table._repr_html_()


def test_rows_by_system_need_no_predictions_to_learn_from() -> None:
    given: list[dict[str, Any]] = [{"text": row["text"], "label": row["label"]} for row in TEST]
    rows = [*TRAIN, *({**row, "predictions": {"a": row["label"], "b": "no"}} for row in given)]
    found = evald.evaluate(rows=rows, systems={"guess": evald.Baseline("majority")}, metrics="accuracy")
    assert [(one.name, one["accuracy"].value) for one in found.systems] == [("guess", 0.5), ("a", 1.0), ("b", 0.5)]
    assert [note.code for note in found.notes] == ["TRAINING_ROWS"]


def test_a_baseline_alone_needs_no_predictions() -> None:
    rows = [{name: row[name] for name in ("label", "split") if name in row} for row in [*TRAIN, *TEST]]
    found = evald.evaluate(rows=rows, systems={"guess": evald.Baseline("majority")}, metrics="accuracy")
    assert found["accuracy"].value == 0.5
    assert found.to_dict()["provenance"]["baselines"][0]["kind"] == "majority"


def test_slices_and_analysis_see_the_rows_that_are_scored() -> None:
    rows = [*TRAIN, *({**row, "split": split} for row, split in zip(TEST, "xxyy", strict=True))]
    guess = {"guess": evald.Baseline("majority")}
    found = evald.compare("guess", rows=rows, systems=guess, metrics="accuracy", slices="split", analysis=True)
    assert [(one.values, one.rows) for one in found.slices] == [(("x",), 2), (("y",), 2)]
    assert found.analysis is not None


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        ({"text": "x", "label": ["yes", "no"], "split": "train"}, "BAD_TRAINING_LABEL", "rows[2].label"),
        ({"text": "x", "label": "no", "prediction": None}, None, ""),
    ],
)
def test_wrong_rows_are_named(row: dict[str, Any], reason: str | None, field: str) -> None:
    rows = [*TRAIN[:2], row, TRAIN[2], *TEST]
    systems = {"guess": evald.Baseline("majority")}
    if reason is None:
        found = evald.evaluate(rows=rows, systems=systems, metrics="accuracy", row_report="failed")
        errors = found.system("system").rows
        assert errors is not None
        assert [(one.id, one.reason) for one in errors.errors] == [("#2", "MISSING_PREDICTION")]
        return
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(rows=rows, systems=systems, metrics="accuracy")
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)


def test_a_name_cannot_be_given_twice() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(rows=[*TRAIN, *TEST], systems={"system": evald.Baseline("majority")}, metrics="accuracy")
    assert caught.value.reason == "CONFLICT"


def test_a_judged_comparison_may_have_a_baseline() -> None:
    rows = [*TRAIN, *(TEST * 40)]
    guess = {"guess": evald.Baseline("majority")}
    found = evald.compare("guess", rows=rows, systems=guess, metrics="accuracy")
    assert evald.gate({"rules": [{"metric": "accuracy", "margin": 0.01}]}, found.to_dict()).verdict == "go"


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--metrics", "accuracy", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_files_are_compared_with_the_majority(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = written(tmp_path / "mine.jsonl", [*TRAIN, *TEST])
    found = run(capsys, "compare", whole, "--baseline-model", "majority")
    assert (found["baseline"], found["comparisons"][0]["candidate"]) == ("majority", "mine")
    worse = written(tmp_path / "worse.jsonl", [*TRAIN, *({**row, "prediction": "no"} for row in TEST)])
    found = run(capsys, "compare", whole, worse, "--baseline-model", "guess=majority", "--baseline", "mine")
    assert [one["name"] for one in found["systems"]] == ["guess", "mine", "worse"]
    assert found["baseline"] == "mine"


def test_gold_and_predictions_in_files_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "id": str(number)} for number, row in enumerate([*TRAIN, *TEST])]
    gold = written(tmp_path / "gold.jsonl", [{**row, "prediction": None} for row in rows])
    answers = [{"id": row["id"], "prediction": row["prediction"]} for row in rows if "prediction" in row]
    given = ("--data", gold, "--pred", f"mine={written(tmp_path / 'a.jsonl', answers)}")
    found = run(capsys, "evaluate", *given, "--baseline-model", "majority")
    values = {one["name"]: one["metrics"][0]["value"] for one in found["systems"]}
    assert values == {"majority": 0.5, "mine": 1.0}


@pytest.mark.parametrize("with_ids", [True, False])
def test_rows_in_error_are_those_of_the_file(tmp_path: Path, with_ids: bool) -> None:
    rows = [TRAIN[0], TEST[0], TRAIN[1], {**TEST[1], "prediction": "yes"}, TRAIN[2], TEST[2]]
    named = [{**row, "id": f"r{number}"} if with_ids else row for number, row in enumerate(rows)]
    whole, errors = written(tmp_path / "mine.jsonl", named), tmp_path / "errors.csv"
    assert main(["compare", whole, "--baseline-model", "majority", "-m", "accuracy", "--errors", str(errors)]) == 0
    with errors.open(encoding="utf-8-sig") as file:
        found = [(line["id"], line["kind"], line["input"], line["prediction"]) for line in csv.DictReader(file)]
    names = ["r3", "r5"] if with_ids else ["#3", "#5"]
    assert found == [(names[0], "both wrong", "s1", "yes"), (names[1], "fixed", "s2", "no")]


def test_scores_of_rows_are_named_by_their_place() -> None:
    found = evald.evaluate(
        rows=[TRAIN[0], TEST[0], *TRAIN[1:], *TEST[1:]],
        systems={"guess": evald.Baseline("majority")},
        metrics="accuracy",
        row_report="all",
    )
    rows = found.system("guess").rows
    assert rows.scores is not None
    assert list(zip(rows.ids, rows.scores["accuracy"], strict=True)) == [("#1", 1), ("#4", 0), ("#5", 0), ("#6", 1)]


def test_a_kind_that_does_not_exist_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = written(tmp_path / "mine.jsonl", [*TRAIN, *TEST])
    assert main(["compare", whole, "--baseline-model", "majorty", "--metrics", "accuracy"]) == 2
    assert "did you mean majority" in capsys.readouterr().err
