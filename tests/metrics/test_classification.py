"""Classification metrics equal scikit-learn: counts exactly, rates within 1e-12."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    fbeta_score,
    hamming_loss,
    jaccard_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)
from tests.metrics.conftest import lines
from tests.metrics.oracles import dense, f_of_means
from tests.properties.build import Answer, Question, Row, components, labels, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction

RATES = ("precision", "recall", "f1")
AVERAGES = ("micro", "macro", "weighted")
ZERO_DIVISIONS: dict[str, float] = {"0": 0, "1": 1, "nan": math.nan}

BETAS = (0.0, 0.5, 2.0)
NORMALIZE = {"confusion_matrix": None} | {f"confusion_matrix(normalize={by})": by for by in ("true", "pred", "all")}

# A matrix of one class, classes that are not gold and values without a denominator are cases under test.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def key(rate: str, average: str, zero_division: str, positive: str = "") -> str:
    given = f",positive_label={positive}" if positive else ""
    return f"{rate}(average={average}{given},zero_division={zero_division})"


def typed(
    gold: Sequence[str], predicted: Sequence[str], classes: Sequence[str]
) -> tuple[list[Any], list[Any], list[Any]]:
    """Gold and predicted labels and the classes in order; numbers if all are integers, so that both sort alike."""
    everything = [*gold, *predicted, *classes]
    kind: Any = int if all(label.removeprefix("-").isdecimal() for label in everything) else str
    order = [kind(label) for label in classes] or sorted({kind(label) for label in everything})
    return [kind(label) for label in gold], [kind(label) for label in predicted], order


def same(got: float | None, expected: float) -> bool:
    """Equal within 1e-12; None is nan."""
    return math.isnan(expected) if got is None else abs(got - expected) <= 1e-12


def check(gold: Sequence[str], predicted: Sequence[str], classes: Sequence[str] = ()) -> Answer:
    """Every averaged and every per-class figure, for every zero_division, and the matrix."""
    keys = [key(rate, average, zero) for rate in RATES for average in AVERAGES for zero in ZERO_DIVISIONS]
    question = Question(["accuracy", *NORMALIZE, *keys], classes=classes, rows=True)
    answer = question.answer(labels([predicted], gold))
    true, answered, order = typed(gold, predicted, classes)
    check_counts(answer, true, answered, order)
    check_others(gold, predicted, classes)
    for zero, number in ZERO_DIVISIONS.items():
        options = {"labels": order, "zero_division": number}
        by_class = precision_recall_fscore_support(true, answered, average=None, **options)
        for average in AVERAGES:
            averaged = precision_recall_fscore_support(true, answered, average=average, **options)
            for at, rate in enumerate(RATES):
                check_rate(answer, key(rate, average, zero), averaged, at, order, by_class)
    return answer


def check_counts(answer: Answer, true: list[Any], answered: list[Any], order: list[Any]) -> None:
    for metric, normalize in NORMALIZE.items():
        expected = confusion_matrix(true, answered, labels=order, normalize=normalize)
        matrix = result_of(answer, metric).confusion_matrix
        assert list(matrix.labels) == [str(label) for label in order]
        np.testing.assert_allclose(dense(matrix), expected, rtol=0, atol=1e-12)
    accuracy = result_of(answer, "accuracy")
    correct = [float(t == p) for t, p in zip(true, answered, strict=True)]
    assert row_scores(answer, "accuracy") == correct
    assert components(accuracy) == {"correct": sum(correct)}
    assert same(value_of(accuracy), accuracy_score(true, answered))


def others(gold: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> dict[str, float]:
    """Metrics beside precision, recall and F1, as scikit-learn has them."""
    true, answered, order = typed(gold, predicted, classes)
    sides: dict[str, Any] = {"y_true": true, "y_pred": answered}
    several = len(set(true)) > 1
    asked: dict[str, float] = {
        "hamming_loss": hamming_loss(**sides),
        "mcc": matthews_corrcoef(**sides),
        "cohen_kappa": cohen_kappa_score(true, answered),
        "balanced_accuracy": balanced_accuracy_score(**sides),
        # With one gold class there is nothing to adjust: scikit-learn divides by zero.
        "balanced_accuracy(adjusted=true)": balanced_accuracy_score(**sides, adjusted=True) if several else math.nan,
    }
    if classes and len(classes) <= 100:
        for weights in ("linear", "quadratic"):
            asked[f"cohen_kappa(weights={weights})"] = cohen_kappa_score(true, answered, labels=order, weights=weights)
    for average in AVERAGES:
        for zero in ("0", "1"):
            options = {"labels": order, "average": average, "zero_division": int(zero)}
            asked[key("jaccard", average, zero)] = jaccard_score(**sides, **options)
        for beta in BETAS:
            options = {"labels": order, "average": average, "zero_division": math.nan}
            asked[f"f_beta(average={average},beta={beta:g},zero_division=nan)"] = fbeta_score(
                **sides, **options, beta=beta
            )
    for zero, number in ZERO_DIVISIONS.items():
        asked[key("f1", "macro_of_means", zero)] = f_of_means(true, answered, order, zero_division=number)
        absent = f"f1(absent_classes=skip,average=macro,zero_division={zero})"
        asked[absent] = float(
            precision_recall_fscore_support(
                true, answered, average="macro", labels=sorted({*true, *answered}), zero_division=number
            )[2]
        )
    return asked


def check_others(gold: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> None:
    asked = others(gold, predicted, classes)
    answer = Question(list(asked), classes=classes).answer(labels([predicted], gold))
    for metric, expected in asked.items():
        assert same(value_of(result_of(answer, metric)), expected), (metric, expected)


def check_rate(answer: Answer, metric: str, averaged: Sequence[Any], at: int, order: list[Any], by_class: Any) -> None:
    """The value, the averaged parts, and precision, recall, f1 and support of every class."""
    result = result_of(answer, metric)
    parts = components(result)
    assert same(value_of(result), float(averaged[at])), (metric, value_of(result), averaged)
    assert all(same(parts[rate], float(averaged[of])) for of, rate in enumerate(RATES)), (metric, parts, averaged)
    assert len(parts) == 3 + 4 * len(order)
    for place, label in enumerate(order):
        for of, rate in enumerate((*RATES, "support")):
            got, expected = parts[f"class.{label}.{rate}"], float(by_class[of][place])
            assert same(got, expected), (metric, label, rate, got, expected)


def check_binary(gold: Sequence[str], predicted: Sequence[str], positive: Any, parameter: str = "") -> None:
    """Binary averages; `positive` is the class for scikit-learn, `parameter` what evald is told."""
    keys = [key(rate, "binary", zero, parameter) for rate in RATES for zero in ZERO_DIVISIONS]
    answer = Question(keys).answer(labels([predicted], gold))
    true, answered, order = typed(gold, predicted, ())
    for zero, number in ZERO_DIVISIONS.items():
        options = {"pos_label": positive, "zero_division": number}
        averaged = precision_recall_fscore_support(true, answered, average="binary", **options)
        by_class = precision_recall_fscore_support(true, answered, average=None, labels=order, zero_division=number)
        for at, rate in enumerate(RATES):
            check_rate(answer, key(rate, "binary", zero, parameter), averaged, at, order, by_class)


@pytest.fixture(scope="module")
def sst2(shared_data: Path) -> dict[str, list[str]]:
    folder = shared_data / "cls-sst2"
    gold = [line.split("\t")[1] for line in lines(folder / "dataset.tsv")]
    return {"gold": gold, "cnn": lines(folder / "cnn.txt"), "lstm": lines(folder / "lstm.txt")}


@pytest.fixture(scope="module")
def banking(shared_data: Path) -> list[str]:
    with (shared_data / "cls-banking77" / "test.csv").open(encoding="utf-8", newline="") as stream:
        return [row["category"] for row in csv.DictReader(stream)]


@pytest.mark.parametrize("system", ["cnn", "lstm"])
def test_real_sentiment(sst2: dict[str, list[str]], system: str) -> None:
    check(sst2["gold"], sst2[system])
    check(sst2["gold"], sst2[system], classes=["positive", "neutral", "negative"])
    for positive in ("positive", "negative"):
        check_binary(sst2["gold"], sst2[system], positive, positive)
    for truth in ("1", "true", "True"):
        names = {"positive": truth, "negative": {"1": "0", "true": "false", "True": "False"}[truth]}
        gold, predicted = ([names[label] for label in sst2[of]] for of in ("gold", system))
        check_binary(gold, predicted, 1 if truth == "1" else truth)


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.5, 1.0])
def test_real_intents(banking: list[str], wrong: float) -> None:
    """77 classes; a share of the predictions is drawn from half of the classes, so some are never predicted."""
    choose = random.Random(77)
    classes = sorted(set(banking))
    assert len(classes) == 77
    predicted = [choose.choice(classes[:40]) if choose.random() < wrong else label for label in banking]
    check(banking, predicted)


@pytest.mark.parametrize("classes", [1, 2, 3, 12, 150])
def test_integer_labels_sort_as_numbers(classes: int) -> None:
    choose = random.Random(classes)
    names = [str(number) for number in range(-classes // 2, classes)]
    gold, predicted = (choose.choices(names, k=500) for _ in range(2))
    check(gold, predicted)


CORNERS: list[tuple[list[str], list[str]]] = [
    (["a"], ["a"]),
    (["a"], ["b"]),
    (["b"], ["a"]),
    (["a", "a"], ["b", "b"]),
    (["a", "b"], ["b", "a"]),
    (["a", "a", "b"], ["c", "c", "c"]),
    (["a", "b", "c"], ["a", "a", "a"]),
    (["a", "b", "c", "d"], ["a", "e", "e", "f"]),
    (["10", "9", "-1"], ["9", "10", "-1"]),
    (["Z", "a", "\u00e9", "\U0001f600", "\uffff"], ["a", "Z", "\U0001f600", "\u00e9", "\uffff"]),
    (["a ", "a", " a", "A", "\x00"], ["a", "a ", "A", " a", "\x00"]),
]


@pytest.mark.parametrize(("gold", "predicted"), CORNERS)
def test_classes_absent_on_one_side(gold: list[str], predicted: list[str]) -> None:
    check(gold, predicted)


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [(gold, predicted) for gold in ("0000", "1111", "0101", "0001") for predicted in ("0000", "1111", "1010", "0001")],
)
def test_binary_with_classes_absent(gold: str, predicted: str) -> None:
    if {*gold, *predicted} != {"0"}:
        check_binary(gold, predicted, 1)
        check_binary(gold, predicted, 1, "1")
    if {*gold, *predicted} != {"1"}:
        check_binary(gold, predicted, 0, "0")
    check(list(gold), list(predicted), classes=["1", "0"])


def test_a_positive_class_that_never_occurs() -> None:
    """All rows are negative: scikit-learn divides by zero, so does evald."""
    check_binary("000", "000", 1)
    check_binary("000", "000", 1, "1")


def test_the_given_classes_decide_the_averages() -> None:
    """A class that never occurs counts in macro averages if it is named, as with labels= of scikit-learn."""
    gold, predicted = ["b", "a", "b", "c"], ["b", "b", "a", "c"]
    named = check(gold, predicted, classes=["c", "b", "a", "z"])
    seen = check(gold, predicted)
    macro = key("f1", "macro", "0")
    assert value_of(result_of(named, macro)) != value_of(result_of(seen, macro))


@pytest.mark.parametrize("ties", [False, True])
def test_class_scores_are_read_as_the_highest_class(ties: bool) -> None:
    draw = np.random.default_rng(3)
    classes = ["delta", "alpha", "charlie", "bravo"]
    scores = draw.integers(0, 3, (400, 4)).astype(float) if ties else draw.normal(size=(400, 4))
    scores[0] = [-math.inf] * 4
    scores[1] = [0.0, math.inf, -math.inf, math.inf]
    scores[2] = [-0.0, 0.0, -0.0, 0.0]
    gold = [classes[at] for at in draw.integers(0, 4, 400)]
    rows = [
        Row(labels=[label], predictions=[Prediction(class_scores=row)]) for label, row in zip(gold, scores, strict=True)
    ]
    question = Question(["accuracy", "confusion_matrix", key("f1", "macro", "0")], classes=classes, rows=True)
    answer = question.answer(rows)
    predicted = [classes[at] for at in scores.argmax(axis=1)]
    expected = question.answer(labels([predicted], gold))
    assert answer == expected
    check(gold, predicted, classes)


def test_labels_win_over_class_scores() -> None:
    row = Row(labels=["b"], predictions=[Prediction(labels=["b"], class_scores=[1.0, 0.0])])
    answer = Question(["accuracy"], classes=["a", "b"]).answer([row])
    assert value_of(result_of(answer, "accuracy")) == 1.0


def test_binary_needs_two_classes_with_a_known_positive() -> None:
    for gold, metric, parameter in [
        (["a", "b"], "f1", "average"),
        (["a", "b", "c"], "recall(positive_label=a)", "average"),
        (["a", "b"], "precision(positive_label=x)", "positive_label"),
        (["0", "1", "2"], "f1", "average"),
    ]:
        assert refused(metric, gold) == f"spec.metrics[0].params.{parameter}"


def refused(metric: str, gold: Sequence[str], classes: Sequence[str] = ()) -> str:
    """The field of the parameter that is wrong."""
    with pytest.raises(InvalidRequestError) as caught:
        Question([metric], classes=classes).answer(labels([gold], gold))
    assert caught.value.reason == "BAD_PARAMETER"
    return caught.value.violations[0].field


def test_parameters_without_effect_are_refused() -> None:
    for metric, parameter in [
        ("f1(average=macro,positive_label=a)", "positive_label"),
        ("f1(average=micro,absent_classes=skip)", "absent_classes"),
        ("recall(average=samples)", "average"),
        ("jaccard(average=macro,zero_division=nan)", "zero_division"),
        ("f_beta(average=macro,beta=-1)", "beta"),
    ]:
        assert refused(metric, ["a", "b"]) == f"spec.metrics[0].params.{parameter}"


def test_weighted_kappa_needs_the_order_of_at_most_100_classes() -> None:
    weighted = "cohen_kappa(weights=linear)"
    assert refused(weighted, ["1", "2"]) == "spec.metrics[0].params.weights"
    assert refused(weighted, ["1", "2"], [str(number) for number in range(101)]) == "spec.metrics[0].params.weights"
    check(["1", "2"], ["2", "2"], [str(number) for number in range(100)])


def test_weighted_kappa_follows_the_order_of_the_classes() -> None:
    gold, predicted = ["low", "mid", "high", "high", "low"], ["low", "high", "high", "low", "mid"]
    for order in (["low", "mid", "high"], ["high", "low", "mid"]):
        check(gold, predicted, order)


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("a", "a")])
def test_undefined_for_one_class(one: str, other: str) -> None:
    answer = Question(["cohen_kappa", "mcc", "balanced_accuracy(adjusted=true)"]).answer(
        labels([[one] * 3], [other] * 3)
    )
    assert [value_of(result_of(answer, metric)) for metric in ("cohen_kappa", "mcc")] == [
        0.0 if one != other else None,
        0.0,
    ]
    assert value_of(result_of(answer, "balanced_accuracy(adjusted=true)")) is None


ALPHABETS = st.sampled_from([["a"], ["a", "b"], ["0", "1"], ["-1", "2", "10"], ["x", "Y", "\u00e9", "10", ""]])


@given(st.data())
def test_any_labels(data: st.DataObject) -> None:
    alphabet = data.draw(ALPHABETS)
    label = st.sampled_from([one for one in alphabet if one])
    gold, predicted = zip(*data.draw(st.lists(st.tuples(label, label), min_size=1, max_size=12)), strict=True)
    check(gold, predicted)
    check(gold, predicted, classes=data.draw(st.permutations([*(one for one in alphabet if one), "77"])))


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=1, max_size=8))
def test_any_integers(rows: list[tuple[int, int]]) -> None:
    check([str(gold) for gold, _ in rows], [str(predicted) for _, predicted in rows])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_any_binary_labels(rows: list[tuple[bool, bool]]) -> None:
    gold, predicted = ([str(int(row[side])) for row in rows] for side in (0, 1))
    check_binary(gold, predicted, 1)
