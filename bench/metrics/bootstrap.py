"""Intervals of BLEU: 1,000 replicates for two systems against sacrebleu's resampling, their share of a call, memory.

sacrebleu's part is its own function that resamples the statistics of rows, for both systems; evald's is what the answer
takes longer with replicates than without, once the rows are added up. sacrebleu draws rows, evald weights of at most
4,096 slots.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial

from sacrebleu.metrics import BLEU
from sacrebleu.significance import _bootstrap_resample

import evald
from bench import corpora, requests
from bench.corpora import Corpus
from bench.machine import ROOT, peak_memory
from bench.measure import Spread, interleave, rounds_of
from bench.report import Figure, Goal, main, milliseconds
from evald import _native
from evald.v1 import evaluation_pb2 as evaluation

REPLICATES = 1000
GOALS = {2_000: Goal(">=", 45), 50_000: Goal(">=", 400)}
SHARE_ROWS, SHARE_GOAL = 200_000, Goal("<=", 1.15)
MEMORY_ROWS, MEMORY_GOAL = 50_000, Goal("<=", 20)


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    divisor = 100 if quick else 1
    figures = []
    for rows, goal in GOALS.items():
        figures += _against_sacrebleu(rows, corpora.sentences(2 * rows // divisor), goal, quick)
    corpus = corpora.sentences(SHARE_ROWS // divisor)
    work = {"with": partial(_evaluate, corpus, REPLICATES), "without": partial(_evaluate, corpus, 0)}
    share = interleave(work, rounds_of(quick)).ratio("with", "without")
    what = f"a call with intervals / without; {corpus.name}"
    figures.append(Figure(f"bootstrap.{SHARE_ROWS // 1000}k.share", share, "x", what, SHARE_GOAL))
    rows = MEMORY_ROWS // divisor
    peaks = [_peak(rows, REPLICATES) - _peak(rows, 0) for _ in range(3)]
    what = f"peak memory of a process with intervals, less without; {rows:,} rows"
    return [*figures, Figure("bootstrap.memory", Spread.of(peaks), "MB", what, MEMORY_GOAL)]


def _evaluate(corpus: Corpus, replicates: int) -> object:
    return evald.evaluate(corpus.predictions, corpus.references, metrics=["bleu"], replicates=replicates)


def _against_sacrebleu(size: int, corpus: Corpus, goal: Goal, quick: bool) -> list[Figure]:
    rows = len(corpus.predictions) // 2
    systems = {name: corpus.predictions[start : start + rows] for name, start in (("one", 0), ("two", rows))}
    references = corpus.references[:rows]
    bleu = BLEU()
    stats = [bleu._extract_corpus_statistics(lines, [references]) for lines in systems.values()]

    work: dict[str, Callable[[], object]] = {
        "sacrebleu": lambda: [_bootstrap_resample(one, bleu, REPLICATES) for one in stats],
        "with": _sums(systems, references, REPLICATES).finish,
        "without": _sums(systems, references, 0).finish,
    }
    measured = interleave(work, rounds_of(quick))
    key = f"bootstrap.{size // 1000}k"
    added = measured.combine(lambda seconds: seconds["with"] - seconds["without"])
    ratio = measured.combine(lambda seconds: seconds["sacrebleu"] / (seconds["with"] - seconds["without"]))
    what = f"sacrebleu's resampling / what replicates add; 2 systems of {rows:,} rows"
    return [
        Figure(f"{key}.sacrebleu", ratio, "x", what, goal),
        milliseconds(f"{key}.ms.sacrebleu", measured.seconds("sacrebleu"), "CPU time"),
        milliseconds(f"{key}.ms.added", added, "CPU time that replicates add"),
    ]


def _sums(systems: Mapping[str, list[str]], references: list[str], replicates: int) -> _native.Accumulator:
    """The sums of all rows, from which answers are made."""
    message = evaluation.EvaluateRequest()
    message.spec.systems.extend(evaluation.System(name=name) for name in systems)
    message.spec.metrics.add(name="bleu")
    message.spec.statistics.replicates = replicates
    spec = _native.Spec.from_request("evaluate", message.SerializeToString(), requests.limits())
    accumulator = _native.Accumulator(spec)
    requests.push_lists(spec, accumulator, list(systems.values()), references)
    return accumulator


def _peak(rows: int, replicates: int) -> float:
    """Peak memory in MB of a process that scores once."""
    command = [sys.executable, "-m", "bench.metrics.bootstrap", "--worker", str(rows), str(replicates)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def _work(rows: int, replicates: int) -> None:
    _native.set_threads(1)
    _evaluate(corpora.sentences(rows), replicates)
    print(peak_memory())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        _work(int(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main("metrics_bootstrap", run))
