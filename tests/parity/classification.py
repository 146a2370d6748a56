"""Labels, sets of labels and scores of classes against scikit-learn."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn import metrics as sklearn
from sklearn.preprocessing import MultiLabelBinarizer
from tests.metrics import test_label_policies, test_multilabel, test_scores
from tests.metrics.oracles import Numbers, calibration_error, reliability, top_label
from tests.metrics.test_classification import AVERAGES, NORMALIZE, RATES, ZERO_DIVISIONS, key, others, typed
from tests.parity.generate import labels
from tests.parity.runner import Case, CaseCheck, Check, CorpusCheck, Expected, undefined
from tests.properties import build

TOLERANCE = 1e-12
ALPHABETS = (
    ["a"],
    ["a", "b"],
    ["0", "1"],
    ["-1", "2", "10"],
    ["b", "Z", "a", "\u00e9", "\u65e5\u672c", "a b", "10", "A"],
)
KINDS: tuple[tuple[Any, ...], ...] = ((0, 1), (True, False), (-7, 0, 3, 12, 100), ("", "b", "Z", "\u00e9", "10", "9"))


def size(choose: random.Random) -> int:
    """Few or many rows."""
    return choose.choice((1, 2, 5, 40, 200, 1_000))


def drawn(choose: random.Random) -> tuple[list[str], list[str]]:
    """Gold and predicted labels, of which some are on one side alone."""
    alphabet = choose.choice((*ALPHABETS, [str(number) for number in range(40)]))
    return labels(choose, choose.sample(alphabet, choose.randint(1, len(alphabet))), size(choose))


def values(found: dict[str, float]) -> dict[str, Expected]:
    """Values alone."""
    return {metric: Expected(undefined(value)) for metric, value in found.items()}


def counted(choose: random.Random) -> Case:
    """All averages of one label a row, its components and the confusion matrix."""
    gold, predicted = drawn(choose)
    classes = choose.sample([*{*gold, *predicted}, "77"], len({*gold, *predicted}) + 1) if choose.random() < 0.5 else []
    true, answered, order = typed(gold, predicted, classes)
    expected = values(others(gold, predicted, classes))
    for metric, by in NORMALIZE.items():
        expected[metric] = Expected(matrix=sklearn.confusion_matrix(true, answered, labels=order, normalize=by))
    right = [float(one == other) for one, other in zip(true, answered, strict=True)]
    expected["accuracy"] = Expected(sum(right) / len(right), right, {"correct": sum(right)})
    zero, number = choose.choice(list(ZERO_DIVISIONS.items()))
    options = {"labels": order, "zero_division": number}
    by_class = sklearn.precision_recall_fscore_support(true, answered, average=None, **options)
    names = (*RATES, "support")
    parts = {
        f"class.{label}.{name}": float(column[place])
        for place, label in enumerate(order)
        for name, column in zip(names, by_class, strict=True)
    }
    for average in AVERAGES:
        triple = sklearn.precision_recall_fscore_support(true, answered, average=average, **options)[:3]
        averaged = dict(zip(RATES, map(float, triple), strict=True))
        for rate in RATES:
            expected[key(rate, average, zero)] = Expected(averaged[rate], None, averaged | parts)
    return Case(build.labels([predicted], gold), expected, classes)


def binary(choose: random.Random) -> Case:
    """The positive class alone."""
    names = choose.choice((["0", "1"], ["no", "yes"]))
    gold, predicted = labels(choose, names, size(choose))
    expected = {}
    for positive in names:
        if positive not in {*gold, *predicted}:
            continue
        truth, answered = ([int(label == positive) for label in side] for side in (gold, predicted))
        for zero, number in ZERO_DIVISIONS.items():
            found = sklearn.precision_recall_fscore_support(truth, answered, average="binary", zero_division=number)
            for rate, value in zip(RATES, found, strict=False):
                expected[key(rate, "binary", zero, positive)] = Expected(float(value))
            beta = choose.choice((0.0, 0.5, 2.0, 7.25))
            value = sklearn.fbeta_score(truth, answered, beta=beta, zero_division=number)
            form = f"f_beta(average=binary,beta={beta:g},positive_label={positive},zero_division={zero})"
            expected[form] = Expected(float(value))
            if zero != "nan":
                value = sklearn.jaccard_score(truth, answered, zero_division=number)
                expected[key("jaccard", "binary", zero, positive)] = Expected(float(value))
    return Case(build.labels([predicted], gold), expected)


def weigh(choose: random.Random, rows: Sequence[build.Row]) -> list[float]:
    """Gives rows weights."""
    weights = [choose.choice((1.0, 2.0, round(choose.uniform(0.01, 9), 3))) for _ in rows]
    for row, weight in zip(rows, weights, strict=True):
        row.weight = weight
    return weights


def weighted(choose: random.Random) -> Case:
    """Rows with weights."""
    gold, predicted = labels(choose, choose.choice(("ab", "abcdef")), size(choose) + 1)
    rows = build.labels([predicted], gold)
    weights = weigh(choose, rows)
    order = sorted({*gold, *predicted})
    found = test_label_policies.counted(gold, predicted, order, sample_weight=weights)
    matrix = sklearn.confusion_matrix(gold, predicted, sample_weight=weights)
    found["hamming_loss"] = sklearn.hamming_loss(gold, predicted, sample_weight=weights)
    found["balanced_accuracy"] = sklearn.balanced_accuracy_score(gold, predicted, sample_weight=weights)
    for name, score in (("precision", sklearn.precision_score), ("recall", sklearn.recall_score)):
        for average in ("micro", "macro", "weighted"):
            options = {"average": average, "zero_division": 0, "sample_weight": weights}
            found[f"{name}(average={average})"] = score(gold, predicted, **options)
    return Case(rows, values(found) | {"confusion_matrix": Expected(matrix=matrix)})


def sets(choose: random.Random) -> Case:
    """Sets of labels."""
    order = choose.sample([*"abcdefgh", "\u00e9", "x y"], choose.randint(2, 10))
    most = choose.randint(0, len(order))
    count = size(choose)
    gold, predicted = (
        [choose.sample(order, min(most, choose.choice((0, 1, 2, most)))) for _ in range(count)] for _ in range(2)
    )
    predicted = [one if choose.random() < 0.4 else other for one, other in zip(gold, predicted, strict=True)]
    binarizer = MultiLabelBinarizer(classes=order)
    sides = binarizer.fit_transform(gold), binarizer.fit_transform(predicted)
    expected = values(test_multilabel.values(*sides))
    same = [float({*one} == {*other}) for one, other in zip(gold, predicted, strict=True)]
    expected["accuracy(multilabel=true)"] = Expected(sum(same) / len(same), same)
    return Case(test_multilabel.rows(gold, predicted), expected, order)


def drawn_scores(choose: random.Random) -> tuple[list[int], Numbers]:
    """Gold classes and logits, with ties and classes that are never gold."""
    draw = np.random.default_rng(choose.getrandbits(64))
    classes, count = choose.choice((2, 3, 5)), size(choose) + 1
    logits = draw.normal(size=(count, classes)) * choose.choice((0.1, 3, 30))
    if choose.random() < 0.4:
        logits = np.round(logits, choose.choice((0, 1)))
    gold = [int(label) for label in draw.integers(0, choose.randint(1, classes), count)]
    gold = [int(row.argmax()) if draw.random() < 0.4 else label for label, row in zip(gold, logits, strict=True)]
    return gold, logits


def probabilities(choose: random.Random) -> Case:
    """Everything that is defined for probabilities."""
    gold, logits = drawn_scores(choose)
    given = softmax(logits, axis=1)
    expected = values(score_values(gold, given))
    chosen = given[range(len(gold)), gold]
    edge = np.finfo(float).eps
    expected["log_loss"] = Expected(expected["log_loss"].value, [*-np.log(np.clip(chosen, edge, 1 - edge))])
    if chosen.min() > 1e-9:
        expected["cross_entropy(scores=probabilities)"] = Expected(float(-np.log(chosen).mean()))
    names = test_scores.named(logits.shape[1])
    return Case(test_scores.rows(gold, given, names), expected, names)


def weighted_scores(choose: random.Random) -> Case:
    """Rows with weights and probabilities, ties among them."""
    draw = np.random.default_rng(choose.getrandbits(64))
    classes, count = choose.choice((2, 3, 5)), size(choose) + 10
    given = softmax(np.round(draw.normal(size=(count, classes)) * 3, choose.choice((0, 1, 9))), axis=1)
    gold = [*range(classes), *(int(label) for label in draw.integers(0, classes, count - classes))]
    names = test_scores.named(classes)
    rows = test_scores.rows(gold, given, names)
    weights = np.array(weigh(choose, rows))
    options: Any = {"sample_weight": weights}
    found = {
        "log_loss": sklearn.log_loss(gold, given, **options),
        "brier": sklearn.brier_score_loss(gold, given, **options),
    }
    k = choose.randint(1, 3)
    ranked = given[:, 1] if classes == 2 else given
    found[f"top_k_accuracy(k={k})"] = sklearn.top_k_accuracy_score(gold, ranked, k=k, **options)
    for positive in range(classes):
        sides = np.equal(gold, positive), given[:, positive]
        found[f"roc_auc(positive_label={positive})"] = sklearn.roc_auc_score(*sides, **options)
        found[f"average_precision(positive_label={positive})"] = sklearn.average_precision_score(*sides, **options)
    if classes > 2:
        for average in ("macro", "weighted", "micro"):
            by: Any = {"average": average, **options}
            found[f"roc_auc(average={average})"] = sklearn.roc_auc_score(gold, given, multi_class="ovr", **by)
            found[f"average_precision(average={average})"] = sklearn.average_precision_score(
                np.eye(classes)[gold], given, **by
            )
    for bins, closed in itertools.product((1, 10, 15), ("left", "right")):
        confidence, right = top_label(given, gold)
        by_bin = reliability(confidence, right, bins=bins, binning="uniform", closed=closed, weights=weights)
        for metric, norm in (("ece", "l1"), ("mce", "max")):
            found[f"{metric}(closed={closed},n_bins={bins})"] = calibration_error(norm, *by_bin)
    return Case(rows, values(found), names)


def logits(choose: random.Random) -> Case:
    """Losses of logits; ranks of classes are in the other case, as equal logits may differ as probabilities."""
    gold, given = drawn_scores(choose)
    by_row = -log_softmax(given, axis=1)[range(len(gold)), gold]
    forms = ("cross_entropy", "log_loss(scores=logits)")
    expected = {form: Expected(float(by_row.mean()), [*by_row]) for form in forms}
    losses = test_scores.losses(gold, softmax(given, axis=1))
    expected |= {f"brier(scores=logits,{form[6:]}": Expected(losses[form]) for form in losses if form[0] == "b"}
    names = test_scores.named(given.shape[1])
    return Case(test_scores.rows(gold, given, names), expected, names)


def score_values(gold: Sequence[int], given: Numbers) -> dict[str, float]:
    """Values over probabilities."""
    found = test_scores.losses(gold, given) | test_scores.ranks(gold, given)
    if given.shape[1] > 2:
        found |= test_scores.areas(gold, given)
    for positive in range(given.shape[1]):
        truth, column = np.equal(gold, positive), given[:, positive]
        both = truth.any() and not truth.all()
        found[f"roc_auc(positive_label={positive})"] = sklearn.roc_auc_score(truth, column) if both else math.nan
        found[f"average_precision(positive_label={positive})"] = sklearn.average_precision_score(truth, column)
    return found


def kinds() -> list[Check]:
    """Labels that are integers, truth values or texts, as Python callers give them."""

    def check(metric: str, score: Any, average: str) -> Check:
        def make(choose: random.Random) -> tuple[dict[str, Any], float, int]:
            alphabet = choose.choice(KINDS)
            count = size(choose)
            gold = choose.choices(alphabet, k=count)
            predicted = [label if choose.random() < 0.5 else choose.choice(alphabet) for label in gold]
            options = {"average": average, "zero_division": 0} if average else {}
            return {"predictions": predicted, "references": gold}, float(score(gold, predicted, **options)), count

        return CorpusCheck(f"{metric}(average={average})" if average else metric, make)

    alone = (("accuracy", sklearn.accuracy_score, ""), ("mcc", sklearn.matthews_corrcoef, ""))
    rates = (("precision", sklearn.precision_score), ("recall", sklearn.recall_score), ("f1", sklearn.f1_score))
    return [check(*one) for one in (*alone, *((*rate, by) for rate, by in itertools.product(rates, AVERAGES)))]


def classification() -> list[Check]:
    """All of them."""
    return [
        *(
            CaseCheck(make, TOLERANCE)
            for make in (counted, binary, weighted, sets, probabilities, weighted_scores, logits)
        ),
        *kinds(),
    ]
