"""What a model folder may hold and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from evald.backends.folder import LoadError, ModelFolder, digest

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {
    "id2label": {"0": "bad", "1": "good"},
    "label2id": {"bad": 0, "good": 1},
    "num_labels": 2,
    "max_position_embeddings": 32,
    "pad_token_id": 1,
}


def folder_with(path: Path, config: object) -> ModelFolder:
    (path / "config.json").write_text(json.dumps(config))
    return ModelFolder(path)


def test_a_good_config(tmp_path: Path) -> None:
    config = folder_with(tmp_path, GOOD).model_config()
    assert (config.classes, config.max_tokens, config.pad_token_id) == (("bad", "good"), 32, 1)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"id2label": None}, "id2label is missing"),
        ({"id2label": {}}, "id2label is missing"),
        ({"id2label": {"0": "a", "2": "b"}}, "classes 0 to 1"),
        ({"id2label": {"0": "a", "1": ""}}, "classes 0 to 1"),
        ({"id2label": {"0": "a", "1": 7}}, "classes 0 to 1"),
        ({"id2label": {"0": "a", "1": "a"}}, "twice"),
        ({"id2label": {"0": "a"}}, "one class"),
        ({"label2id": {"bad": 1, "good": 0}}, "contradicts"),
        ({"num_labels": 3}, "num_labels"),
        ({"max_position_embeddings": None}, "max_position_embeddings"),
        ({"max_position_embeddings": True}, "max_position_embeddings"),
        ({"max_position_embeddings": 0}, "max_position_embeddings"),
        ({"problem_type": "regression"}, "problem_type"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, Any], part: str) -> None:
    with pytest.raises(LoadError, match=part):
        folder_with(tmp_path, GOOD | change).model_config()


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "[" * 100_000, "\ud800"])
def test_a_config_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(LoadError, match=r"config\.json"):
        ModelFolder(tmp_path).model_config()


def test_several_labels_at_once_are_told_from_one(tmp_path: Path) -> None:
    assert not folder_with(tmp_path, GOOD).model_config().multilabel
    several = GOOD | {"problem_type": "multi_label_classification"}
    assert folder_with(tmp_path, several).model_config().multilabel


@pytest.mark.parametrize("positions", ["max_position_embeddings", "n_positions", "n_ctx"])
@pytest.mark.parametrize("architecture", ["LlamaForCausalLM", "GPT2LMHeadModel"])
def test_a_language_model_needs_no_classes(tmp_path: Path, architecture: str, positions: str) -> None:
    config = folder_with(tmp_path, {"architectures": [architecture], positions: 256}).model_config()
    assert (config.task, config.classes, config.max_tokens) == ("causal-lm", (), 256)


def test_roberta_counts_positions_from_behind_the_padding(tmp_path: Path) -> None:
    config = GOOD | {"model_type": "roberta", "max_position_embeddings": 514}
    assert folder_with(tmp_path, config).model_config().max_tokens == 512


@pytest.mark.parametrize(("limit", "expected"), [(16, 16), (64, 32), (1e30, 32), (None, 32)])
def test_the_tokenizer_may_lower_the_limit(tmp_path: Path, limit: float | None, expected: int) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": limit}))
    assert folder_with(tmp_path, GOOD).model_config().max_tokens == expected


def test_links_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "config.json"
    outside.write_text(json.dumps(GOOD))
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").symlink_to(outside)
    (model / "onnx").symlink_to(tmp_path)
    for name in ("config.json", "onnx/config.json", "../config.json", str(outside)):
        with pytest.raises(LoadError, match="outside"):
            ModelFolder(model).find(name)


def test_links_within_the_folder_and_to_the_blobs_of_a_hub_cache_are_followed(tmp_path: Path) -> None:
    model = tmp_path / "models--org--name" / "snapshots" / "1234"
    blobs = tmp_path / "models--org--name" / "blobs"
    other = tmp_path / "models--org--other" / "blobs"
    for path in (model, blobs, other):
        path.mkdir(parents=True)
    (blobs / "abcd").write_text(json.dumps(GOOD))
    (other / "abcd").write_text(json.dumps(GOOD))
    (model / "config.json").symlink_to(blobs / "abcd")
    (model / "again.json").symlink_to("config.json")
    (model / "other.json").symlink_to(other / "abcd")
    folder = ModelFolder(model)
    assert folder.model_config().classes == ("bad", "good")
    assert folder.find("again.json") == model / "again.json"
    with pytest.raises(LoadError, match="outside"):
        folder.find("other.json")


def test_missing_things_are_named(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="does not exist"):
        ModelFolder(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(LoadError, match="not a folder"):
        ModelFolder(tmp_path / "file")
    with pytest.raises(LoadError, match=r"onnx/model\.onnx or model\.onnx is missing"):
        ModelFolder(tmp_path).find("onnx/model.onnx", "model.onnx")
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(LoadError, match="missing"):
        ModelFolder(tmp_path).find("model.onnx")


def test_digest_is_sha256_of_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"bc")
    assert digest(tmp_path / "a", tmp_path / "b") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
