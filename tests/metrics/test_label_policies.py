"""Labels that are none of the classes, and rows with weights, in all kinds of classification metrics."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    jaccard_score,
    log_loss,
    matthews_corrcoef,
    roc_auc_score,
)
from sklearn.preprocessing import MultiLabelBinarizer
from tests.metrics.oracles import dense
from tests.properties.build import Answer, Question, Row, components, labels, result_of, value_of

from evald.errors import InvalidRequestError
from evald.v1.evaluation_pb2 import UNKNOWN_LABELS_BUCKET, UNKNOWN_LABELS_DROP
from evald.v1.instance_pb2 import Prediction

OTHER = "(other)"
CLASSES = ["b", "a", "c"]
COUNTED = ["accuracy", "mcc", "cohen_kappa", "confusion_matrix", "f1(average=macro)", "jaccard(average=weighted)"]

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def drawn() -> tuple[list[str], list[str]]:
    """Gold and predicted labels, some of them none of the classes."""
    draw = random.Random(8)
    return draw.choices("abcx", k=200), draw.choices("abcyz", k=200)


def counted(gold: Sequence[str], predicted: Sequence[str], order: Sequence[str], **more: Any) -> dict[str, float]:
    """What scikit-learn gives for the counted metrics, by key."""
    options: dict[str, Any] = {"labels": order, "zero_division": 0, **more}
    return {
        "accuracy": accuracy_score(gold, predicted, **more),
        "mcc": matthews_corrcoef(gold, predicted, **more),
        "cohen_kappa": cohen_kappa_score(gold, predicted, labels=order, **more),
        "f1(average=macro)": f1_score(gold, predicted, average="macro", **options),
        "jaccard(average=weighted)": jaccard_score(gold, predicted, average="weighted", **options),
    }


def compare(answer: Answer, expected: dict[str, float]) -> None:
    for metric, value in expected.items():
        assert value_of(result_of(answer, metric)) == pytest.approx(value, rel=0, abs=1e-12), metric


def test_unknown_labels_are_refused() -> None:
    for gold, predicted, field in (("ax", "ab", "labels[0]"), ("ab", "ay", "predictions[0].labels[0]")):
        with pytest.raises(InvalidRequestError) as caught:
            Question(COUNTED, classes=CLASSES).answer(labels([list(predicted)], list(gold)))
        assert caught.value.reason == "UNKNOWN_LABEL"
        assert caught.value.violations[0].field == f"instances[1].{field}"


def test_unknown_labels_become_a_class() -> None:
    gold, predicted = drawn()
    question = Question(COUNTED, classes=CLASSES, unknown_labels=UNKNOWN_LABELS_BUCKET)
    answer = question.answer(labels([predicted], gold))
    gold, predicted = ([label if label in CLASSES else OTHER for label in side] for side in (gold, predicted))
    order = [*CLASSES, OTHER]
    compare(answer, counted(gold, predicted, order))
    matrix = result_of(answer, "confusion_matrix").confusion_matrix
    assert list(matrix.labels) == order
    assert list(matrix.counts) == confusion_matrix(gold, predicted, labels=order).ravel().tolist()


def test_rows_with_unknown_labels_are_left_out() -> None:
    """The confusion matrix is that of scikit-learn with `labels`; rates are those of the rows that are left."""
    gold, predicted = drawn()
    question = Question(COUNTED, classes=CLASSES, unknown_labels=UNKNOWN_LABELS_DROP)
    answer = question.answer(labels([predicted], gold))
    matrix = result_of(answer, "confusion_matrix").confusion_matrix
    assert list(matrix.counts) == confusion_matrix(gold, predicted, labels=CLASSES).ravel().tolist()
    left = [pair for pair in zip(gold, predicted, strict=True) if {*pair} <= {*CLASSES}]
    compare(answer, counted([one for one, _ in left], [other for _, other in left], CLASSES))
    estimate = result_of(answer, "accuracy").estimate
    assert (estimate.n, estimate.n_failed) == (len(left), 200 - len(left))


def test_unknown_labels_leave_sets() -> None:
    """As scikit-learn's MultiLabelBinarizer does with given classes."""
    draw = random.Random(9)
    gold, predicted = ([draw.sample("abcxy", draw.randint(0, 3)) for _ in range(60)] for _ in range(2))
    rows = [
        Row(labels=one, predictions=[Prediction(text="", labels=other)])
        for one, other in zip(gold, predicted, strict=True)
    ]
    binarizer = MultiLabelBinarizer(classes=CLASSES)
    sides = binarizer.fit_transform(gold), binarizer.fit_transform(predicted)
    averages = {f"f1(average={by},multilabel=true)": by for by in ("micro", "macro", "weighted", "samples")}
    expected = {key: f1_score(*sides, average=by, zero_division=0) for key, by in averages.items()}
    expected["accuracy(multilabel=true)"] = accuracy_score(*sides)
    question = Question(list(expected), classes=CLASSES, unknown_labels=UNKNOWN_LABELS_DROP)
    compare(question.answer(rows), expected)
    for asked in expected:
        with pytest.raises(InvalidRequestError) as caught:
            Question([asked], classes=CLASSES).answer(rows)
        assert caught.value.reason == "UNKNOWN_LABEL"


