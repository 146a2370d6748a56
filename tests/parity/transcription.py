"""Error rates against jiwer: counts and rates of corpora, and rates of rows by the nearest reference."""

from __future__ import annotations

import random
from collections.abc import Sequence

import jiwer
from tests.metrics.test_wer import COUNTS, Process, lower_characters, lower_words, nearest
from tests.parity.generate import Pair, corpus, long_pair
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances

WORD_RATES = ("wer", "mer", "wil", "wip")
# What aligns texts, the rates of the alignment and the parameters of the metrics.
PROCESSES: tuple[tuple[Process, Sequence[str], str], ...] = (
    (jiwer.process_words, WORD_RATES, ""),
    (lower_words, WORD_RATES, "(lowercase=true)"),
    (jiwer.process_characters, ("cer",), ""),
    (lower_characters, ("cer",), "(lowercase=true)"),
)


def case(drawn: Sequence[Pair]) -> Case:
    """Every rate of every row and of all rows."""
    said = [one.prediction for one in drawn]
    expected = {}
    for process, rates, params in PROCESSES:
        asked = [nearest(process, one.prediction, one.references) for one in drawn]
        whole = process(asked, said)
        by_row = [process([reference], [prediction]) for reference, prediction in zip(asked, said, strict=True)]
        counts = {name: getattr(whole, name) for name in COUNTS}
        for rate in rates:
            rows = [getattr(of_row, rate) for of_row in by_row]
            expected[rate + params] = Expected(getattr(whole, rate), rows, counts)
    return Case(instances(drawn), expected)


def transcription() -> list[Check]:
    """WER, MER, WIL, WIP and CER."""

    def long(choose: random.Random) -> Case:
        return case([long_pair(choose, 10_000)])

    return [CaseCheck(lambda choose: case(corpus(choose, 5)), tolerance=1e-12, long=long)]
