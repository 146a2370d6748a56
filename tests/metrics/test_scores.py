"""Metrics over class scores equal scikit-learn within 1e-12."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
    top_k_accuracy_score,
)
from tests.metrics.oracles import Numbers, intents
from tests.properties.build import Answer, Question, Row, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")

HALVES: dict[str, Any] = {"auto": "auto", "true": True, "false": False}
TOP_K = (1, 2, 3, 5)


def rows(gold: Sequence[int], scores: Numbers, classes: Sequence[str]) -> list[Row]:
    return [
        Row(labels=[classes[label]], predictions=[Prediction(class_scores=of_row)])
        for label, of_row in zip(gold, scores, strict=True)
    ]


def named(count: int) -> list[str]:
    """Classes that sort as the numbers of their places."""
    return [str(number) for number in range(count)]


def ask(metrics: Sequence[str], gold: Sequence[int], scores: Numbers) -> Answer:
    classes = named(scores.shape[1])
    return Question(metrics, classes=classes, rows=True).answer(rows(gold, scores, classes))


def compare(expected: dict[str, float], gold: Sequence[int], scores: Numbers) -> Answer:
    """Values by the metric's key; nan is undefined."""
    answer = ask(list(expected), gold, scores)
    for metric, value in expected.items():
        found = value_of(result_of(answer, metric))
        assert math.isnan(value) if found is None else abs(found - value) <= 1e-12, (metric, found, value)
    return answer


def losses(gold: Sequence[int], probabilities: Numbers) -> dict[str, float]:
    """Losses of probabilities that sum to one."""
    classes = range(probabilities.shape[1])
    expected = {"log_loss": log_loss(gold, probabilities, labels=classes)}
    for name, scale in HALVES.items():
        options = {"labels": classes, "scale_by_half": scale}
        expected[f"brier(scale_by_half={name})"] = brier_score_loss(gold, probabilities, **options)
    return expected


def ranks(gold: Sequence[int], scores: Numbers) -> dict[str, float]:
    """What depends on the order of scores alone, and areas if they are probabilities."""
    classes = scores.shape[1]
    if classes == 2:
        binary = scores[:, 1]
        area = roc_auc_score(gold, binary) if len(set(gold)) == 2 else math.nan
        return {"roc_auc": area, "average_precision": average_precision_score(gold, binary)} | {
            f"top_k_accuracy(k={k})": top_k_accuracy_score(gold, binary, k=k, labels=[0, 1]) for k in (1, 2)
        }
    expected = {f"top_k_accuracy(k={k})": top_k_accuracy_score(gold, scores, k=k, labels=range(classes)) for k in TOP_K}
    indicators = np.eye(classes)[list(gold)]
    for average in ("macro", "weighted", "micro"):
        expected[f"average_precision(average={average})"] = average_precision_score(indicators, scores, average=average)
    return expected


def areas(gold: Sequence[int], probabilities: Numbers) -> dict[str, float]:
    """ROC AUC of more than two classes."""
    expected = {}
    for multi_class, average in (
        ("ovr", "macro"),
        ("ovr", "weighted"),
        ("ovr", "micro"),
        ("ovo", "macro"),
        ("ovo", "weighted"),
    ):
        options = {"multi_class": multi_class, "average": average, "labels": range(probabilities.shape[1])}
        if multi_class == "ovo" and len(set(gold)) < 2:
            expected[f"roc_auc(average={average},multi_class={multi_class})"] = math.nan
        else:
            expected[f"roc_auc(average={average},multi_class={multi_class})"] = roc_auc_score(
                gold, probabilities, **options
            )
    return expected


def check(gold: Sequence[int], probabilities: Numbers) -> None:
    """Everything that is defined for probabilities, with the scores of rows."""
    expected = losses(gold, probabilities) | ranks(gold, probabilities)
    if probabilities.shape[1] > 2:
        expected |= areas(gold, probabilities)
    answer = compare(expected, gold, probabilities)
    by_row = -np.log(np.clip(probabilities[range(len(gold)), gold], np.finfo(float).eps, 1 - np.finfo(float).eps))
    assert row_scores(answer, "log_loss") == pytest.approx(by_row, rel=0, abs=1e-12)
    distance = ((np.eye(probabilities.shape[1])[list(gold)] - probabilities) ** 2).sum(axis=1)
    assert row_scores(answer, "brier(scale_by_half=false)") == pytest.approx(distance, rel=0, abs=1e-12)


