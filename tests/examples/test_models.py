"""The example data and models are what examples/README.md says they are."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
MODELS = ("support-base", "support-tuned")
SIZE_LIMIT = 4 * 1024 * 1024


@pytest.fixture(scope="module")
def score() -> ModuleType:
    """examples/onnx_score.py, which needs what a scoring machine has, but no torch."""
    for needed in ("onnxruntime", "tokenizers"):
        pytest.importorskip(needed, reason=f"{needed} is not installed, so the example models cannot be run")
    return import_example("onnx_score")


@pytest.fixture(scope="module")
def train(score: ModuleType) -> ModuleType:
    """examples/train.py, which needs what a training machine has."""
    for needed in ("torch", "onnx", "safetensors"):
        pytest.importorskip(needed, reason=f"{needed} is not installed, so the export cannot be compared with torch")
    return import_example("train")


def import_example(name: str) -> ModuleType:
    """The examples are not installed; they are started from the root of the repository."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"examples.{name}")


@pytest.fixture(scope="module", params=MODELS)
def folder(request: pytest.FixtureRequest) -> Path:
    """Each model folder in turn."""
    return EXAMPLES / "models" / str(request.param)


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a model folder."""
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.torch
def test_onnx_agrees_with_torch(train: ModuleType, score: ModuleType, folder: Path) -> None:
    """The export computes what the trained weights compute, for a padded batch and for each row alone."""
    model, exported = train.load_classifier(folder), score.OnnxClassifier(folder)
    encoded = exported.encode(score.read_split("test")[0])[:64]
    for rows in [encoded, *([row] for row in encoded)]:
        ids, mask = score.pad(rows, exported.config["pad_token_id"])
        assert abs(train.torch_logits(model, ids, mask) - exported.logits(ids, mask)).max() <= 1e-5


def test_accuracy_is_the_recorded_one(score: ModuleType, folder: Path) -> None:
    """config.json and the README state the exact number of test rows that the exported graph gets right."""
    recorded = read_config(folder)["evaluation"]
    texts, labels = score.read_split(recorded["split"])
    assert len(texts) == recorded["rows"]
    assert score.OnnxClassifier(folder).count_correct(texts, labels) == recorded["correct"]
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"`{folder.name}`.*\b{recorded['correct']} of {recorded['rows']}\b", readme)


@pytest.mark.parametrize("size", [2, 7, 32])
def test_padding_does_not_change_a_bit(score: ModuleType, folder: Path, size: int) -> None:
    """A row gives the same logits alone as in a padded batch, so that scores do not depend on the batch size."""
    model = score.OnnxClassifier(folder)
    pad_token_id = model.config["pad_token_id"]
    encoded = model.encode(score.read_split("test")[0])
    padded_rows = 0
    for start in range(0, len(encoded), size):
        rows = encoded[start : start + size]
        ids, mask = score.pad(rows, pad_token_id)
        together = model.logits(ids, mask)
        for row, logits in zip(rows, together, strict=True):
            padded_rows += len(row) < ids.shape[1]
            assert model.logits(*score.pad([row], pad_token_id))[0].tobytes() == logits.tobytes()
    assert padded_rows > len(encoded) // 4


def test_config_is_complete(score: ModuleType, folder: Path) -> None:
    """What a server reads of a model agrees with the labels of the data and with the tokenizer."""
    config, model = read_config(folder), score.OnnxClassifier(folder)
    labels = sorted(set(score.read_split("train")[1]))
    assert config["task"] == "text-classification"
    assert config["label2id"] == {label: number for number, label in enumerate(labels)}
    assert config["id2label"] == {str(number): label for number, label in enumerate(labels)}
    assert config["num_labels"] == len(labels)
    long = model.encode(["a very long ticket " * 50])[0]
    assert len(long) == config["max_position_embeddings"]
    assert [model.tokenizer.id_to_token(number) for number in (long[0], long[-1])] == ["[CLS]", "[SEP]"]
    assert model.tokenizer.token_to_id("[PAD]") == config["pad_token_id"]
    assert [(put.name, put.type) for put in model.session.get_inputs()] == [
        ("input_ids", "tensor(int64)"),
        ("attention_mask", "tensor(int64)"),
    ]
    assert [(put.name, put.type) for put in model.session.get_outputs()] == [("logits", "tensor(float)")]


def test_models_stay_small() -> None:
    """The models are part of the repository, so they must not weigh it down."""
    sizes = [path.stat().st_size for path in (EXAMPLES / "models").rglob("*") if path.is_file()]
    assert 0 < max(sizes) <= SIZE_LIMIT
    assert sum(sizes) <= 4 * SIZE_LIMIT


def test_splits_share_no_text(score: ModuleType) -> None:
    """A test row that the training has seen would measure memory."""
    train_texts, test_texts = (set(map(str.lower, score.read_split(name)[0])) for name in ("train", "test"))
    assert not train_texts & test_texts


def test_data_can_be_made_again(tmp_path: Path) -> None:
    """The generator writes the committed bytes, and every committed data file comes from it."""
    subprocess.run([sys.executable, "-m", "examples.data.make_data", "--out", str(tmp_path)], cwd=ROOT, check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    committed = [path for path in (EXAMPLES / "data").rglob("*") if path.suffix in (".csv", ".jsonl")]
    assert made == {path.relative_to(EXAMPLES / "data"): path.read_bytes() for path in committed}


def test_summaries_pair_up() -> None:
    """Both summary files hold the same questions and differ in their predictions only."""
    base, tuned = (
        [json.loads(line) for line in (EXAMPLES / "data" / "summaries" / name).read_text(encoding="utf-8").splitlines()]
        for name in ("base.jsonl", "tuned.jsonl")
    )
    assert len(base) == 40
    shared = ("id", "input", "reference")
    assert [[row[key] for key in shared] for row in base] == [[row[key] for key in shared] for row in tuned]
    assert len({row["id"] for row in base}) == len(base)
    assert sum(left["prediction"] != right["prediction"] for left, right in zip(base, tuned, strict=True)) > 30
