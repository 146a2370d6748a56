"""The example encoder is what examples/README.md says it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

onnxruntime: Any = pytest.importorskip("onnxruntime")
tokenizers: Any = pytest.importorskip("tokenizers")

TEXTS = ["my parcel is late", "", "Über naïve façades: 日本語 🙂 " * 4]
OUTPUTS = ["hidden_states.0", "hidden_states.1", "hidden_states.2", "last_hidden_state"]


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "examples" / "models" / "tiny-encoder"


def encoded(folder: Path) -> list[list[int]]:
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    return [list(encoding.ids) for encoding in tokenizer.encode_batch(TEXTS)]


def run(folder: Path, ids: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
    return [np.asarray(states) for states in session.run(OUTPUTS, {"input_ids": ids, "attention_mask": mask})]


def test_it_learnt_something(folder: Path, root: Path) -> None:
    recorded = json.loads((folder / "config.json").read_text(encoding="utf-8"))["evaluation"]
    found = recorded["halves_of_held_out_texts_found_among_100"]
    assert found > 0.5
    assert f"{round(100 * found)} halves find theirs" in (root / "examples" / "README.md").read_text(encoding="utf-8")


def test_padding_does_not_change_a_bit(folder: Path) -> None:
    rows = encoded(folder)
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)], mask[at, : len(row)] = row, 1
    together = run(folder, ids, mask)
    for at, row in enumerate(rows):
        alone = run(folder, ids[at : at + 1, : len(row)], mask[at : at + 1, : len(row)])
        for one, all_rows in zip(alone, together, strict=True):
            assert one[0].tobytes() == all_rows[at, : len(row)].tobytes()


@pytest.mark.torch
def test_transformers_load_it_and_agree(folder: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    transformers: Any = pytest.importorskip("transformers")
    model = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for text, row in zip(TEXTS, encoded(folder), strict=True):
        assert tokenizer(text)["input_ids"] == row
        ids = np.array([row])
        with torch.inference_mode():
            theirs = model(input_ids=torch.from_numpy(ids), output_hidden_states=True).hidden_states
        for ours, states in zip(run(folder, ids, np.ones_like(ids)), theirs, strict=True):
            np.testing.assert_allclose(ours, states.numpy(), atol=1e-5)
