"""What baselines learn and guess, without a server; and the figures of BANKING77."""

from __future__ import annotations

import csv
import importlib.util
import random
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import evald
from evald.backends.baseline.contract import Guesses, Lesson, TrainingRow, in_order
from evald.backends.baseline.counting import majority, mean, median, stratified
from evald.backends.baseline.kinds import KINDS, Baselines, kind_of
from evald.backends.baseline.worker import MAX_COEFFICIENTS, parameters
from evald.engine.evaluate import Cancellation
from evald.errors import CancelledError

if TYPE_CHECKING:
    from evald.backends.contract import Floats

LABELS = ["b"] * 5 + ["a"] * 3 + ["10"] * 2
KEYS = [(f"row-{number}", 0) for number in range(20_000)]


def lesson(keys: list[tuple[str, int]], seed: int = 0, labels: list[str] = LABELS) -> Lesson:
    return Lesson.of([TrainingRow((label,)) for label in labels], keys, seed=seed)


def scores_of(found: Guesses) -> Floats:
    assert found.scores is not None
    return found.scores


def test_the_majority_has_the_shares_and_the_first_of_equal_classes() -> None:
    found = majority(lesson(KEYS[:2]))
    assert scores_of(found).tolist() == [pytest.approx([0.2, 0.3, 0.5])] * 2
    tied = lesson(KEYS[:1], labels=["10", "9"])
    assert tied.classes == ("9", "10")
    assert scores_of(majority(tied)).argmax() == 0


def test_labels_are_in_the_order_of_evald() -> None:
    assert in_order({"10", "9", "-1"}) == ["-1", "9", "10"]
    assert in_order({"10", "9", "a"}) == ["10", "9", "a"]
    # A superscript is a digit for str.isdigit and no integer.
    assert in_order({"10", "9", "²"}) == ["10", "9", "²"]


def test_stratified_draws_have_the_shares() -> None:
    scores = scores_of(stratified(lesson(KEYS), Cancellation()))
    assert scores.sum(axis=1).tolist() == [1.0] * len(KEYS)
    # Four standard errors of a share of a half.
    assert scores.mean(axis=0).tolist() == pytest.approx([0.2, 0.3, 0.5], abs=4 * 0.5 / len(KEYS) ** 0.5)


def test_a_stratified_draw_depends_on_seed_id_and_sample_alone() -> None:
    keys = [("a", 0), ("a", 1), ("b", 0)] * 200
    cancellation = Cancellation()
    scores = scores_of(stratified(lesson(keys), cancellation))
    assert np.array_equal(scores[:3], scores[-3:])
    many = [(name, sample) for name in map(str, range(100)) for sample in (0, 1)]
    first, other = (scores_of(stratified(lesson(many, seed=seed), cancellation)) for seed in (1, 2))
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[::2], first[1::2])


def test_sets_of_labels_are_drawn_label_by_label() -> None:
    rows = [TrainingRow(("a", "b")), TrainingRow(("a",)), TrainingRow(()), TrainingRow(("a",))]
    asked = Lesson.of(rows, KEYS, multilabel=True)
    assert scores_of(majority(asked))[0].tolist() == [0.75, 0.25]
    drawn = scores_of(stratified(asked, Cancellation()))
    assert drawn.mean(axis=0).tolist() == pytest.approx([0.75, 0.25], abs=0.02)
    both = (drawn[:, 0] * drawn[:, 1]).mean()
    assert both == pytest.approx(0.75 * 0.25, abs=0.02)


def test_drawing_ends_with_its_call() -> None:
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(CancelledError):
        stratified(lesson(KEYS), cancellation)


def test_a_lesson_does_not_depend_on_the_order_of_its_rows() -> None:
    rows = [TrainingRow((label,), text) for label, text in zip(LABELS, "xyzxyzxyzx", strict=True)]
    shuffled = random.Random(2).sample(rows, len(rows))
    first, other = (Lesson.of(found, KEYS[:1]) for found in (rows, shuffled))
    assert (first.rows, first.classes, first.digest()) == (other.rows, other.classes, other.digest())
    # Neither labels nor texts run into each other.
    digests = {
        Lesson.of([TrainingRow(labels, text)], KEYS).digest()
        for labels, text in ((("ab",), ""), (("a", "b"), ""), (("b",), "a"), (("a",), "b"))
    }
    assert len(digests) == 4


