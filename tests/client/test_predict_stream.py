"""Predictions of any number of rows against a real server, from Python and on the command line."""

from __future__ import annotations

import csv
import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evald
from evald import errors
from evald.__main__ import main


def test_batches_are_answered_as_predict_answers_them(client: evald.Client) -> None:
    batches = [[f"parcel {batch} is late" for _ in range(1 + batch % 3)] for batch in range(12)]
    found = list(client.predict_stream("support-tuned", batches))
    assert [one.class_scores for one in found] == [
        client.predict("support-tuned", batch).class_scores for batch in batches
    ]
    assert all(one.cost is not None for one in found)
    assert list(client.predict_stream("support-tuned", [])) == []


def test_batches_are_taken_as_they_are_needed(client: evald.Client) -> None:
    """Of an endless stream only what fits on the way is made; leaving the loop ends the call."""
    made = 0

    def batches() -> Iterator[dict[str, Any]]:
        nonlocal made
        for number in itertools.count():
            made = number
            yield {"inputs": ["the parcel is late " * 100] * 2000, "ids": [f"{number}-{row}" for row in range(2000)]}

    for answered in itertools.islice(client.predict_stream("support-base", batches()), 2):
        assert len(answered) == 2000
    assert made < 50


def test_rows_that_fail_are_named(client: evald.Client) -> None:
    (found,) = client.predict_stream("support-tuned", [{"inputs": [{"text": "late"}, {"other": "x"}], "ids": ["a", 7]}])
    assert (found.labels[1], [error.id for error in found.errors]) == (None, ["7"])


@pytest.mark.parametrize(
    ("alias", "bad", "reason", "field"),
    [
        ("support-tuned", [], "EMPTY_REQUEST", "batches[1]"),
        ("support-tuned", [3], "BAD_TYPE", "batches[1].inputs[0]"),
        ("support-tuned", {"texts": ["a"]}, "BAD_TYPE", "batches[1]"),
        ("support-tuned", {"inputs": ["a"], "ids": []}, "LENGTH_MISMATCH", "batches[1].ids"),
        ("support-tuned", ["x" * 2**21], "LIMIT_EXCEEDED", "batches[1].inputs[0]"),
    ],
)
def test_a_wrong_batch_ends_the_stream_and_what_came_before_stays(
    client: evald.Client, alias: str, bad: Any, reason: str, field: str
) -> None:
    answers = client.predict_stream(alias, [["late"], bad, ["never sent or never answered"]])
    assert len(next(answers)) == 1
    with pytest.raises(errors.InvalidRequestError) as caught:
        list(answers)
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)


def test_what_the_caller_raises_comes_back_to_him(client: evald.Client) -> None:
    def batches() -> Iterator[list[str]]:
        yield ["late"]
        raise ZeroDivisionError

    answers = client.predict_stream("support-tuned", batches())
    assert len(next(answers)) == 1
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_other_ends_are_typed(address: str, client: evald.Client) -> None:
    with pytest.raises(errors.NotFoundError, match="did you mean support-base"):
        list(client.predict_stream("suport-base", [["a"]]))
    with pytest.raises(errors.DeadlineError):
        list(client.predict_stream("support-base", itertools.repeat(["a"] * 100), timeout=0.5))
    closed = evald.Client(address)
    closed.close()
    with pytest.raises(errors.UnavailableError):
        list(closed.predict_stream("support-base", [["a"]]))


def test_the_example_of_the_page(
    capsys: pytest.CaptureFixture[str], root: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers are written line by line, and `evald evaluate` reads them."""
    page = (root / "docs" / "models.md").read_text()
    found = re.search(r"<!-- example: predict -->\n```sh\n(.*?)```", page, flags=re.DOTALL)
    assert found is not None
    predict, evaluate = found[1].replace("127.0.0.1:50051", address).replace("\\\n", " ").splitlines()
    (tmp_path / "examples").symlink_to(root / "examples")
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(predict)[1:]) == 0
    lines = [json.loads(line) for line in Path("answers.jsonl").read_text().splitlines()]
    with Path("examples/data/support-tickets/test.csv").open(newline="") as stream:
        assert [line["id"] for line in lines] == [row["id"] for row in csv.DictReader(stream)]
    assert capsys.readouterr().out == ""
    assert main([*shlex.split(evaluate)[1:], "--json"]) == 0
    (system,) = json.loads(capsys.readouterr().out)["systems"]
    assert system["metrics"][0]["value"] > 0.8
    assert main([*shlex.split(predict)[1:], "--class-scores"]) == 0
    classes = capsys.readouterr().err.strip().removeprefix("classes: ")
    assert main([*shlex.split(evaluate)[1:-1], "log_loss", "--classes", classes]) == 0


def test_lines_of_rows_without_ids(capsys: pytest.CaptureFixture[str], address: str, tmp_path: Path) -> None:
    """A row that failed has its error in place of a prediction, in a later batch as well."""
    rows: list[dict[str, Any]] = [{"input": {"text": "late"}} for _ in range(5)]
    rows[3] = {"input": {"other": "x"}}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["predict", str(path), "--model", "support-tuned", "--server", address, "--batch", "2"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["prediction"] is None for line in lines] == [False, False, False, True, False]
    assert lines[3]["error"]["reason"] == "MISSING_INPUT"
    assert "error" not in lines[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--batch", "0"], "--batch"),
        (["--map", "inputs=text"], "unknown role inputs"),
        (["--map", "input=other"], "other"),
        (["--out", "."], "directory"),
        (["--generate", "max_tokens=3"], "writes no texts"),
    ],
)
def test_wrong_usage_says_what_to_do(
    capsys: pytest.CaptureFixture[str], address: str, tmp_path: Path, arguments: list[str], words: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "late"}\n')
    assert main(["predict", str(path), "--model", "support-tuned", "--server", address, *arguments]) == 2
    assert words in capsys.readouterr().err
