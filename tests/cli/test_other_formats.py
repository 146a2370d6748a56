"""Two files of another program in, a verdict out, without further flags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import jsonl, run
from tests.data.test_formats import completion, generated, sample


def test_samples_of_lm_eval_need_no_flags(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base = jsonl(tmp_path / "base_samples.jsonl", [sample(doc, doc % 3 == 0) for doc in range(200)])
    new = jsonl(tmp_path / "new_samples.jsonl", [sample(doc, doc % 3 != 1) for doc in reversed(range(200))])
    code, out, err = run(capsys, "compare", base, new)
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert lines["acc"].endswith("▲ improved")
    assert "+0.3300" in lines["acc"]
    assert lines["brier_score"].endswith("· inconclusive")
    code, out, _ = run(capsys, "evaluate", base, "--json", "-m", "accuracy,score(of=acc,direction=higher)")
    assert code == 0
    values = [metric["value"] for metric in json.loads(out)["systems"][0]["metrics"]]
    assert values[0] == values[1], "the choice that is most likely is the prediction"


def test_filters_of_lm_eval_are_compared_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    by = ("strict-match", "flexible-extract")
    base = jsonl(tmp_path / "a.jsonl", [generated(doc, name, doc % 2) for name in by for doc in range(50)])
    new = jsonl(tmp_path / "b.jsonl", [generated(doc, name, 1) for name in by for doc in range(50)])
    code, out, err = run(capsys, "compare", base, new, "--json")
    assert (code, err) == (0, "")
    found = {one["metric"]: one["difference"] for one in json.loads(out)["comparisons"]}
    assert found == {
        "exact_match,strict-match": 0.5,
        "exact_match,flexible-extract": 0.5,
    }


def test_chats_with_batches(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    turn = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "Paris"}]
    gold = jsonl(tmp_path / "gold.jsonl", [{"custom_id": f"r{row}", "messages": turn} for row in range(60)])
    base = jsonl(tmp_path / "a.jsonl", [completion(f"r{row}", ["Paris", "Rome"][row % 2]) for row in range(60)])
    new = jsonl(tmp_path / "b.jsonl", [completion(f"r{row}", "Paris") for row in reversed(range(60))])
    flags = ["--data", gold, "--pred", f"base={base}", "--pred", f"new={new}", "-m", "exact_match"]
    code, out, err = run(capsys, "compare", *flags)
    assert (code, err) == (0, "")
    assert "▲ improved" in out


def test_other_files_need_metrics(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plain = jsonl(tmp_path / "a.jsonl", [{"id": "0", "prediction": "a", "reference": "a"}])
    samples = jsonl(tmp_path / "b.jsonl", [sample(0, True)])
    for files in ([plain, plain], [samples, plain]):
        code, out, err = run(capsys, "compare", f"a={files[0]}", f"b={files[1]}")
        assert (code, out) == (2, "")
        assert "--metrics: is missing" in err


def test_a_gate_names_the_scores_of_the_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base = jsonl(tmp_path / "base.jsonl", [sample(doc, doc % 3 == 0) for doc in range(200)])
    new = jsonl(tmp_path / "new.jsonl", [sample(doc, doc % 3 != 1) for doc in range(200)])
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rules]]\nmetric = "acc"\nmargin = 0.01\n[[rules]]\nmetric = "accuracy"\nthreshold = 0.5\n')
    code, out, _ = run(capsys, "gate", str(policy), base, new)
    assert code == 0
    assert "GO (critical and shown to hold: acc, accuracy)" in out
