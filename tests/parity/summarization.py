"""ROUGE of the profile google: rouge_score in every bit, and its port rouge_score_rs for text of other scripts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from rouge_score.rouge_scorer import RougeScorer
from rouge_score_rs.rouge_scorer import RougeScorer as Port
from rouge_score_rs.tokenizers import CharacterTokenizer, UnicodeTokenizer
from tests.parity.generate import Pair, corpus, long_pair
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances

NGRAMS = {f"rouge_{n}": f"rouge{n}" for n in range(1, 10)}
Scorers = Mapping[tuple[str, ...], Any]

KINDS = NGRAMS | {"rouge_l": "rougeL", "rouge_lsum": "rougeLsum"}
SCORERS: Scorers = {
    ("stemmer=true",) * stemmer: RougeScorer(list(KINDS.values()), use_stemmer=stemmer) for stemmer in (False, True)
}
UNICODE: Scorers = {
    ("tokenizer=unicode_words",): Port(list(KINDS.values()), tokenizer=UnicodeTokenizer()),
    ("tokenizer=graphemes",): Port(list(KINDS.values()), tokenizer=CharacterTokenizer()),
}
# Quadratic in plain Python: for texts of ten thousand words the port takes the place of the original.
LINEAR: Scorers = {(): RougeScorer(list(NGRAMS.values()))}
QUADRATIC: Scorers = {
    (): Port(["rougeL", "rougeLsum"]),
    ("stemmer=true",): Port(["rougeL", "rougeLsum"], use_stemmer=True),
}
PARTS = ("precision", "recall", "fmeasure")


def form_of(metric: str, params: Sequence[str]) -> str:
    """The text form."""
    return f"{metric}({','.join(params)})" if params else metric


def case(drawn: Sequence[Pair], scorers: Scorers = SCORERS) -> Case:
    """All measures of the scorers; parts of the value only of a single row, whose sums are exact."""
    expected = {}
    for params, scorer in scorers.items():
        found = [scorer.score_multi(list(one.references), one.prediction) for one in drawn]
        for metric, kind in KINDS.items():
            if kind not in scorer.rouge_types:
                continue
            rows = [score[kind].fmeasure for score in found]
            parts = {name: getattr(found[0][kind], name) for name in PARTS}
            expected[form_of(metric, params)] = Expected(None, rows, parts if len(drawn) == 1 else {})
    return Case(instances(drawn), expected)


def averages(drawn: Sequence[Pair]) -> Case:
    """The mean over references of what rouge_score gives for each."""
    expected = {}
    for params, scorer in SCORERS.items():
        found = [[scorer.score(reference, one.prediction) for reference in one.references] for one in drawn]
        for metric, kind in KINDS.items():
            rows = [sum(score[kind].fmeasure for score in of_row) / len(of_row) for of_row in found]
            expected[form_of(metric, ("aggregation=average", *params))] = Expected(None, rows)
    return Case(instances(drawn), expected)


def summarization() -> list[Check]:
    """ROUGE-1 to 9, L and Lsum."""

    def long(choose: random.Random) -> Case:
        # The reference's table of the longest common subsequence takes a second for each million cells.
        return case([long_pair(choose, choose.choice((200, 1_000)))])

    def longest(choose: random.Random) -> Case:
        scorers = choose.choice((LINEAR, QUADRATIC, UNICODE))
        # Ten thousand words are so many graphemes that evald refuses the row.
        return case([long_pair(choose, 3_000 if scorers is UNICODE else 10_000)], scorers)

    return [
        CaseCheck(lambda choose: case(corpus(choose, 4)), tolerance=0, long=long),
        CaseCheck(lambda choose: case(corpus(choose, 4), UNICODE), tolerance=0, long=longest),
        # Sums of a few numbers are rounded in another order.
        CaseCheck(lambda choose: averages(corpus(choose, 4)), tolerance=1e-15),
    ]
