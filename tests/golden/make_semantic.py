"""Writes semantic.json: what bert-score and sentence-transformers' formula give for the example encoder, in torch.

    python -m tests.golden.make_semantic          # needs torch, transformers and bert-score

Used by tests too, which compare with the packages live where these are installed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bert_score
import numpy as np
import torch
import transformers

ROOT = Path(__file__).resolve().parents[2]
ENCODER = ROOT / "examples" / "models" / "tiny-encoder"
LAYERS = 3
# Of the model's texts for metrics over whole texts, and of those over tokens.
POOLED, READ = 64, 128

Pair = tuple[str, list[str]]
PAIRS: list[Pair] = [
    ("the parcel is late", ["my parcel is late", "where is it?"]),
    ("", ["the invoice is wrong"]),
    ("the invoice is wrong", ["  ", "wrong invoice"]),
    ("Über naïve façades: 日本語 🙂", ["über naïve façades", "日本語 👩‍👩‍👧"]),
    ("cancel my contract", ["cancel my contract"]),
    (" again and again and\tagain ", ["again [SEP] and [CLS]"]),
    ("again and " * 100, ["again and again " * 90, "never"]),
    ("Return the number of items in a container.", ["Return a copy of the string with items counted."]),
    ("?!", ["."]),
]


def bert_scores(path: Path, pairs: Sequence[Pair], layer: int, idf: bool) -> dict[str, list[float]]:
    """Precision, recall and F1 of every pair as bert-score computes them; layers are counted from the first."""
    base: Any = transformers.PreTrainedTokenizerBase
    if not hasattr(base, "build_inputs_with_special_tokens"):
        # transformers 5 has no such method for most tokenizers; bert-score calls it for empty texts.
        base.build_inputs_with_special_tokens = lambda self, ids: ids or self.encode("")
    parts = bert_score.score(
        [prediction for prediction, _ in pairs],
        [references for _, references in pairs],
        model_type=str(path),
        num_layers=layer,
        idf=idf,
        nthreads=0,
        # In a batch, padding takes part in the match with a similarity of 0, in place of any below.
        batch_size=1,
        device="cpu",
    )
    return dict(zip(("precision", "recall", "f1"), (part.double().tolist() for part in parts), strict=True))


def similarities(path: Path, pairs: Sequence[Pair], limit: int) -> list[float]:
    """Cosine of means over tokens, the best of the references."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    model = transformers.AutoModel.from_pretrained(path).eval()

    def vector(text: str) -> np.ndarray[Any, Any]:
        encoded = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
        with torch.inference_mode():
            states = model(**encoded).last_hidden_state[0].double().mean(dim=0)
        return np.asarray((states / states.norm()).numpy())

    return [max(float(vector(text) @ vector(reference)) for reference in others) for text, others in pairs]


def tables() -> list[dict[str, Any]]:
    """A table a metric and its parameters."""
    found = [{"metric": "semantic_similarity", "params": {}, "scores": similarities(ENCODER, PAIRS, POOLED)}]
    for params in ({}, {"layer": 1}, {"layer": 0}, {"idf": True}, {"idf": True, "layer": 2}):
        parts = bert_scores(ENCODER, PAIRS, int(params.get("layer", LAYERS)), bool(params.get("idf", False)))
        for part, scores in parts.items():
            found.append({"metric": f"bertscore_{part}", "params": params, "scores": scores})
    return found


def main() -> None:
    """Writes the file."""
    pairs = [{"prediction": prediction, "references": references} for prediction, references in PAIRS]
    source = f"bert-score 0.3.13, transformers {transformers.__version__}, torch {torch.__version__}"
    whole = {"source": source, "tolerance": 1e-5, "pairs": pairs, "tables": tables()}
    path = Path(__file__).resolve().parent / "semantic.json"
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