def drawn(classes: int, count: int, digits: int | None = None) -> tuple[list[int], Numbers, Numbers]:
    """Gold labels, logits and their probabilities; rounded logits tie."""
    draw = np.random.default_rng(classes)
    logits = draw.normal(size=(count, classes)) * 3
    logits = logits if digits is None else np.round(logits, digits)
    gold = np.where(draw.random(count) < 0.5, logits.argmax(axis=1), draw.integers(0, classes, count))
    return [int(label) for label in gold], logits, softmax(logits, axis=1)


@pytest.mark.parametrize("digits", [None, 1, 0])
@pytest.mark.parametrize("classes", [2, 3, 24])
def test_drawn_scores(classes: int, digits: int | None) -> None:
    gold, logits, probabilities = drawn(classes, 300, digits)
    check(gold, probabilities)
    by_logits = {
        f"{name}(scores=logits)": -log_softmax(logits, axis=1)[range(len(gold)), gold].mean()
        for name in ("log_loss", "cross_entropy")
    }
    for name, value in (losses(gold, probabilities) | ranks(gold, probabilities)).items():
        if name.startswith(("brier", "average_precision", "roc_auc")):
            key = name.replace(")", ",scores=logits)") if "(" in name else f"{name}(scores=logits)"
            by_logits[key] = value
    # Equal logits may differ in the last bit as probabilities: ranks are those of scikit-learn without ties.
    compare(
        {key: value for key, value in by_logits.items() if digits is None or "brier" in key or "cross" in key},
        gold,
        logits,
    )


def test_real_intents(shared_data: Path) -> None:
    """77 classes; the areas of all pairs on a part of the rows, since scikit-learn takes its time for them."""
    gold, probabilities = intents(shared_data / "cls-banking77")
    check(gold[:900], probabilities[:900])
    compare(losses(gold, probabilities) | ranks(gold, probabilities), gold, probabilities)


def test_classes_without_a_gold_row() -> None:
    """Areas are undefined or leave the class out; average precision is zero for it."""
    gold, _, probabilities = drawn(5, 60)
    check([label % 3 for label in gold], probabilities)
    check([0] * 60, probabilities)
    check([1] * 60, drawn(2, 60)[2])
    check([0] * 60, drawn(2, 60)[2])


def test_certain_and_wrong_predictions_are_clipped() -> None:
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.0, 1.0]])
    check([0, 1, 1, 0], probabilities)
    assert row_scores(ask(["log_loss"], [1, 1, 0, 1], probabilities), "log_loss")[0] == -math.log(np.finfo(float).eps)


def test_any_numbers_are_ranked_in_binary_metrics() -> None:
    draw = np.random.default_rng(1)
    scores = draw.normal(size=(100, 2)) * 1e6
    gold = [int(label) for label in draw.integers(0, 2, 100)]
    expected = {"roc_auc": roc_auc_score(gold, scores[:, 1])}
    compare(expected | {"average_precision": average_precision_score(gold, scores[:, 1])}, gold, scores)


def test_one_class_against_all_others() -> None:
    gold, _, probabilities = drawn(6, 200, 1)
    for positive in range(6):
        truth, scores = np.equal(gold, positive), probabilities[:, positive]
        compare(
            {
                f"roc_auc(positive_label={positive})": roc_auc_score(truth, scores),
                f"average_precision(positive_label={positive})": average_precision_score(truth, scores),
            },
            gold,
            probabilities,
        )


def test_classes_one_by_one_are_components() -> None:
    gold, _, probabilities = drawn(4, 200, 0)
    answer = ask(["roc_auc", "average_precision"], gold, probabilities)
    for place in range(4):
        truth, scores = np.equal(gold, place), probabilities[:, place]
        for metric, scorer in (("roc_auc", roc_auc_score), ("average_precision", average_precision_score)):
            part = components(result_of(answer, metric))[f"class.{place}.{metric}"]
            assert part == pytest.approx(scorer(truth, scores), rel=0, abs=1e-12)


