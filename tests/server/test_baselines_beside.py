"""What a call answers beside baselines is what it answers without the rows that they learned from."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import COMPARE

from evald.v1 import (
    analysis_pb2,
    forgetting_pb2,
    gate_pb2,
    instance_pb2,
    metric_pb2,
    report_pb2,
    slice_pb2,
    statistics_pb2,
)
from evald.v1 import evaluation_pb2 as pb

if TYPE_CHECKING:
    from tests.server.conftest import Server

CLASSES = ("no", "perhaps", "yes")
METRICS = ("accuracy", "f1(average=macro)", "mcc", "log_loss", "roc_auc", "cohen_kappa")


def make_rows() -> list[instance_pb2.Instance]:
    """Rows of two tasks with the answers of two systems; a third of them is there to learn from and lacks much."""
    draw = random.Random(8)
    found = []
    for number in range(360):
        label = draw.choice(("yes", "yes", "no", "perhaps"))
        row = instance_pb2.Instance(labels=[label], split="train")
        if number % 3:
            row = instance_pb2.Instance(id=f"r{number}", labels=[label], split="test", task=draw.choice(("old", "new")))
            row.cluster = f"c{number // 9}"
            row.slices["half"] = str(number % 2)
            row.inputs["text"] = draw.choice(("a long text", "a text"))
            row.predictions.add()
            for right in (0.6, 0.8):
                answer = label if draw.random() < right else draw.choice(CLASSES)
                scores = [0.7 if name == answer else 0.15 for name in CLASSES]
                row.predictions.add(labels=[answer], class_scores=scores)
        found.append(row)
    return found


def with_guesses(rows: list[instance_pb2.Instance]) -> list[instance_pb2.Instance]:
    """The rows to score alone, with the answers that the majority gives."""
    import numpy as np

    counts = Counter(row.labels[0] for row in rows if row.split == "train")
    shares = np.array([counts[name] for name in CLASSES]) / counts.total()
    kept = [instance_pb2.Instance.FromString(row.SerializeToString()) for row in rows if row.split != "train"]
    for row in kept:
        row.predictions[0].CopyFrom(
            instance_pb2.Prediction(labels=["yes"], class_scores=shares.astype(np.float32).tolist())
        )
    return kept


def request(rows: list[instance_pb2.Instance], guess: pb.System) -> pb.CompareRequest:
    spec = pb.EvaluationSpec(
        systems=[guess, pb.System(name="before"), pb.System(name="after")],
        metrics=[metric_pb2.MetricSpec(name=name) for name in METRICS],
        statistics=statistics_pb2.StatisticsSpec(replicates=100, min_slice_size=1),
        classes=CLASSES,
        row_report=report_pb2.ROW_REPORT_ALL,
        slices=[slice_pb2.SliceSpec(by=form) for form in ("half", "split", "label", "length(input, edges=2)")],
        analysis=analysis_pb2.AnalysisSpec(),
    )
    emar = forgetting_pb2.EmarSpec(metric="accuracy", target_task="new", benchmark_task="old")
    return pb.CompareRequest(
        spec=spec,
        instances=rows,
        baseline="before",
        gate=gate_pb2.GatePolicy(rules=[gate_pb2.GateRule(metric="accuracy", margin=0.5)]),
        forgetting=forgetting_pb2.ForgettingSpec(target_tasks=["new"], emar=[emar]),
    )


def test_everything_is_answered_as_without_the_rows_to_learn_from(server: Server) -> None:
    rows = make_rows()
    guess = pb.System(name="guess", baseline=pb.BaselineSource(kind="majority"))
    beside = server.api.call(COMPARE, request(rows, guess), pb.CompareResponse)
    alone = server.api.call(COMPARE, request(with_guesses(rows), pb.System(name="guess")), pb.CompareResponse)
    training = [note for note in beside.notes if note.code == "TRAINING_ROWS"]
    assert [note.count for note in training] == [120]
    beside.notes.remove(training[0])
    assert beside.cost.rows == alone.cost.rows == 240
    for answer in (beside, alone):
        assert answer.forgetting
        assert answer.emar
        assert answer.analysis.pairs
        assert answer.consistency
        answer.ClearField("cost")
        # The digest is of systems, too.
        for name in ("baselines", "spec_digest"):
            answer.provenance.ClearField(name)
    assert {field.name for field, _ in beside.ListFields()} == {field.name for field, _ in alone.ListFields()}
    for field, _ in alone.ListFields():
        assert getattr(beside, field.name) == getattr(alone, field.name), field.name


def test_a_row_without_a_task_is_named_by_its_place(server: Server) -> None:
    rows = make_rows()
    rows[4].task = ""
    guess = pb.System(name="guess", baseline=pb.BaselineSource(kind="majority"))
    failure = server.api.failure(COMPARE, request(rows, guess))
    assert (failure.reason, failure.fields) == ("MISSING_TASK", ("instances[4].task",))


@pytest.mark.parametrize(("metric", "need"), [("latency", "latency_seconds"), ("mae", "prediction_value")])
def test_a_metric_that_no_kind_serves_is_refused(server: Server, metric: str, need: str) -> None:
    asked = request(make_rows(), pb.System(name="guess", baseline=pb.BaselineSource(kind="majority")))
    asked.spec.metrics.add(name=metric)
    failure = server.api.failure(COMPARE, asked)
    assert (failure.reason, failure.fields) == ("BASELINE_TASK_MISMATCH", ("spec.systems[0].baseline.kind",))
    assert need in failure.message