def scored(gold: Sequence[str]) -> tuple[list[Row], Any]:
    """Rows with probabilities of the classes."""
    probabilities = softmax(np.random.default_rng(1).normal(size=(len(gold), 3)), axis=1)
    return [
        Row(labels=[label], predictions=[Prediction(class_scores=of_row)])
        for label, of_row in zip(gold, probabilities, strict=True)
    ], probabilities


SCORED = ["log_loss", "brier", "roc_auc", "average_precision", "ece", "top_k_accuracy", "cohen_kappa(weights=linear)"]


@pytest.mark.parametrize("metric", SCORED)
def test_a_gold_label_without_scores_leaves_the_row_out(metric: str) -> None:
    gold = drawn()[0]
    rows, _ = scored(gold)
    known = [row for row in rows if row.labels[0] in CLASSES]
    question = Question([metric], classes=CLASSES)
    dropping = question.asking(unknown_labels=UNKNOWN_LABELS_DROP).answer(rows)
    whole = question.answer(known)
    assert value_of(result_of(dropping, metric)) == value_of(result_of(whole, metric))
    assert components(result_of(dropping, metric)) == components(result_of(whole, metric))
    assert result_of(dropping, metric).estimate.n_failed == len(rows) - len(known)
    for policy in (0, UNKNOWN_LABELS_BUCKET):
        with pytest.raises(InvalidRequestError) as caught:
            question.asking(unknown_labels=policy).answer(rows)
        assert caught.value.reason == "UNKNOWN_LABEL"


def weigh(rows: Sequence[Row]) -> list[float]:
    """Gives rows weights."""
    draw = random.Random(10)
    weights = [round(draw.uniform(0.1, 5), 2) for _ in rows]
    for row, weight in zip(rows, weights, strict=True):
        row.weight = weight
    return weights


def test_weighted_labels() -> None:
    gold, predicted = random.Random(1).choices("abc", k=300), random.Random(2).choices("abc", k=300)
    rows = labels([predicted], gold)
    weights = weigh(rows)
    answer = Question(COUNTED).answer(rows)
    compare(answer, counted(gold, predicted, list("abc"), sample_weight=weights))
    matrix = result_of(answer, "confusion_matrix").confusion_matrix
    np.testing.assert_allclose(dense(matrix), confusion_matrix(gold, predicted, sample_weight=weights), rtol=1e-14)


def test_weighted_scores() -> None:
    gold = random.Random(1).choices(CLASSES, k=300)
    rows, probabilities = scored(gold)
    places = [CLASSES.index(label) for label in gold]
    options = {"sample_weight": weigh(rows)}
    expected = {
        "log_loss": log_loss(places, probabilities, **options),
        "brier": brier_score_loss(places, probabilities, **options),
        "roc_auc(average=weighted)": roc_auc_score(
            places, probabilities, multi_class="ovr", average="weighted", **options
        ),
        "average_precision": average_precision_score(places, probabilities, **options),
    }
    compare(Question(list(expected), classes=CLASSES).answer(rows), expected)


@pytest.mark.parametrize("metric", [*SCORED, "roc_auc(multi_class=ovo)", "ece(binning=quantile)", "mce", *COUNTED])
def test_a_weight_is_a_number_of_equal_rows(metric: str) -> None:
    rows, _ = scored(random.Random(1).choices(CLASSES, k=40))
    repeated = [row for at, row in enumerate(rows) for _ in range(at % 4 + 1)]
    question = Question([metric], classes=CLASSES)
    expected = result_of(question.answer(repeated), metric)
    for at, row in enumerate(rows):
        row.weight = at % 4 + 1
    found = result_of(question.answer(rows), metric)
    if metric == "confusion_matrix":
        assert (dense(found.confusion_matrix) == dense(expected.confusion_matrix)).all()
    else:
        assert value_of(found) == pytest.approx(value_of(expected), rel=1e-13)
