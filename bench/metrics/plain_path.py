"""BLEU and ROUGE without vector instructions by name: what other processors can expect at least."""

from __future__ import annotations

import sys

from bench import corpora
from bench.metrics import bleu, rouge
from bench.report import Figure, Goal, main
from evald import _native


def run(quick: bool) -> list[Figure]:
    """All figures of this section; EVALD_CPU=plain must be set."""
    if _native.build_info()["cpu"] != "plain":
        raise RuntimeError("set EVALD_CPU=plain")
    _native.set_threads(1)
    pairs = corpora.sentences(300 if quick else 2_000)
    texts = corpora.long_summaries(100 if quick else 2_000)
    goal = Goal(">=", 50)
    return [
        *bleu.compare("plain.bleu.2k", pairs, quick, {"lists": goal, "bytes": goal}),
        *rouge.compare("plain.rouge", texts, quick, False, Goal(">=", 100)),
        *rouge.compare("plain.rouge_stemmer", texts, quick, True, Goal(">=", 100)),
    ]


if __name__ == "__main__":
    sys.exit(main("metrics_plain_path", run))
