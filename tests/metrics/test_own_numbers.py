"""The caller's own numbers, and pass@k as the code of Chen et al. 2021 estimates it."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.golden_rows import check_tables, same
from tests.properties.build import Question, Row, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1 import metric_pb2
from evald.v1.instance_pb2 import Prediction


def rows(numbers: list[float], name: str = "helpful") -> list[Row]:
    return [Row(predictions=[Prediction(scores={name: number})]) for number in numbers]


def samples(passed: dict[str, list[float]]) -> list[Row]:
    """Rows of several samples an id."""
    return [
        Row(id=key, sample=at, predictions=[Prediction(scores={"pass": number})])
        for key, numbers in passed.items()
        for at, number in enumerate(numbers)
    ]


def pass_at_k(n: int, c: int, k: int) -> float:
    """The estimator as the paper writes it in NumPy."""
    if n - c < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


def test_golden() -> None:
    assert check_tables("own_numbers.json") > 10


def test_the_mean_of_a_named_number() -> None:
    answer = Question(["score(of=helpful)"], rows=True).answer(rows([1.0, -2.5, 1e12]))
    assert value_of(result_of(answer, "score(of=helpful)")) == (1e12 - 1.5) / 3
    assert row_scores(answer, "score(of=helpful)") == [1.0, -2.5, 1e12]


def test_direction_is_the_callers() -> None:
    answer = Question(["score(of=helpful)", "score(direction=lower,of=helpful)"]).answer(rows([1.0]))
    directions = [result.direction for result in answer.systems[0].metrics]
    assert directions == [metric_pb2.DIRECTION_HIGHER, metric_pb2.DIRECTION_LOWER]


@pytest.mark.parametrize("metric", ["score", "pass_at_k"])
def test_the_name_is_required(metric: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Question([metric]).answer(rows([1.0]))
    assert caught.value.violations[0].field == "spec.metrics[0].params.of"


def test_a_row_without_the_number_is_a_missing_prediction() -> None:
    answer = Question(["score(of=helpful)"]).answer([*rows([1.0, 3.0]), *rows([5.0], "other")])
    assert value_of(result_of(answer, "score(of=helpful)")) == 2.0


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e20])
def test_numbers_without_a_mean_are_refused(wrong: float) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Question(["score(of=helpful)"]).answer(rows([1.0, wrong]))
    assert caught.value.violations[0].field.startswith("instances[1].predictions[0].scores")


@pytest.mark.parametrize("wrong", [0.5, 2.0, math.nan])
def test_a_sample_passes_or_fails(wrong: float) -> None:
    with pytest.raises(InvalidRequestError):
        Question(["pass_at_k(of=pass)"]).answer(samples({"a": [1.0, wrong]}))


@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=30))
def test_any_numbers(numbers: list[float]) -> None:
    got = value_of(result_of(Question(["score(of=helpful)"]).answer(rows(numbers)), "score(of=helpful)"))
    assert same(got, math.fsum(numbers) / len(numbers), 1e-12)


@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=5, max_size=12), min_size=1, max_size=6),
    st.integers(1, 5),
    st.randoms(),
)
def test_any_samples(passed: list[list[float]], k: int, draw: random.Random) -> None:
    key = f"pass_at_k(k={k},of=pass)"
    every = samples({str(at): numbers for at, numbers in enumerate(passed)})
    got = value_of(result_of(Question([key]).answer(draw.sample(every, len(every))), key))
    expected = [pass_at_k(len(numbers), int(sum(numbers)), k) for numbers in passed]
    assert same(got, math.fsum(expected) / len(expected), 1e-12)


def test_many_samples() -> None:
    every = samples({"a": [1.0] * 3 + [0.0] * 197, "b": [0.0] * 200, "c": [1.0] * 150 + [0.0] * 50})
    for k in (1, 10, 100, 200):
        key = f"pass_at_k(k={k},of=pass)"
        result = result_of(Question([key]).answer(every), key)
        expected = sum(pass_at_k(200, c, k) for c in (3, 0, 150)) / 3
        assert same(value_of(result), expected, 1e-12)
        assert components(result) == {"ids": 3.0, "samples": 600.0, "ids_with_too_few_samples": 0.0}


def test_an_id_with_too_few_samples_has_no_estimate() -> None:
    result = Question(["pass_at_k(k=2,of=pass)"]).answer(samples({"a": [1.0, 0.0], "b": [1.0]})).systems[0].metrics[0]
    assert value_of(result) is None
    assert components(result)["ids_with_too_few_samples"] == 1
