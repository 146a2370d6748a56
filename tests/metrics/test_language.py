"""Likelihood metrics equal the formulas of the evaluation harness (lm-eval 4e7e0d47f) and, per text, of HF evaluate."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.conftest import lines
from tests.metrics.golden_rows import check_tables, same
from tests.properties.build import AWKWARD, Question, Row, any_text, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction

TOLERANCE = 1e-12
UNITS = ("token", "word", "byte", "text")
Logprobs = Sequence[Sequence[float]]


def perplexity(unit: str, pool: str = "corpus") -> str:
    return f"perplexity(pool={pool},unit={unit})"


METRICS = ["nll", "bits_per_byte", *(perplexity(unit, pool) for unit in UNITS for pool in ("corpus", "mean_of_texts"))]


def scored(logprobs: Logprobs, texts: Sequence[str]) -> list[Row]:
    return [
        Row(predictions=[Prediction(token_logprobs=of_row)], references=[text])
        for of_row, text in zip(logprobs, texts, strict=True)
    ]


def units_of(unit: str, logprobs: Sequence[float], text: str) -> int:
    """What the likelihood of a text is counted by; words and bytes as in `lm_eval.api.task`."""
    return {
        "token": len(logprobs),
        "word": len(re.split(r"\s+", text)),
        "byte": len(text.encode()),
        "text": 1,
    }[unit]


def exp(number: float) -> float:
    try:
        return math.exp(number)
    except OverflowError:
        return math.inf


def expected(logprobs: Logprobs, texts: Sequence[str]) -> dict[str, float | None]:
    totals = [math.fsum(of_row) for of_row in logprobs]
    result: dict[str, float | None] = {}
    for unit in UNITS:
        counts = [units_of(unit, of_row, text) for of_row, text in zip(logprobs, texts, strict=True)]
        # lm-eval: weighted_perplexity.
        mean = -math.fsum(totals) / sum(counts) if sum(counts) else None
        result[perplexity(unit)] = None if mean is None else exp(mean)
        if all(counts):
            of_texts = [exp(-total / count) for total, count in zip(totals, counts, strict=True)]
            result[perplexity(unit, "mean_of_texts")] = math.fsum(of_texts) / len(of_texts)
        if unit == "token":
            result["nll"] = mean
        if unit == "byte":
            result["bits_per_byte"] = None if mean is None else mean / math.log(2)
    return result


def check(logprobs: Logprobs, texts: Sequence[str]) -> None:
    wanted = expected(logprobs, texts)
    answer = Question(list(wanted), rows=True).answer(scored(logprobs, texts))
    for metric, number in wanted.items():
        got = value_of(result_of(answer, metric))
        assert same(got, number, TOLERANCE), (metric, got, number)
    for at, (of_row, text) in enumerate(zip(logprobs, texts, strict=True)):
        of_text = expected([of_row], [text])
        for metric in wanted:
            if metric in of_text and of_text[metric] is not None:
                assert same(row_scores(answer, metric)[at], of_text[metric], TOLERANCE)


def test_golden() -> None:
    assert check_tables("language.json") > 50


@pytest.fixture(scope="module")
def wikitext(shared_data: Path) -> tuple[list[list[float]], list[str]]:
    """Likelihoods of a real model, one for each token of the line."""
    folder = shared_data / "lm-wikitext"
    texts = lines(folder / "text.txt")
    logprobs = [[float(number) for number in line.split()] for line in lines(folder / "sys1.txt")]
    assert [len(of_row) for of_row in logprobs] == [len(text.split()) for text in texts]
    return logprobs, texts


def test_real_likelihoods(wikitext: tuple[list[list[float]], list[str]]) -> None:
    logprobs, texts = wikitext
    kept = [at for at, of_row in enumerate(logprobs) if of_row]
    assert len(kept) > 900
    check([logprobs[at] for at in kept], [texts[at] for at in kept])


def test_awkward_texts() -> None:
    check([[-1.5, -0.25]] * len(AWKWARD), AWKWARD)
    check([[-2.0] * 10_000], ["word " * 10_000])


def test_words_are_pieces_with_empty_edges() -> None:
    answer = Question([perplexity("word")]).answer(scored([[-1.0]], [" a b "]))
    assert components(result_of(answer, perplexity("word")))["units"] == 4


def test_an_impossible_token_makes_the_cost_infinite() -> None:
    answer = Question(METRICS).answer(scored([[-1.0, -math.inf], [-2.0]], ["a b", "c"]))
    for metric in METRICS:
        result = result_of(answer, metric)
        assert value_of(result) == math.inf
        assert components(result)["impossible_tokens"] == 1


def test_huge_perplexities_of_texts() -> None:
    check([[-700.0], [-1.0]], ["a", "b"])
    check([[-800.0], [-1.0]], ["a", "b"])


def test_an_empty_text_has_no_bytes() -> None:
    answer = Question(["bits_per_byte", perplexity("byte")]).answer(scored([[-1.0]], [""]))
    assert [value_of(result) for result in answer.systems[0].metrics] == [None, None]
    with pytest.raises(InvalidRequestError) as caught:
        Question([perplexity("byte", "mean_of_texts")]).answer(scored([[-1.0]], [""]))
    assert caught.value.violations[0].field == "instances[0].references[0]"


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 0.5, -3.4e38])
def test_what_is_no_log_likelihood_is_refused(wrong: float) -> None:
    for metric in METRICS:
        with pytest.raises(InvalidRequestError) as caught:
            Question([metric]).answer(scored([[-1.0], [-1.0, wrong]], ["a", "b"]))
        assert caught.value.violations[0].field == "instances[1].predictions[0].token_logprobs[1]"


LOGPROBS = st.lists(st.floats(-800, 0), min_size=1, max_size=20)


@given(st.lists(st.tuples(LOGPROBS, any_text()), min_size=1, max_size=8))
def test_any_rows(rows: list[tuple[list[float], str]]) -> None:
    check([of_row for of_row, _ in rows], [text for _, text in rows])
