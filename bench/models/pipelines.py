"""The same texts through transformers' pipeline on torch, one at a time and in batches of 32; one thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from bench.measure import Clock, interleave, rounds_of
from bench.models.service import both_clocks, classifier, rate, request_of
from bench.report import Figure, Goal, main

# A quarter of the texts: the pipelines take seconds for each hundred.
ROWS = 250
CLOCKS: tuple[Clock, Clock] = ("wall", "cpu")
GOALS = {1: Goal(">=", 2.5), 32: Goal(">=", 4)}


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    rows = 20 if quick else ROWS
    torch.set_num_threads(1)
    with classifier(rows) as bench:
        request = request_of(bench.texts)
        pipelines = {size: _pipeline(bench.folder, bench.texts, size) for size in GOALS}
        labels = [prediction.labels[0] for prediction in bench.predict(request).predictions]
        for size, ask in pipelines.items():
            if [answer["label"] for answer in ask()] != labels:
                raise RuntimeError(f"the pipeline with batches of {size} answers otherwise")
        work: dict[str, Callable[[], Any]] = {"service": partial(bench.predict, request)}
        work |= {f"pipeline {size}": ask for size, ask in pipelines.items()}
        measured = interleave(work, rounds_of(quick), cpu_clock=both_clocks(bench.server))
        what = f"transformers' pipeline / service; {bench.source}, {rows} texts"
        ratios = []
        for size, goal in GOALS.items():
            wall, cpu = (measured.ratio(f"pipeline {size}", "service", clock) for clock in CLOCKS)
            ratios += [
                Figure(f"pipelines.{size}", wall, "x", what, goal),
                Figure(f"pipelines.{size}.cpu", cpu, "x", "the same, CPU time of both sides"),
            ]
        return ratios + [
            rate(f"pipelines.rows.{name}", measured.seconds(name, "wall"), rows, "") for name in measured.samples
        ]


def _pipeline(folder: Path, texts: list[str], size: int) -> Callable[[], list[dict[str, Any]]]:
    pipe: Any = transformers.pipeline("text-classification", model=str(folder), device="cpu", batch_size=size)
    return lambda: list(pipe(texts))


if __name__ == "__main__":
    sys.exit(main("models_pipelines", run))
