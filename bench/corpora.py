"""Texts to measure on: public research data where it lies beside the checkout, else seeded Zipf text."""

from __future__ import annotations

import bisect
import itertools
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT

DATA = ROOT.parent / "shared" / "data"
SYSTEMS = ("uedin-nmt", "online-B", "online-A", "KIT", "RWTH-nmt-ensemble", "LIUM-NMT", "C-3MA", "FBK")
VOCABULARY = 20_000


@dataclass(frozen=True)
class Corpus:
    """Pairs of a prediction and a reference; `name` says which."""

    name: str
    predictions: list[str]
    references: list[str]

    def head(self, rows: int) -> Corpus:
        """The first rows."""
        return Corpus(self.name, self.predictions[:rows], self.references[:rows])

    def tokens(self) -> int:
        """Words of predictions and references, split at spaces."""
        return sum(len(text.split()) for text in itertools.chain(self.predictions, self.references))


def translations(rows: int = 3004) -> Corpus:
    """newstest2017 English-German: 8 systems x 3,004 lines, system after system, the references again for each;
    then the same lines again, in strings of their own.
    """
    folder = DATA / "mt-wmt17-en-de"
    if folder.is_dir():
        name, references = "mt-wmt17-en-de", _lines(folder / "reference.txt")
        systems = itertools.islice(SYSTEMS, -(-rows // len(references)))
        predictions = [line for system in systems for line in _lines(folder / f"{system}.txt")]
    else:
        name, predictions, references = "seeded Zipf text", *_synthetic(min(rows, 24_000), 26, seed=1)
    return Corpus(f"{name}, {rows} pairs", _repeated(predictions, rows), _repeated(references, rows))


def sentences(rows: int) -> Corpus:
    """Pairs whose reference has at least 14 words, 26 tokens of 13a on average; hardly a reference comes twice.

    From the second system on, a pair is the first half of one and the second half of another: a reference that came
    again for each system would be tokenised once by sacrebleu's cache, which is to be cold.
    """
    every = translations(len(SYSTEMS) * 3004)
    pairs = zip(every.predictions, every.references, strict=True)
    lines = len(every.references) // len(SYSTEMS)
    systems = [[pair for pair in itertools.islice(pairs, lines) if len(pair[1].split()) >= 14] for _ in SYSTEMS]
    joined = (
        (_halves(texts[at][0], texts[at - turn][0]), _halves(texts[at][1], texts[at - turn][1]))
        for turn, texts in enumerate(itertools.cycle(systems))
        for at in range(len(texts))
    )
    predictions, references = zip(*itertools.islice(joined, rows), strict=True)
    name = every.name.partition(",")[0]
    return Corpus(f"{name} from 14 words on, {rows} pairs", list(predictions), list(references))


def _halves(first: str, second: str) -> str:
    """The first half of the words of one text and the second half of the other's."""
    start, end = first.split(" "), second.split(" ")
    return " ".join(start[: len(start) // 2] + end[len(end) // 2 :])


def summaries(rows: int = 1000) -> Corpus:
    """The first summaries of XSum's test set."""
    folder = DATA / "summ-xsum"
    if folder.is_dir():
        name, predictions, references = "summ-xsum", _lines(folder / "convs2s.txt"), _lines(folder / "reference.txt")
    else:
        name, predictions, references = "seeded Zipf text", *_synthetic(rows, 22, seed=2)
    return Corpus(f"{name}, {rows} pairs", _repeated(predictions, rows), _repeated(references, rows))


def long_summaries(rows: int = 2_000) -> Corpus:
    """Summaries of XSum's test set joined in order, and cut to 79 words (predictions) and 59 (references)."""
    short = summaries(11_334)
    texts = zip(short.predictions, short.references, strict=True)
    predictions, references = [], []
    for _ in range(rows):
        words: tuple[list[str], list[str]] = ([], [])
        while len(words[0]) < 79 or len(words[1]) < 59:
            pair = next(texts, None)
            if pair is None:
                texts = zip(short.predictions, short.references, strict=True)
                continue
            for found, text in zip(words, pair, strict=True):
                found.extend(text.split())
        predictions.append(" ".join(words[0][:79]))
        references.append(" ".join(words[1][:59]))
    name = short.name.partition(",")[0]
    return Corpus(f"{name} joined to 79 and 59 words, {rows} pairs", predictions, references)


def answers(rows: int = 1_190, different: bool = False) -> Corpus:
    """Answers to the English questions of XQuAD: a system's, and the first gold answer; perhaps where they differ."""
    folder = DATA / "qa-xquad-en"
    if folder.is_dir():
        asked = json.loads((folder / "dataset-xquad-en.json").read_text(encoding="utf-8"))
        given = json.loads((folder / "output-xquad-en.json").read_text(encoding="utf-8"))
        name, predictions = "qa-xquad-en", [answer["predicted_answers"]["text"] for answer in given]
        references = [question["answers"]["text"][0] for question in asked]
    else:
        name, predictions, references = "seeded Zipf text", *_synthetic(rows, 4, seed=3)
    if different:
        pairs = [pair for pair in zip(predictions, references, strict=True) if pair[0] != pair[1]]
        name, predictions, references = f"{name}, different", *([pair[side] for pair in pairs] for side in (0, 1))
    return Corpus(f"{name}, {rows} pairs", _repeated(predictions, rows), _repeated(references, rows))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def _repeated(texts: Sequence[str], rows: int) -> list[str]:
    # Copies are new objects: one string in a thousand rows would stay in the cache of the processor.
    copies = (text if row < len(texts) else (text + " ")[:-1] for row, text in enumerate(itertools.cycle(texts)))
    return list(itertools.islice(copies, rows))


def _synthetic(rows: int, mean_tokens: int, seed: int) -> tuple[list[str], list[str]]:
    """Predictions and references; about a third of the words of a prediction are not the reference's."""
    print("no data beside the checkout: measuring on seeded Zipf text", file=sys.stderr)
    random_ = random.Random(seed)
    letters = "etaoinshrdlucmfwygpbvkxä"
    rarity = [*range(len(letters), 1, -1), 0.5]
    words = ["".join(random_.choices(letters, rarity, k=random_.randint(2, 10))) for _ in range(VOCABULARY)]
    cumulative = list(itertools.accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))

    def word() -> str:
        found = words[bisect.bisect(cumulative, random_.random() * cumulative[-1])]
        return found if random_.random() < 0.9 else found + random_.choice(",.;:")

    predictions, references = [], []
    for _ in range(rows):
        reference = [word() for _ in range(random_.randint(mean_tokens // 2, mean_tokens * 3 // 2))]
        references.append(" ".join(reference) + ".")
        predictions.append(" ".join(word() if random_.random() < 0.33 else kept for kept in reference) + ".")
    return predictions, references