def test_named_classes_come_first_and_others_are_kept() -> None:
    found = Lesson.of([TrainingRow(("x",)), TrainingRow(("b",))], KEYS[:1], classes=["z", "b"])
    assert found.classes == ("z", "b", "x")
    assert scores_of(majority(found)).tolist() == [[0.0, 0.5, 0.5]]


def test_features_are_fewer_the_more_classes_there_are() -> None:
    for classes in (2, 77, 1000):
        most = parameters("logistic_regression", classes, 0)["TfidfVectorizer"]["max_features"]
        assert most * classes <= MAX_COEFFICIENTS
    assert parameters("decision_tree", 2, 2**63)["DecisionTreeClassifier"]["random_state"] == 2**63 % 2**32


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_answers(name: str) -> None:
    if KINDS[name].reads_texts:
        pytest.importorskip("sklearn", reason="scikit-learn is not installed: install evald[baselines]")
    kind_of(name, "field")
    wants = KINDS[name].gives - {"prediction_label_set"}
    rows = [TrainingRow((label,), f"about {label * 3}", (label,), 2.5) for label in LABELS]
    # A class that no row has keeps its column.
    asked = Lesson.of(rows, KEYS[:3], ["about aaa", "about bbb", ""], wants=wants, classes=["none"], seed=2**64 - 1)
    found = Baselines().answer(name, asked, Cancellation(), None)
    assert found.text == ("b" if "prediction_text" in wants else None)
    assert found.value == (2.5 if "prediction_value" in wants else None)
    if not asked.has_labels:
        assert found.scores is None
        return
    scores = scores_of(found)
    assert scores.shape == (3, 4)
    assert scores.dtype == np.float32
    assert scores.sum(axis=1).tolist() == pytest.approx([1.0] * 3)
    assert scores[:, 0].tolist() == [0.0] * 3


def of_references(*references: tuple[str, ...]) -> Guesses:
    rows = [TrainingRow(references=one) for one in references]
    return majority(Lesson.of(rows, KEYS[:2], wants=frozenset(("prediction_text",))))


def test_the_majority_of_texts_is_the_reference_that_most_rows_have() -> None:
    found = of_references(("no", "never"), ("yes",), ("no",), ("yes", "yes", "yes"), ("no", "Yes"))
    assert (found.text, found.scores, found.value) == ("no", None, None)
    # The first by code point of several, and an empty reference is one.
    assert of_references(("b",), ("a",)).text == "a"
    assert of_references(("",), ("", "x")).text == ""


@pytest.mark.parametrize("values", [[1.0], [3.0, 1.0], [0.1] * 10, [1e16, 1.0, -1e16], [5.0, 1e308, 1e308, -2.0]])
def test_mean_and_median_of_numbers(values: list[float]) -> None:
    rows = [TrainingRow(value=value) for value in values]
    asked = Lesson.of(rows, KEYS[:2], wants=frozenset(("prediction_value",)))
    assert mean(asked).value == float(statistics.mean(values))
    assert median(asked).value == statistics.median(values)


@pytest.mark.timeout(600)
@pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_the_figures_of_banking77(shared_data: Path) -> None:
    rows: dict[str, list[str]] = {"text": [], "category": [], "split": []}
    for split in ("train", "test"):
        with (shared_data / "cls-banking77" / f"{split}.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                for name in ("text", "category"):
                    rows[name].append(row[name])
                rows["split"].append(split)
    kinds = ("majority", "decision_tree", "logistic_regression")
    result = evald.evaluate(
        systems={kind: evald.Baseline(kind) for kind in kinds},
        references=rows["category"],
        inputs=rows["text"],
        splits=rows["split"],
        metrics="accuracy,f1(average=macro)",
        replicates=0,
        seed=0,
    )
    found = {system.name: [round(metric.value or 0, 4) for metric in system.metrics] for system in result.systems}
    assert found == {
        "majority": [0.0130, 0.0003],
        "decision_tree": [0.7481, 0.7482],
        "logistic_regression": [0.8938, 0.8942],
    }
    assert {made.training_rows for made in result.provenance.baselines} == {10_003}
