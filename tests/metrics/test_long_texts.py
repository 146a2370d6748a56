"""Rows whose work grows with the product of their lengths are refused before they keep a thread for long."""

from __future__ import annotations

import pytest

import evald
from evald.errors import InvalidRequestError

WORDS = "b " * 200_000
SENTENCES = "a\n" * 40_000


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("wer", WORDS),
        ("cer", WORDS),
        ("ter", WORDS),
        ("ter(asian_support=true,normalized=true)", "\u732b" * 100_000),
        ("rouge_l", WORDS),
        ("rouge_l(profile=1.5.5)", SENTENCES),
        ("rouge_lsum", SENTENCES),
        ("rouge_s(skip_distance=-1)", SENTENCES),
        ("rouge_w", SENTENCES),
    ],
)
def test_too_long_texts_are_refused(metric: str, text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(["short", text], [["x"], ["y", text + "b"]], metrics=[metric], replicates=0)
    assert caught.value.reason == "TEXT_TOO_LONG"
    assert caught.value.violations[0].field == "references[1][1]"
    assert "give shorter texts" in str(caught.value)


@pytest.mark.parametrize("metric", ["bleu", "chrf", "rouge_1", "rouge_9", "token_f1", "exact_match"])
def test_others_take_them(metric: str) -> None:
    result = evald.evaluate([WORDS], [WORDS], metrics=[metric], replicates=0)
    assert result[metric].value == pytest.approx(result[metric].scale)


def test_wrong_references_count_too() -> None:
    rows = [{"prediction": WORDS, "reference": "x", "wrong_references": ["y", WORDS]}]
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(rows=rows, metrics=["truthfulqa_rouge_l"], replicates=0)
    assert caught.value.reason == "TEXT_TOO_LONG"
    assert "wrong_references[1]" in caught.value.violations[0].field


def test_one_word_again_and_again_takes_no_longer() -> None:
    """Every word of the prediction has every position of the reference, which must not be looked up one by one."""
    result = evald.evaluate(["a " * 80_000], ["a " * 80_000], metrics=["rouge_l"], replicates=0)
    assert result["rouge_l"].value == 1.0
