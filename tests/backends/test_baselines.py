"""What baselines learn and guess, without a server; and the figures of BANKING77."""

from __future__ import annotations

import csv
import importlib.util
import random
from pathlib import Path

import numpy as np
import pytest

import evald
from evald.backends.baseline.contract import Lesson, TrainingRow, in_order
from evald.backends.baseline.counting import majority, stratified
from evald.backends.baseline.kinds import KINDS, Baselines, kind_of
from evald.backends.baseline.worker import MAX_COEFFICIENTS, parameters
from evald.engine.evaluate import Cancellation
from evald.errors import CancelledError

LABELS = ["b"] * 5 + ["a"] * 3 + ["10"] * 2
KEYS = [(f"row-{number}", 0) for number in range(20_000)]


def lesson(keys: list[tuple[str, int]], seed: int = 0, labels: list[str] = LABELS) -> Lesson:
    return Lesson.of([TrainingRow((label,)) for label in labels], keys, seed=seed)


def test_the_majority_has_the_shares_and_the_first_of_equal_classes() -> None:
    found = majority(lesson(KEYS[:2]))
    assert found.scores.tolist() == [pytest.approx([0.2, 0.3, 0.5])] * 2
    tied = lesson(KEYS[:1], labels=["10", "9"])
    assert tied.classes == ("9", "10")
    assert majority(tied).scores.argmax() == 0


def test_labels_are_in_the_order_of_evald() -> None:
    assert in_order({"10", "9", "-1"}) == ["-1", "9", "10"]
    assert in_order({"10", "9", "a"}) == ["10", "9", "a"]
    # A superscript is a digit for str.isdigit and no integer.
    assert in_order({"10", "9", "²"}) == ["10", "9", "²"]


def test_stratified_draws_have_the_shares() -> None:
    scores = stratified(lesson(KEYS), Cancellation()).scores
    assert scores.sum(axis=1).tolist() == [1.0] * len(KEYS)
    # Four standard errors of a share of a half.
    assert scores.mean(axis=0).tolist() == pytest.approx([0.2, 0.3, 0.5], abs=4 * 0.5 / len(KEYS) ** 0.5)


def test_a_stratified_draw_depends_on_seed_id_and_sample_alone() -> None:
    keys = [("a", 0), ("a", 1), ("b", 0)] * 200
    cancellation = Cancellation()
    scores = stratified(lesson(keys), cancellation).scores
    assert np.array_equal(scores[:3], scores[-3:])
    many = [(name, sample) for name in map(str, range(100)) for sample in (0, 1)]
    first, other = (stratified(lesson(many, seed=seed), cancellation).scores for seed in (1, 2))
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[::2], first[1::2])


def test_sets_of_labels_are_drawn_label_by_label() -> None:
    rows = [TrainingRow(("a", "b")), TrainingRow(("a",)), TrainingRow(()), TrainingRow(("a",))]
    asked = Lesson.of(rows, KEYS, multilabel=True)
    assert majority(asked).scores[0].tolist() == [0.75, 0.25]
    drawn = stratified(asked, Cancellation()).scores
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
    assert majority(found).scores.tolist() == [[0.0, 0.5, 0.5]]


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
    rows = [TrainingRow((label,), f"about {label * 3}") for label in LABELS]
    # A class that no row has keeps its column.
    asked = Lesson.of(rows, KEYS[:3], ["about aaa", "about bbb", ""], classes=["none"], seed=2**64 - 1)
    found = Baselines().answer(name, asked, Cancellation(), None)
    assert found.scores.shape == (3, 4)
    assert found.scores.dtype == np.float32
    assert found.scores.sum(axis=1).tolist() == pytest.approx([1.0] * 3)
    assert found.scores[:, 0].tolist() == [0.0] * 3


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
