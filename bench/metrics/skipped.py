"""ROUGE-W, -S4 and -SU4 in one call against rouge-metric's PyRouge, one thread, corpus means out.

Only the time is compared: PyRouge splits words at spaces and takes F of mean recall and precision, evald does as
ROUGE-1.5.5.pl does. Tests compare evald with the script's own output.
"""

from __future__ import annotations

import sys

from rouge_metric import PyRouge

from bench import corpora
from bench.measure import interleave, rounds_of
from bench.metrics import ways
from bench.report import Figure, Goal, main
from evald import _native

METRICS = ("rouge_w", "rouge_s", "rouge_su")


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    _native.set_threads(1)
    corpus = corpora.long_summaries(20 if quick else 500)
    lists = [[reference] for reference in corpus.references]
    scorer = PyRouge(rouge_n=(), rouge_l=False, rouge_w=True, rouge_s=True, rouge_su=True, skip_gap=4)
    native = ways.native(corpus, METRICS)
    work = {"reference": lambda: scorer.evaluate(corpus.predictions, lists), **native}
    goals = dict.fromkeys(native, Goal(">=", 100))
    return ways.figures("rouge_w_s_su", corpus, interleave(work, rounds_of(quick)), "PyRouge / evald", goals)


if __name__ == "__main__":
    sys.exit(main("metrics_skipped", run))
