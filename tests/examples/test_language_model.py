"""The example language model is what examples/README.md says it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

onnxruntime: Any = pytest.importorskip("onnxruntime")
tokenizers: Any = pytest.importorskip("tokenizers")

TEXTS = ["Return the number of items.", "x", "Über naïve façades: 日本語 " * 4]


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "examples" / "models" / "tiny-lm"


def ids_of(folder: Path) -> list[list[int]]:
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    return [list(encoding.ids) for encoding in tokenizer.encode_batch(TEXTS)]


def onnx_logits(folder: Path, ids: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
    names = [item.name for item in session.get_inputs() if item.name.startswith("past")]
    past = dict.fromkeys(names, np.zeros((len(ids), 4, 0, 32), dtype=np.float32))
    return np.asarray(session.run(["logits"], {"input_ids": ids, "attention_mask": mask, **past})[0])


def test_a_token_is_a_byte(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert [len(ids) for ids in ids_of(folder)] == [len(text.encode()) for text in TEXTS]
    assert [tokenizer.decode(ids) for ids in ids_of(folder)] == TEXTS
    assert tokenizer.token_to_id("<|endoftext|>") == config["bos_token_id"] == config["vocab_size"] - 1


def test_it_learnt_something(folder: Path, root: Path) -> None:
    recorded = json.loads((folder / "config.json").read_text(encoding="utf-8"))["evaluation"]["nats_per_byte"]
    assert 0 < recorded < 3
    assert f"{recorded} nats" in (root / "examples" / "README.md").read_text(encoding="utf-8")


def test_padding_does_not_change_a_bit(folder: Path) -> None:
    rows = ids_of(folder)
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)], mask[at, : len(row)] = row, 1
    together = onnx_logits(folder, ids, mask)
    for at, row in enumerate(rows):
        if len(row) > 1:  # a product with a single row takes another path; the server never asks for one
            alone = onnx_logits(folder, ids[at : at + 1, : len(row)], mask[at : at + 1, : len(row)])
            assert alone[0].tobytes() == together[at, : len(row)].tobytes()


@pytest.mark.torch
def test_transformers_load_it_and_agree(folder: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    transformers: Any = pytest.importorskip("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for text, row in zip(TEXTS, ids_of(folder), strict=True):
        assert tokenizer(text)["input_ids"] == row
        ids = np.array([row])
        with torch.inference_mode():
            theirs = model(input_ids=torch.from_numpy(ids)).logits.numpy()
        np.testing.assert_allclose(onnx_logits(folder, ids, np.ones_like(ids)), theirs, atol=1e-4)
