"""Peak memory while rows stream through an accumulator that keeps sums by slot: after 1,000,000 and 10,000,000 rows.

Each kind of row has a process of its own. It pushes the same lists again and again as new batches, without ids.
"""

from __future__ import annotations

import subprocess
import sys

from bench import corpora, requests
from bench.corpora import Corpus
from bench.machine import ROOT, peak_memory
from bench.measure import Spread
from bench.report import Figure, Goal, main
from evald import _native

ROWS = (1_000_000, 10_000_000)
GOAL = Goal("<=", 5)
BATCH = 4_096
# Of each kind: the metrics; a mean is the mean of the rows' scores.
KINDS = {"bleu": ["bleu"], "labels": ["accuracy", "f1(average=macro)", "mcc"], "mean": ["exact_match"]}


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    few, many = (rows // (100 if quick else 1) for rows in ROWS)
    figures = []
    for kind in KINDS:
        command = [sys.executable, "-m", "bench.metrics.memory", "--worker", kind, str(few), str(many)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        early, late = map(float, done.stdout.split())
        growth, peak = late - early, f"peak memory of a process, {kind}"
        figures += [
            Figure(f"memory.{kind}.growth", Spread.of([growth]), "MB", f"from {few:,} to {many:,} rows", GOAL),
            Figure(f"memory.{kind}.few", Spread.of([early]), "MB", f"{peak}, after {few:,} rows"),
            Figure(f"memory.{kind}.many", Spread.of([late]), "MB", f"{peak}, after {many:,} rows"),
        ]
    return figures


def _work(kind: str, stops: list[int]) -> None:
    corpus = corpora.translations(BATCH)
    if kind == "labels":
        labels = [f"label {row % 10}" for row in range(BATCH)]
        corpus = Corpus("labels", labels, labels[1:] + labels[:1])
    header = requests.request_bytes(corpus, KINDS[kind], replicates=1000, all_rows=False, rows=False)
    spec = _native.Spec.from_request("evaluate", header, requests.limits())
    accumulator = _native.Accumulator(spec)
    rows = 0
    for stop in stops:
        while rows < stop:
            accumulator.push(spec.from_lists([corpus.predictions], corpus.references))
            rows += BATCH
        print(peak_memory())
    accumulator.finish()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        _work(sys.argv[2], [int(stop) for stop in sys.argv[3:]])
    else:
        sys.exit(main("metrics_memory", run))
