"""Metrics over sets of labels equal scikit-learn within 1e-12."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    fbeta_score,
    hamming_loss,
    jaccard_score,
    precision_score,
    recall_score,
)
from sklearn.preprocessing import MultiLabelBinarizer
from tests.metrics.oracles import f_of_means
from tests.properties.build import Question, Row, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction

Sets = Sequence[Sequence[str]]

RATES: dict[str, Any] = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
AVERAGES = ("micro", "macro", "weighted", "samples")
ZERO_DIVISIONS: dict[str, float] = {"0": 0, "1": 1, "nan": math.nan}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def rows(gold: Sets, predicted: Sets) -> list[Row]:
    """A set without labels is told by a text."""
    return [
        Row(labels=labels, predictions=[Prediction(text="", labels=answers)])
        for labels, answers in zip(gold, predicted, strict=True)
    ]


def values(gold: Any, predicted: Any) -> dict[str, float]:
    """What scikit-learn gives for matrices of zeros and ones, by the metric's key."""
    expected = {
        "accuracy(multilabel=true)": accuracy_score(gold, predicted),
        "hamming_loss(multilabel=true)": hamming_loss(gold, predicted),
    }
    for average, (zero, number) in itertools.product(AVERAGES, ZERO_DIVISIONS.items()):
        options = {"average": average, "zero_division": number}
        written = f"multilabel=true,zero_division={zero}"
        for name, scorer in RATES.items():
            expected[f"{name}(average={average},{written})"] = scorer(gold, predicted, **options)
        by_beta = fbeta_score(gold, predicted, beta=2, **options)
        expected[f"f_beta(average={average},beta=2,{written})"] = by_beta
        if zero != "nan":
            expected[f"jaccard(average={average},{written})"] = jaccard_score(gold, predicted, **options)
        means = f_of_means(gold, predicted, None, zero_division=number)
        expected[f"f1(average=macro_of_means,{written})"] = means
    return expected


def check(gold: Sets, predicted: Sets, classes: Sequence[str] = ()) -> None:
    """Every metric and average, and whether rows are right."""
    order = classes or sorted(set(itertools.chain(*gold, *predicted)))
    binarizer = MultiLabelBinarizer(classes=order)
    sides = binarizer.fit_transform(gold), binarizer.fit_transform(predicted)
    expected = values(*sides)
    answer = Question(list(expected), classes=classes, rows=True).answer(rows(gold, predicted))
    for metric, value in expected.items():
        found = value_of(result_of(answer, metric))
        assert math.isnan(value) if found is None else abs(found - value) <= 1e-12, (metric, found, value)
    same = [float(set(one) == set(other)) for one, other in zip(gold, predicted, strict=True)]
    assert row_scores(answer, "accuracy(multilabel=true)") == same
    check_classes(components(result_of(answer, "f1(average=macro,multilabel=true,zero_division=0)")), order, sides)


def check_classes(parts: dict[str, float | None], order: Sequence[str], sides: tuple[Any, Any]) -> None:
    by_class = {name: scorer(*sides, average=None, zero_division=0) for name, scorer in RATES.items()}
    for place, label in enumerate(order):
        for name, numbers in by_class.items():
            assert parts[f"class.{label}.{name}"] == pytest.approx(numbers[place], rel=0, abs=1e-12)
        assert parts[f"class.{label}.support"] == sides[0][:, place].sum()


BY_HAND: list[tuple[Sets, Sets]] = [
    ([["a"], ["b"]], [["a"], ["b"]]),
    ([["a", "b"], []], [[], []]),
    ([[], ["b"], []], [[], ["b", "a"], ["b"]]),
    ([["x"], ["y"]], [["y"], ["x", "y"]]),
    ([["x", "y", "z"]] * 3, [["x"], ["y"], ["x", "z", "y"]]),
]


@pytest.mark.parametrize(("gold", "predicted"), BY_HAND)
def test_by_hand(gold: Sets, predicted: Sets) -> None:
    check(gold, predicted)
    check(gold, predicted, ["z", "y", "x", "b", "a"])


@pytest.mark.parametrize(("classes", "count"), [(5, 400), (40, 300)])
def test_drawn_sets(classes: int, count: int) -> None:
    draw = np.random.default_rng(classes)
    names = [f"topic {number:02}" for number in range(classes)]

    def sets() -> Sets:
        return [[name for name in names if draw.random() < 3 / classes] for _ in range(count)]

    check(sets(), sets())


SETS = st.lists(st.sampled_from("abcde"), max_size=4, unique=True)


@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=8))
def test_any_sets(pairs: list[tuple[list[str], list[str]]]) -> None:
    gold, predicted = zip(*pairs, strict=True)
    check(gold, predicted, list("edcba"))


def test_a_label_given_twice_counts_once() -> None:
    asked = ["accuracy(multilabel=true)", "f1(average=samples,multilabel=true)", "hamming_loss(multilabel=true)"]
    once, twice = (Question(asked).answer(rows([["a", "b"]], [answer])) for answer in (["a"], ["a", "a"]))
    assert once == twice


def test_likely_classes_are_the_predicted_set() -> None:
    asked = ["accuracy(multilabel=true)", "f1(average=samples,multilabel=true)", "f1(average=macro,multilabel=true)"]
    gold = [["a", "b"], ["c"], []]
    scores = [[0.5, 0.9, 0.1], [0.2, 0.49, 1.0], [0.0, 0.0, 0.0]]
    given = [
        Row(labels=labels, predictions=[Prediction(class_scores=of_row)])
        for labels, of_row in zip(gold, scores, strict=True)
    ]
    question = Question(asked, classes=["a", "b", "c"])
    assert question.answer(given) == question.answer(rows(gold, gold))


def test_no_labels_at_all_is_missing() -> None:
    asked = "f1(average=micro,multilabel=true)"
    answer = Question([asked]).answer([Row(labels=["a"], predictions=[Prediction()]), *rows([["a"]], [["a"]])])
    estimate = result_of(answer, asked).estimate
    assert (estimate.n, estimate.n_failed) == (1, 1)


@pytest.mark.parametrize(
    ("metric", "reason", "field"),
    [
        ("f1(multilabel=true)", "BAD_PARAMETER", "spec.metrics[0].params.average"),
        ("f1(average=macro)", "MULTIPLE_LABELS", "instances[0].labels"),
        ("accuracy", "MULTIPLE_LABELS", "instances[0].labels"),
    ],
)
def test_sets_need_metrics_over_sets(metric: str, reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Question([metric]).answer(rows([["a", "b"]], [["a"]]))
    assert caught.value.reason == reason
    assert caught.value.violations[0].field == field


def test_metrics_of_one_call_agree_about_sets() -> None:
    for metrics in (
        ["accuracy", "f1(average=macro,multilabel=true)"],
        ["accuracy(multilabel=true)", "f1(average=macro)"],
        ["hamming_loss(multilabel=true)", "log_loss"],
    ):
        with pytest.raises(InvalidRequestError) as caught:
            Question(metrics).spec()
        assert caught.value.reason == "MIXED_LABEL_METRICS"
