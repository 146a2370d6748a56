"""1,000 mixed texts in one call of Predict, against the best loop on ONNX Runtime alone; one thread on both sides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from bench.measure import Rounds, interleave
from bench.models.loops import Loop, open_session
from bench.models.service import both_clocks, classifier, rate, request_of, rounds_of, seconds_of
from bench.models.workload import TEXTS
from bench.report import Figure, Goal, main

# Padded tokens a batch; the fastest of them is "the best loop". On processors at hand 1,024 and more are slower.
BUDGETS = (256, 512)
GOAL = Goal(">=", 0.90)


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    rows = 60 if quick else TEXTS
    with classifier(rows) as bench:
        loop = Loop(bench.folder, open_session(bench.graph))
        request = request_of(bench.texts)
        bench.check_equal(bench.predict(request), loop.by_budget(bench.texts, BUDGETS[0]))
        best = min(BUDGETS, key=lambda tokens: seconds_of(partial(loop.by_budget, bench.texts, tokens)))
        work: dict[str, Callable[[], object]] = {
            "service": partial(bench.predict, request),
            "loop": partial(loop.by_budget, bench.texts, best),
        }
        measured = interleave(work, rounds_of(quick), cpu_clock=both_clocks(bench.server))
        return _figures(measured, rows, f"sorted, {best} tokens a batch; {bench.source}, {rows} texts")


def _figures(measured: Rounds, rows: int, loop: str) -> list[Figure]:
    wall, cpu = measured.ratio("loop", "service", "wall"), measured.ratio("loop", "service")
    ratios = [
        Figure("throughput.best", wall, "x", f"service / loop ({loop})", GOAL),
        Figure("throughput.best.cpu", cpu, "x", "the same, CPU time of both sides"),
    ]
    rates = [rate(f"throughput.rows.{name}", measured.seconds(name, "wall"), rows, "") for name in measured.samples]
    return [*ratios, *rates]


if __name__ == "__main__":
    sys.exit(main("models_throughput", run))
