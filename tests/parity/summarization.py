"""ROUGE of the profile google against rouge_score, in every bit."""

from __future__ import annotations

import random
from collections.abc import Sequence

from rouge_score.rouge_scorer import RougeScorer
from tests.parity.generate import Pair, corpus, long_pair
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances

KINDS = {f"rouge_{n}": f"rouge{n}" for n in range(1, 10)} | {"rouge_l": "rougeL", "rouge_lsum": "rougeLsum"}
SCORERS = {stemmer: RougeScorer(list(KINDS.values()), use_stemmer=stemmer) for stemmer in (False, True)}


def case(drawn: Sequence[Pair]) -> Case:
    """All measures, with and without stems; parts of the value only of a single row, whose sums are exact."""
    expected = {}
    for stemmer, scorer in SCORERS.items():
        found = [scorer.score_multi(list(one.references), one.prediction) for one in drawn]
        for metric, kind in KINDS.items():
            rows = [score[kind].fmeasure for score in found]
            form = f"{metric}(stemmer=true)" if stemmer else metric
            one = found[0][kind]
            parts = {"precision": one.precision, "recall": one.recall, "fmeasure": one.fmeasure}
            expected[form] = Expected(None, rows, parts if len(drawn) == 1 else {})
    return Case(instances(drawn), expected)


def summarization() -> list[Check]:
    """ROUGE-1 to 9, L and Lsum."""

    def long(choose: random.Random) -> Case:
        # The reference's table of the longest common subsequence takes a second for each million cells.
        return case([long_pair(choose, choose.choice((200, 1_000)))])

    return [CaseCheck(lambda choose: case(corpus(choose, 4)), tolerance=0, long=long)]
