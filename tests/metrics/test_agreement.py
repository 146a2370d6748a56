"""Agreement of raters equals the packages krippendorff 0.9.0 and statsmodels 0.15.0."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Sequence
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import fleiss_kappa
from tests.metrics.golden_rows import check_tables, same
from tests.properties.build import Question, Row, components, result_of, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction

LEVELS = ("nominal", "ordinal", "interval", "ratio")
Units = Sequence[Sequence[str]]


def rated(units: Units, labels: Sequence[str] = ()) -> list[Row]:
    """One row a unit; the system's label is there, whether it is a rater or not."""
    system = labels or ["?"] * len(units)
    return [
        Row(predictions=[Prediction(labels=[label])], human_labels=unit)
        for unit, label in zip(units, system, strict=True)
    ]


def counts(units: Units, domain: Sequence[Any], kind: Any) -> np.ndarray[Any, Any]:
    return np.array([[sum(kind(label) == value for label in unit) for value in domain] for unit in units])


def alpha(units: Units, level: str, order: Sequence[str] = ()) -> float | None:
    """None where the package raises or divides by zero."""
    kind: Any = str if level == "nominal" or order else float
    labels: list[Any] = list(order) or sorted({kind(label) for unit in units for label in unit})
    table = counts(units, labels, kind)
    domain = labels if kind is float else list(range(len(labels)))
    pairable = {label for unit in units if len(unit) > 1 for label in unit}
    if len({kind(label) for label in pairable}) < 2:
        return None
    with warnings.catch_warnings():
        # Of the ratio level 1 and -1 do not differ: nothing over nothing.
        warnings.simplefilter("ignore")
        found = krippendorff.alpha(value_counts=table, value_domain=domain, level_of_measurement=level)
    return float(found) if math.isfinite(found) else None


def kappa(units: Units, method: str, categories: Sequence[str] = ()) -> float | None:
    domain = sorted({label for unit in units for label in unit} | set(categories))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = float(fleiss_kappa(counts(units, domain, str), method=method))
    return found if math.isfinite(found) else None


def check_alpha(units: Units, levels: Sequence[str] = LEVELS) -> None:
    keys = {level: f"krippendorff_alpha(level={level})" for level in levels}
    answer = Question(list(keys.values())).answer(rated(units))
    for level, key in keys.items():
        got = value_of(result_of(answer, key))
        assert same(got, alpha(units, level), 1e-10), (level, units)


def check_kappa(units: Units) -> None:
    keys = {method: f"fleiss_kappa(method={method})" for method in ("fleiss", "randolph")}
    answer = Question(list(keys.values())).answer(rated(units))
    for method, key in keys.items():
        assert same(value_of(result_of(answer, key)), kappa(units, method), 1e-12), (method, units)


def test_golden() -> None:
    assert check_tables("agreement.json") > 10


def test_random_ratings() -> None:
    draw = random.Random(4)
    for raters, values, agreement in ((2, 2, 0.9), (3, 5, 0.7), (5, 7, 0.2), (12, 3, 0.5)):
        truth = [draw.randrange(1, values + 1) for _ in range(80)]
        units = [
            [str(true if draw.random() < agreement else draw.randrange(1, values + 1)) for _ in range(raters)]
            for true in truth
        ]
        check_alpha(units)
        check_kappa(units)
        check_alpha([[label for label in unit if draw.random() < 0.6] or ["1"] for unit in units])


def test_real_numbers_as_ratings() -> None:
    draw = random.Random(5)
    units = [[f"{draw.gauss(centre, 1):.3f}" for _ in range(3)] for centre in (1, 5, 9, -2, 3.5)]
    check_alpha(units)
    # The same number written in two ways is the same rating, but another name.
    units = [["1", "1.0"], ["2", "2"], ["3", "1"]]
    check_alpha(units)


def test_far_from_zero() -> None:
    units = [["1000000.25", "1000000.25"], ["1000000.5", "1000000.25"], ["1000000", "1000000"]]
    key = "krippendorff_alpha(level=interval)"
    got = value_of(result_of(Question([key]).answer(rated(units)), key))
    assert same(got, alpha([[str(float(x) - 1e6) for x in unit] for unit in units], "interval"), 1e-12)


def test_words_in_the_order_of_the_classes() -> None:
    order = ["very low", "low", "mid", "high", "very high"]
    draw = random.Random(6)
    units = [draw.choices(order[at % 3 : at % 3 + 3], k=draw.randrange(1, 5)) for at in range(40)]
    key = "krippendorff_alpha(level=ordinal)"
    answer = Question([key], classes=order).answer(rated(units))
    assert same(value_of(result_of(answer, key)), alpha(units, "ordinal", order), 1e-12)


def test_the_system_is_one_more_rater() -> None:
    units, labels = [["a", "b"], ["b", "b"], ["a", "a"], ["c", "a"]], ["a", "b", "b", "c"]
    keys = ["krippendorff_alpha(system_is_rater=true)", "fleiss_kappa(system_is_rater=true)"]
    answer = Question(keys).answer(rated(units, labels))
    more = [[*unit, label] for unit, label in zip(units, labels, strict=True)]
    assert same(value_of(result_of(answer, keys[0])), alpha(more, "nominal"), 1e-12)
    assert same(value_of(result_of(answer, keys[1])), kappa(more, "fleiss"), 1e-12)


def test_classes_are_the_categories_of_randolph() -> None:
    units = [["a", "b"], ["b", "b"], ["a", "a"]]
    key = "fleiss_kappa(method=randolph)"
    answer = Question([key], classes=["a", "b", "c", "d"]).answer(rated(units, ["a"] * 3))
    assert same(value_of(result_of(answer, key)), kappa(units, "randolph", "abcd"), 1e-12)


def test_fleiss_needs_the_same_raters_for_every_unit() -> None:
    answer = Question(["fleiss_kappa"]).answer(rated([["a", "b"], ["a", "b", "b"]]))
    assert value_of(result_of(answer, "fleiss_kappa")) is None
    assert components(result_of(answer, "fleiss_kappa"))["most_ratings"] == 3


def test_without_variation_or_pairs_it_is_undefined() -> None:
    for units in ([["1", "1"], ["1", "1"]], [["1"], ["2"]], [["0.1"] * 3] * 3):
        check_alpha(units)
    check_kappa([["1", "1"], ["1", "1"]])


@pytest.mark.parametrize("wrong", ["high", "", "nan", "inf", "1e400"])
@pytest.mark.parametrize("level", ["ordinal", "interval", "ratio"])
def test_other_levels_need_numbers(level: str, wrong: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Question([f"krippendorff_alpha(level={level})"]).answer(rated([["1", "2"], ["1", wrong]]))
    assert caught.value.violations[0].field == "instances[1].human_labels[1]"


LABELS = st.lists(st.sampled_from(["1", "2", "3", "10", "-1", "0.5"]), min_size=1, max_size=6)


@given(st.lists(LABELS, min_size=1, max_size=12))
def test_any_ratings(units: list[list[str]]) -> None:
    check_alpha(units)


@given(
    st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(st.sampled_from("abc"), min_size=n, max_size=n), min_size=1))
)
def test_any_full_ratings(units: list[list[str]]) -> None:
    check_kappa(units)
