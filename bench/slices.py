"""What slices cost: a Compare of 2 systems by 10 text metrics over 20 slices, against scoring its rows once.

The candidate differs from the baseline in some rows only, and by
little, so that no test ends early because all of them are clear.
"""

from __future__ import annotations

import random
import sys
from functools import partial

import evald
from bench import corpora
from bench.machine import peak_memory
from bench.measure import Spread, interleave
from bench.report import Figure, Goal, main, milliseconds

METRICS = (
    "bleu", "chrf", "ter", "rouge_1", "rouge_2", "rouge_l", "exact_match", "token_f1", "wer", "length_ratio",
)  # fmt: skip
SLICES = 20
REPLICATES = 1000
ROUNDS = 3
GOAL = Goal("<=", 5)


def run(quick: bool) -> list[Figure]:
    """All figures of this benchmark."""
    figures: list[Figure] = []
    # The larger one comes last, as memory is that of the process so far.
    for rows in (2_000,) if quick else (25_000, 100_000):
        figures += _cost(rows, 1 if quick else ROUNDS)
    return figures


def _cost(rows: int, rounds: int) -> list[Figure]:
    corpus = corpora.translations(rows)
    candidate = _changed(corpus.predictions)
    keys = [f"domain {row % SLICES}" for row in range(rows)]
    compare = partial(
        evald.compare, corpus.predictions, {"new": candidate}, corpus.references, metrics=METRICS, replicates=REPLICATES
    )
    systems = {"baseline": corpus.predictions, "new": candidate}
    measured = interleave(
        {
            "score": partial(
                evald.evaluate, references=corpus.references, systems=systems, metrics=METRICS, replicates=0
            ),
            "compare": compare,
            "sliced": partial(compare, slice_values={"domain": keys}, slices="domain"),
        },
        rounds,
        round_seconds=0.0,
    )
    what = f"{len(METRICS)} metrics, {SLICES} slices, {REPLICATES:,} replicates; {corpus.name}"
    memory = peak_memory()
    return [
        Figure(f"slices.{rows}.ratio", measured.ratio("sliced", "score"), "x", f"sliced / scored; {what}", GOAL),
        Figure(f"slices.{rows}.compare", measured.ratio("compare", "score"), "x", "unsliced / scored"),
        milliseconds(f"slices.{rows}.ms.score", measured.seconds("score"), "CPU time for both systems, no intervals"),
        milliseconds(f"slices.{rows}.ms.sliced", measured.seconds("sliced"), "CPU time of the sliced comparison"),
        Figure(f"slices.{rows}.memory", Spread(memory, memory, memory), "MB", "peak of the process, rows included"),
    ]


def _changed(predictions: list[str]) -> list[str]:
    """A third of the rows with one word less or twice."""
    choose = random.Random(5)

    def changed(text: str) -> str:
        words = text.split()
        if choose.random() > 1 / 3 or not words:
            return text
        at = choose.randrange(len(words))
        return " ".join(words[:at] + [words[at]] * choose.choice([0, 2]) + words[at + 1 :])

    return [changed(text) for text in predictions]


if __name__ == "__main__":
    sys.exit(main("slices", run))
