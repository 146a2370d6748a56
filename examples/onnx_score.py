"""Runs an exported example model on onnxruntime and counts the rows it gets right. Needs no torch.

    python -m examples.onnx_score examples/models/support-tuned

The same few lines serve `examples.train`, which records the count, and the tests, which ask for the same count again.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

EXAMPLES = Path(__file__).resolve().parent
TICKETS = EXAMPLES / "data" / "support-tickets"
BATCH = 32

Ids = NDArray[np.int64]
Logits = NDArray[np.float32]


def read_split(name: str) -> tuple[list[str], list[str]]:
    """Texts and labels of the `train` or `test` split."""
    with (TICKETS / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def pad(encoded: Sequence[Sequence[int]], pad_token_id: int) -> tuple[Ids, Ids]:
    """`input_ids` and `attention_mask`, padded on the right to the longest row."""
    shape = (len(encoded), max(len(row) for row in encoded))
    ids: Ids = np.full(shape, pad_token_id, dtype=np.int64)
    mask: Ids = np.zeros(shape, dtype=np.int64)
    for at, row in enumerate(encoded):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return ids, mask


class OnnxClassifier:
    """A model folder opened on the CPU with one thread."""

    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / "onnx" / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids, cut to the length that the model has positions for by tokenizer.json itself."""
        return [list(row.ids) for row in self.tokenizer.encode_batch(list(texts))]

    def logits(self, input_ids: Ids, attention_mask: Ids) -> Logits:
        """One forward pass."""
        feed = {"input_ids": input_ids, "attention_mask": attention_mask}
        return np.asarray(self.session.run(["logits"], feed)[0], dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Class names, batch by batch."""
        names: list[str] = []
        encoded = self.encode(texts)
        for start in range(0, len(encoded), BATCH):
            ids, mask = pad(encoded[start : start + BATCH], self.config["pad_token_id"])
            names += [self.config["id2label"][str(best)] for best in self.logits(ids, mask).argmax(axis=1)]
        return names

    def count_correct(self, texts: Sequence[str], labels: Sequence[str]) -> int:
        """How many predictions equal their label."""
        return sum(guess == label for guess, label in zip(self.predict(texts), labels, strict=True))


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Accuracy of exported models on a split of the support tickets.")
    parser.add_argument("folders", nargs="+", type=Path, help="model folders")
    parser.add_argument("--split", choices=("train", "test"), default="test")
    arguments = parser.parse_args()
    texts, labels = read_split(arguments.split)
    for folder in arguments.folders:
        correct = OnnxClassifier(folder).count_correct(texts, labels)
        print(f"{folder.name}: {correct} of {len(texts)} rows correct ({correct / len(texts):.4f})")


if __name__ == "__main__":
    main()
