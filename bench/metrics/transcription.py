"""WER against jiwer, whose distances are computed in C++; one thread, the corpus score out."""

from __future__ import annotations

import sys

import jiwer

from bench import corpora
from bench.measure import interleave, rounds_of
from bench.metrics import ways
from bench.report import Figure, Goal, main
from evald import _native


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    corpus = corpora.sentences(100 if quick else 2_000)

    def score() -> float:
        return float(jiwer.wer(corpus.references, corpus.predictions))

    native = ways.native(corpus, ["wer"])
    ways.check_equal(native, [score()])
    measured = interleave({"reference": score, **native}, rounds_of(quick))
    return ways.figures("wer", corpus, measured, "jiwer / evald", dict.fromkeys(native, Goal(">=", 15)))


if __name__ == "__main__":
    sys.exit(main("metrics_transcription", run))
