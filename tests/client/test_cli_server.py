"""The commands against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evald.__main__ import main


def test_evaluate_on_a_server_is_the_same(capsys: pytest.CaptureFixture[str], root: Path, address: str) -> None:
    data = root / "examples" / "data" / "summaries"
    command = ["compare", str(data / "base.jsonl"), str(data / "tuned.jsonl"), "-m", "bleu,rouge_l", "--json"]
    assert main(command) == 0
    here = json.loads(capsys.readouterr().out)
    assert main([*command, "--server", address]) == 0
    there = json.loads(capsys.readouterr().out)
    assert there["cost"]["rows"] > 0
    assert {**here, "cost": None} == {**there, "cost": None}


def test_models_of_the_server_are_compared(capsys: pytest.CaptureFixture[str], root: Path, address: str) -> None:
    test = root / "examples" / "data" / "support-tickets" / "test.csv"
    models = ["--model", "base=support-base", "--model", "tuned=support-tuned"]
    assert main(["compare", str(test), *models, "--server", address, "-m", "accuracy,confusion_matrix"]) == 0
    out = capsys.readouterr().out
    assert "tuned against base" in out
    assert "▲ improved" in out


def test_models_and_metrics_are_listed(capsys: pytest.CaptureFixture[str], address: str) -> None:
    assert main(["models", "list", "--server", address]) == 0
    assert "support-tuned" in capsys.readouterr().out
    assert main(["metrics", "bleu", "--server", address]) == 0
    assert "sacrebleu" in capsys.readouterr().out
    assert main(["models", "list", "--server", address, "--json"]) == 0
    assert [one["alias"] for one in json.loads(capsys.readouterr().out)] == ["support-base", "support-tuned"]


def test_models_are_unloaded_and_loaded(capsys: pytest.CaptureFixture[str], address: str) -> None:
    for action, state, used in (("unload", "unloaded", False), ("load", "ready", True)):
        assert main(["models", action, "support-base", "support-tuned", "--server", address, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [(one["state"], one["weights_bytes"] > 0) for one in found] == [(state, used)] * 2
    assert main(["models", "load", "suport-base", "--server", address]) == 2
    assert "did you mean support-base or support-tuned?" in capsys.readouterr().err


def test_unknown_models_are_wrong_input(capsys: pytest.CaptureFixture[str], root: Path, address: str) -> None:
    test = root / "examples" / "data" / "support-tickets" / "test.csv"
    assert main(["evaluate", str(test), "--model", "x=nope", "--server", address, "-m", "accuracy"]) == 2
    assert "model" in capsys.readouterr().err
