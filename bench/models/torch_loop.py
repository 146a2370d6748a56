"""The torch backend behind the service, against a hand-written loop on torch: sorted, by a token budget; one thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from bench.measure import interleave
from bench.models.loops import Ids, Logits, Loop, Runner
from bench.models.service import both_clocks, classifier, rate, request_of, rounds_of, seconds_of
from bench.report import Figure, Goal, main

ROWS = 250
BUDGETS = (256, 512)
GOAL = Goal(">=", 0.95)


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    rows = 40 if quick else ROWS
    torch.set_num_threads(1)
    with classifier(rows, "--model-backend", "torch") as bench:
        loop = Loop(bench.folder, _open(bench.folder))
        request = request_of(bench.texts)
        bench.check_equal(bench.predict(request), loop.by_budget(bench.texts, BUDGETS[0]))
        best = min(BUDGETS, key=lambda tokens: seconds_of(partial(loop.by_budget, bench.texts, tokens)))
        work: dict[str, Callable[[], object]] = {
            "service": partial(bench.predict, request),
            "loop": partial(loop.by_budget, bench.texts, best),
        }
        measured = interleave(work, rounds_of(quick), cpu_clock=both_clocks(bench.server))
        what = f"service / loop (sorted, {best} tokens a batch); {bench.source}, {rows} texts"
        return [
            Figure("torch.best", measured.ratio("loop", "service", "wall"), "x", what, GOAL),
            Figure("torch.best.cpu", measured.ratio("loop", "service"), "x", "the same, CPU time of both sides"),
            *(rate(f"torch.rows.{name}", measured.seconds(name, "wall"), rows, "") for name in work),
        ]


def _open(folder: Path) -> Runner:
    model: Any = transformers.AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()

    def run(ids: Ids, mask: Ids) -> Logits:
        with torch.inference_mode():
            found: Logits = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits.numpy()
        return found

    return run


if __name__ == "__main__":
    sys.exit(main("models_torch_loop", run))
