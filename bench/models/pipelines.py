"""The same texts through what most scripts do: transformers' pipeline on torch, and a plain loop on ONNX Runtime that
takes 32 texts at a time as they come. One thread everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from bench.measure import Clock, Rounds, interleave
from bench.models.loops import Loop, open_session
from bench.models.service import both_clocks, classifier, rate, request_of, rounds_of
from bench.models.workload import export_usual
from bench.report import Figure, Goal, main

# A quarter of the texts: the pipelines take seconds for each hundred.
ROWS = 250
CLOCKS: tuple[Clock, Clock] = ("wall", "cpu")
GOALS = {"pipeline_1": Goal(">=", 2.5), "pipeline_32": Goal(">=", 4), "arrival_32": Goal(">=", 2.7)}
WHAT = {
    "pipeline_1": "transformers' pipeline, one by one",
    "pipeline_32": "transformers' pipeline, batches of 32",
    "arrival_32": "ONNX Runtime, 32 texts as they come, padded to the longest, on the graph that torch exports",
    "arrival_32_packed": "the same on the graph that evald exports",
}


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    rows = 20 if quick else ROWS
    torch.set_num_threads(1)
    with classifier(rows) as bench:
        request = request_of(bench.texts)
        export_usual(bench.folder, usual := bench.folder / "usual.onnx")
        by_arrival = [
            partial(Loop(bench.folder, open_session(graph)).by_arrival, bench.texts) for graph in (usual, bench.graph)
        ]
        labels = [prediction.labels[0] for prediction in bench.predict(request).predictions]
        work: dict[str, Callable[[], Any]] = {"service": partial(bench.predict, request)}
        for size in (1, 32):
            work[f"pipeline_{size}"] = ask = _pipeline(bench.folder, bench.texts, size)
            if [answer["label"] for answer in ask()] != labels:
                raise RuntimeError(f"the pipeline with batches of {size} answers otherwise")
        work["arrival_32"], work["arrival_32_packed"] = by_arrival
        measured = interleave(work, rounds_of(quick), cpu_clock=both_clocks(bench.server))
        return [*_figures(measured, f"{bench.source}, {rows} texts"), *_rates(measured, rows)]


def _figures(measured: Rounds, texts: str) -> list[Figure]:
    figures = []
    for name, what in WHAT.items():
        wall, cpu = (measured.ratio(name, "service", clock) for clock in CLOCKS)
        figures += [
            Figure(f"pipelines.{name}", wall, "x", f"{what} / service; {texts}", GOALS.get(name)),
            Figure(f"pipelines.{name}.cpu", cpu, "x", "the same, CPU time of both sides"),
        ]
    return figures


def _rates(measured: Rounds, rows: int) -> list[Figure]:
    return [rate(f"pipelines.rows.{name}", measured.seconds(name, "wall"), rows, "") for name in measured.samples]


def _pipeline(folder: Path, texts: list[str], size: int) -> Callable[[], list[dict[str, Any]]]:
    pipe: Any = transformers.pipeline("text-classification", model=str(folder), device="cpu", batch_size=size)
    return lambda: list(pipe(texts))


if __name__ == "__main__":
    sys.exit(main("models_pipelines", run))
