"""What people write by hand around a model: the loops that the service is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

Ids: TypeAlias = NDArray[np.int64]
Logits: TypeAlias = NDArray[np.float32]
# The logits of a padded batch, given its ids and its mask.
Runner: TypeAlias = Callable[[Ids, Ids], Logits]


def open_session(graph: Path, threads: int = 1) -> Runner:
    """ONNX Runtime as its documentation opens it, with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session: Any = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def run(ids: Ids, mask: Ids) -> Logits:
        found: Logits = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        return found

    return run


class Loop:
    """Texts in, logits in their order out."""

    def __init__(self, folder: Path, run: Runner) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._run = run

    def by_budget(self, texts: Sequence[str], tokens: int) -> Logits:
        """Sorted by length, at most so many padded tokens a batch: the best loop known."""
        encoded = self._encode(texts)
        order = sorted(range(len(encoded)), key=lambda row: len(encoded[row]))
        return self._all(encoded, _budgeted(order, encoded, tokens))

    def by_arrival(self, texts: Sequence[str], rows: int = 32) -> Logits:
        """So many rows a batch as they come, padded to the longest: the loop of most scripts."""
        encoded = self._encode(texts)
        return self._all(encoded, (list(range(len(encoded)))[at : at + rows] for at in range(0, len(encoded), rows)))

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [one.ids for one in self._tokenizer.encode_batch_fast(list(texts))]

    def _all(self, encoded: Sequence[Sequence[int]], batches: Iterator[list[int]]) -> Logits:
        found: dict[int, Logits] = {}
        for batch in batches:
            found |= zip(batch, self._run(*_pad([encoded[row] for row in batch])), strict=True)
        return np.stack([found[row] for row in range(len(encoded))])


def _budgeted(order: Sequence[int], encoded: Sequence[Sequence[int]], tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) + 1) * len(encoded[row]) > tokens:
            yield batch
            batch = []
        batch.append(row)
    yield batch


def _pad(rows: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return ids, mask
