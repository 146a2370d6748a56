"""The call that bench/gil.py listens to; as a program (ROWS as argument) it repeats the call until it is killed."""

from __future__ import annotations

import subprocess
import sys
from typing import Literal

import evald
from bench import corpora
from bench.corpora import Corpus
from bench.machine import ROOT

ROWS = 300_000
METRICS = "bleu,rouge_1,rouge_2,rouge_l,token_f1"
_READY = "ready"

RowReport = Literal["failed", "all"]


def corpus(rows: int) -> Corpus:
    """The pairs to score."""
    return corpora.translations(rows)


def score(pairs: Corpus, row_report: RowReport = "failed") -> None:
    """One call from lists, intervals included."""
    evald.evaluate(pairs.predictions, pairs.references, metrics=METRICS, row_report=row_report)


def start(rows: int) -> subprocess.Popen[str]:
    """A process that scores; returns when it does. The caller kills it."""
    command = [sys.executable, "-m", "bench.gil_load", str(rows)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if process.stdout is None or process.stdout.readline().strip() != _READY:
        raise RuntimeError(f"the load ended with {process.wait()}")
    return process


def main() -> None:
    """Scores for ever."""
    pairs = corpus(int(sys.argv[1]))
    print(_READY, flush=True)
    while True:
        score(pairs)


if __name__ == "__main__":
    main()
