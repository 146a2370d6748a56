"""Calibration errors equal scikit-learn's bins, averaged, within 1e-12."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from tests.metrics.oracles import Numbers, calibration_error, intents, reliability, top_label
from tests.properties.build import Answer, Question, Row, components, result_of, value_of

from evald.v1.instance_pb2 import Prediction

BINNINGS = ("uniform", "quantile")
CLOSED = ("right", "left")
BINS = (1, 2, 10, 15, 100)


def ask(metrics: Sequence[str], gold: Sequence[int], scores: Numbers) -> Answer:
    classes = [str(number) for number in range(scores.shape[1])]
    rows = [
        Row(labels=[str(label)], predictions=[Prediction(class_scores=of_row)])
        for label, of_row in zip(gold, scores, strict=True)
    ]
    return Question(metrics, classes=classes).answer(rows)


def keys(binning: str, closed: str, bins: int, more: str = "") -> dict[str, str]:
    """Metrics by the norm that they are."""
    given = f"binning={binning},closed={closed},n_bins={bins}"
    errors = {norm: f"ece({given},norm={norm}{more})" for norm in ("l1", "l2")}
    return errors | {"max": f"mce({given}{more})"}


def check(gold: Sequence[int], scores: Numbers, probabilities: Numbers, more: str = "") -> None:
    """Every norm, kind of bin and edge rule, and the reliability of every bin."""
    chosen = list(itertools.product(BINNINGS, CLOSED, BINS))
    answer = ask([key for one in chosen for key in keys(*one, more).values()], gold, scores)
    for binning, closed, bins in chosen:
        expected = reliability(*top_label(probabilities, gold), bins=bins, binning=binning, closed=closed)
        for norm, key in keys(binning, closed, bins, more).items():
            value = value_of(result_of(answer, key))
            assert value == pytest.approx(calibration_error(norm, *expected), rel=0, abs=1e-12), key
            check_bins(components(result_of(answer, key)), expected)


def check_bins(parts: dict[str, float | None], expected: tuple[Numbers, Numbers, Numbers]) -> None:
    for at, numbers in enumerate(zip(*expected, strict=True), start=1):
        for name, number in zip(("count", "confidence", "accuracy"), numbers, strict=True):
            found = parts[f"bin.{at}.{name}"]
            assert math.isnan(number) if found is None else found == pytest.approx(number, rel=0, abs=1e-12)


@pytest.mark.parametrize("digits", [None, 1, 0])
@pytest.mark.parametrize("classes", [2, 5, 77])
def test_drawn_scores(classes: int, digits: int | None) -> None:
    draw = np.random.default_rng(classes)
    logits = draw.normal(size=(400, classes)) * 2
    logits = logits if digits is None else np.round(logits, digits)
    gold = np.where(draw.random(400) < 0.6, logits.argmax(axis=1), draw.integers(0, classes, 400))
    probabilities = softmax(logits, axis=1)
    check([int(label) for label in gold], probabilities, probabilities)
    if digits is None:
        check([int(label) for label in gold], logits, probabilities, ",scores=logits")


def test_real_intents(shared_data: Path) -> None:
    gold, probabilities = intents(shared_data / "cls-banking77")
    check(gold, probabilities, probabilities)


def test_confidences_on_the_borders() -> None:
    """Zero and one are in the outer bins; other borders are in the bin of the closed side."""
    confidence = np.array([0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0])
    probabilities = np.stack([1 - confidence, confidence], axis=1)
    check([at % 2 for at in range(13)], probabilities, probabilities)
    mce = {closed: f"mce(closed={closed},n_bins=2,positive_label=1)" for closed in CLOSED}
    answer = ask(list(mce.values()), [1] * 13, probabilities)
    counts = {closed: components(result_of(answer, key))["bin.1.count"] for closed, key in mce.items()}
    assert counts == {"right": 7, "left": 6}


@pytest.mark.parametrize("digits", [2, 17])
@pytest.mark.parametrize("binning", BINNINGS)
def test_the_bins_of_one_class_are_those_of_calibration_curve(binning: str, digits: int) -> None:
    draw = np.random.default_rng(digits)
    positive = np.round(draw.random(500), digits)
    gold = (draw.random(500) < positive**2).astype(int)
    for bins in BINS:
        key = f"ece(binning={binning},n_bins={bins},positive_label=1)"
        answer = ask([key], [int(label) for label in gold], np.stack([1 - positive, positive], axis=1))
        accuracy, confidence = calibration_curve(gold, positive, n_bins=bins, strategy=binning)
        parts = components(result_of(answer, key))
        full = [at for at in range(1, bins + 1) if parts[f"bin.{at}.count"]]
        for name, expected in (("accuracy", accuracy), ("confidence", confidence)):
            assert [parts[f"bin.{at}.{name}"] for at in full] == pytest.approx(expected, rel=0, abs=1e-12)


def test_left_closed_bins_are_those_of_numpy() -> None:
    """The rule of numpy's histogram, which netcal follows: the last bin is closed on both sides."""
    draw = np.random.default_rng(4)
    confidence = np.round(draw.random(300) / 2 + 0.5, 1)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    for bins in BINS:
        key = f"ece(closed=left,n_bins={bins})"
        parts = components(result_of(ask([key], [0] * 300, probabilities), key))
        expected, _ = np.histogram(confidence, bins=np.linspace(0, 1, bins + 1))
        assert [parts[f"bin.{at}.count"] for at in range(1, bins + 1)] == expected.tolist()


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=15))
def test_any_confidences(rows: list[tuple[int, bool]]) -> None:
    confidence = np.array([step / 20 for step, _ in rows])
    probabilities = np.stack([1 - confidence, confidence], axis=1)
    check([int(right) for _, right in rows], probabilities, probabilities)
