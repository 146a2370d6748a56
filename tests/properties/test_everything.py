"""All that a comparison can be asked for at once, on the same rows in another order, in shards, with more threads."""

from __future__ import annotations

import random

import pytest
from tests.properties.build import Question, Row
from tests.properties.test_accumulator import merged_in_pairs, split
from tests.properties.test_slices import sliced_rows

from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.gate_pb2 import GATE_TIER_ADVISORY, GatePolicy, GateRule
from evald.v1.statistics_pb2 import CorrectionMethod, IntervalMethod

ASKED = Question(
    ("bleu", "rouge_l", "accuracy", "f1(average=macro)", "kendall", "latency", "score(of=own)"),
    ("base", "new", "newer"),
    "compare",
    slices=("language", "task x language", "length(reference)", 'contains(prediction, "the")'),
    statistics={
        "replicates": 100,
        "interval": IntervalMethod.INTERVAL_METHOD_BCA,
        "correction": CorrectionMethod.CORRECTION_METHOD_BENJAMINI_YEKUTIELI,
        "margin": 0.05,
        "min_slice_size": 5,
    },
    analysis={"ngrams": 2, "samples": 3},
    gate=GatePolicy(
        rules=[
            GateRule(metric="accuracy", margin=0, slices=["language"]),
            GateRule(metric="bleu", relative_margin=0.1, threshold=20),
            GateRule(metric="latency", margin=0.5, tier=GATE_TIER_ADVISORY),
        ]
    ),
)
# What is right for rows that are weighted; kept numbers are not.
WEIGHTED = ASKED.asking(metrics=("accuracy", "f1(average=macro)", "latency", "score(of=own)"), gate=None)


def rows_of(count: int, kind: str, seed: int = 0) -> list[Row]:
    """Rows with everything that is asked for; `kind` is plain, clustered or weighted."""
    choose = random.Random(seed)
    rows = sliced_rows(count, 3, seed)
    for row in rows:
        for prediction in row.predictions:
            if prediction.HasField("text"):
                prediction.usage.latency_seconds = choose.expovariate(1)
                prediction.scores["own"] = choose.gauss(0, 1)
        if kind == "clustered":
            row.cluster = f"document {choose.randrange(count // 3)}"
        if kind == "weighted":
            row.weight = choose.choice([0.25, 1, 3])
    return rows


@pytest.mark.parametrize("kind", ["plain", "clustered", "weighted"])
@pytest.mark.parametrize("seed", range(3))
def test_any_order_split_and_merge_gives_the_same_bytes(kind: str, seed: int) -> None:
    question = WEIGHTED if kind == "weighted" else ASKED
    rows = rows_of(60, kind, seed)
    whole = question.accumulate(rows)
    answer, state = whole.finish(), whole.state()
    choose = random.Random(seed)
    pieces = split(choose.sample(rows, len(rows)), [choose.randrange(60) for _ in range(4)])
    pushed = question.accumulate(*pieces)
    assert (pushed.state(), pushed.finish()) == (state, answer)
    merged = merged_in_pairs(question, [question.accumulate(piece).state() for piece in pieces], choose)
    assert (merged.state(), merged.finish()) == (state, answer)


def test_another_seed_gives_other_draws_and_samples() -> None:
    rows = rows_of(150, "plain")
    one, other = (ASKED.asking(statistics={**ASKED.statistics, "seed": seed}).answer(rows) for seed in (1, 2))
    assert isinstance(one, CompareResponse)
    assert isinstance(other, CompareResponse)
    for mine, theirs in zip(one.comparisons, other.comparisons, strict=True):
        assert mine.difference.value == theirs.difference.value
        assert (mine.wins, mine.losses, mine.ties) == (theirs.wins, theirs.losses, theirs.ties)
        assert (mine.difference.low, mine.difference.high) != (theirs.difference.low, theirs.difference.high)
    assert one.analysis.systems[0].overproduced == other.analysis.systems[0].overproduced
    named = [[row.id for row in found.analysis.systems[0].metrics[0].bands[0].samples] for found in (one, other)]
    assert named[0] != named[1]