def test_large_logits() -> None:
    logits = np.array([[1e9, -1e9, 0.0], [700.0, -700.0, 0.0], [-745.2, 0.0, 1e-300], [0.0, 0.0, 40.0]])
    gold = [1, 0, 0, 2]
    expected = -log_softmax(logits, axis=1)[range(4), gold]
    answer = ask(["cross_entropy"], gold, logits)
    assert row_scores(answer, "cross_entropy") == pytest.approx(expected, rel=1e-15, abs=1e-15)
    assert row_scores(answer, "cross_entropy")[3] > 0


@given(st.data())
def test_any_probabilities(data: st.DataObject) -> None:
    classes = data.draw(st.integers(2, 4))
    steps = st.lists(st.integers(0, 4), min_size=classes, max_size=classes).filter(any)
    drawn_rows = data.draw(st.lists(st.tuples(st.integers(0, classes - 1), steps), min_size=2, max_size=12))
    gold = [label for label, _ in drawn_rows]
    parts = np.array([row for _, row in drawn_rows], dtype=float)
    check(gold, parts / parts.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("metric", "scores"),
    [
        ("log_loss", [0.5, 0.6]),
        ("brier", [1.5, -0.5]),
        ("ece", [2.0, 1.0]),
        ("log_loss(scores=logits)", [math.inf, 0.0]),
        ("cross_entropy", [0.0, -2e9]),
        ("roc_auc", [math.inf, 0.0]),
        ("average_precision", [0.0, -math.inf]),
    ],
)
def test_bad_scores_are_refused(metric: str, scores: list[float]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        ask([metric], [0, 1], np.array([[0.5, 0.5], scores]))
    assert caught.value.reason == "BAD_CLASS_SCORES"
    assert caught.value.violations[0].field == "instances[1].predictions[0].class_scores"


def test_several_classes_are_compared_on_one_scale() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        ask(["roc_auc"], [0, 1, 2], np.array([[1.0, 2.0, 3.0]] * 3))
    assert caught.value.reason == "BAD_CLASS_SCORES"


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_the_positive_class_is_not_guessed(metric: str) -> None:
    given = rows([0, 1], np.array([[0.2, 0.8], [0.6, 0.4]]), ["no", "yes"])
    for asked, known in (
        (metric, False),
        (f"{metric}(positive_label=maybe)", False),
        (f"{metric}(positive_label=yes)", True),
    ):
        question = Question([asked], classes=["no", "yes"])
        if known:
            assert value_of(result_of(question.answer(given), asked)) is not None
            continue
        with pytest.raises(InvalidRequestError) as caught:
            question.answer(given)
        assert caught.value.violations[0].field == "spec.metrics[0].params.positive_label"


def test_a_gold_label_without_a_score_is_refused() -> None:
    for metric in ("log_loss", "brier", "top_k_accuracy", "roc_auc", "average_precision", "ece", "mce"):
        with pytest.raises(InvalidRequestError) as caught:
            Question([metric], classes=["0", "1"]).answer(
                [Row(labels=["2"], predictions=[Prediction(class_scores=[0.5, 0.5])])]
            )
        assert caught.value.reason == "UNKNOWN_LABEL"
        assert caught.value.violations[0].field == "instances[0].labels[0]"


@pytest.mark.parametrize("classes", [2, 4])
def test_shards_and_order_change_nothing(classes: int) -> None:
    gold, _, probabilities = drawn(classes, 120, 1)
    metrics = ["roc_auc", "average_precision", "log_loss", "ece(binning=quantile)", "mce"]
    question = Question(metrics, classes=named(classes), statistics={"replicates": 200})
    all_rows = rows(gold, probabilities, named(classes))
    for at, row in enumerate(all_rows):
        row.id = f"row {at}"
    whole = question.answer(all_rows)
    assert question.answer(all_rows[::-1]) == whole
    states = [question.accumulate(part).state() for part in (all_rows[70:], all_rows[:70])]
    assert question.read(question.merge(states).finish()) == whole
    for metric in metrics:
        estimate = result_of(whole, metric).estimate
        assert estimate.low < estimate.value < estimate.high or metric.startswith(("ece", "mce"))
