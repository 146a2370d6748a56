"""The example encoder-decoder is what examples/README.md says; tests/server/test_seq2seq.py counts its right ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from examples.numbers_in_words import held_out, in_words

if TYPE_CHECKING:
    from pathlib import Path

onnxruntime: Any = pytest.importorskip("onnxruntime")
tokenizers: Any = pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "examples" / "models" / "tiny-seq2seq"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (20, "twenty"),
        (96, "ninety-six"),
        (100, "one hundred"),
        (101, "one hundred and one"),
        (1000, "one thousand"),
        (4096, "four thousand and ninety-six"),
        (70_013, "seventy thousand and thirteen"),
        (999_999, "nine hundred and ninety-nine thousand nine hundred and ninety-nine"),
    ],
)
def test_numbers_have_words(number: int, words: str) -> None:
    assert in_words(number) == words


def test_it_learnt_something(folder: Path, root: Path) -> None:
    right = json.loads((folder / "config.json").read_text(encoding="utf-8"))["evaluation"]["right"]
    text = (root / "examples" / "README.md").read_text(encoding="utf-8")
    assert f"Of {len(held_out())} numbers that it was never shown it writes {right} without a mistake" in text


@pytest.mark.torch
def test_transformers_load_it_and_agree(folder: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    transformers: Any = pytest.importorskip("transformers")
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    encoder, decoder = (
        onnxruntime.InferenceSession(str(folder / "onnx" / f"{name}.onnx"))
        for name in ("encoder_model", "decoder_model_merged")
    )
    past = {
        item.name: np.zeros((1, 4, 0, 16), dtype=np.float32)
        for item in decoder.get_inputs()
        if item.name.startswith("past")
    }
    for number in held_out()[:5]:
        ids, read = np.array([tokenizer(str(number))["input_ids"]]), np.array([[257, 3, 4, 5]])
        with torch.inference_mode():
            given = {"input_ids": torch.from_numpy(ids), "decoder_input_ids": torch.from_numpy(read)}
            theirs = model(**given).logits.numpy()
        (states,) = encoder.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        feed = {"encoder_attention_mask": np.ones_like(ids), "encoder_hidden_states": states, "input_ids": read}
        (ours,) = decoder.run(["logits"], {**feed, **past, "use_cache_branch": np.array([False])})
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
        whole = model.generate(input_ids=given["input_ids"], max_new_tokens=99, do_sample=False)[0]
        assert tokenizer.decode(whole, skip_special_tokens=True) == in_words(number)
