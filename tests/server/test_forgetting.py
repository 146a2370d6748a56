"""Forgetting and EMAR through a real channel: every number, every way to ask wrongly, cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evald import Client
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import forgetting_pb2, gate_pb2, instance_pb2, metric_pb2, slice_pb2, statistics_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import Server

COMPARE = "/evald.v1.EvaluationService/Compare"
# Rows that baseline and candidate get right, and rows, by task.
TASKS = {"medical": (30, 45, 60), "general": (40, 38, 50), "code": (30, 20, 40)}


def rows(**changes: Any) -> list[instance_pb2.Instance]:
    """The first rows of each task are right."""
    return [
        instance_pb2.Instance(
            labels=["yes"],
            predictions=[instance_pb2.Prediction(labels=["yes" if at < right else "no"]) for right in counts[:2]],
            **{"id": f"{task} {at}", "task": task, **changes},
        )
        for task, counts in TASKS.items()
        for at in range(counts[2])
    ]


def request(
    *emar: forgetting_pb2.EmarSpec, targets: tuple[str, ...] = ("medical",), slices: tuple[str, ...] = (), **given: Any
) -> pb.CompareRequest:
    return pb.CompareRequest(
        spec=pb.EvaluationSpec(
            systems=[pb.System(name="base"), pb.System(name="tuned")],
            metrics=[metric_pb2.MetricSpec(name="accuracy"), metric_pb2.MetricSpec(name="confusion_matrix")],
            slices=[slice_pb2.SliceSpec(by=form) for form in slices],
            statistics=statistics_pb2.StatisticsSpec(replicates=400, margin=0.1),
        ),
        forgetting=forgetting_pb2.ForgettingSpec(target_tasks=targets, emar=emar),
        **{"instances": rows(), **given},
    )


def emar(**changes: Any) -> forgetting_pb2.EmarSpec:
    return forgetting_pb2.EmarSpec(
        **{"metric": "accuracy", "target_task": "medical", "benchmark_task": "general", **changes}
    )


def test_every_task_and_all_together(server: Server) -> None:
    response = server.api.call(COMPARE, request(), pb.CompareResponse)
    (found,) = response.forgetting
    assert (found.metric, found.candidate) == ("accuracy", "tuned")
    assert [(one.task, one.target, one.rows) for one in found.tasks] == [
        ("code", False, 40),
        ("general", False, 50),
        ("medical", True, 60),
    ]
    kept = [(one.retained, one.gained, one.lost, one.never) for one in found.tasks]
    assert kept == [(20, 0, 10, 10), (38, 0, 2, 10), (30, 15, 0, 15)]
    shares = [one.relative_improvement.value for one in found.tasks]
    assert shares == pytest.approx([-10 / 30, -2 / 40, 15 / 30])
    decisions = [statistics_pb2.Decision.Name(one.change.decision) for one in found.tasks]
    assert decisions == ["DECISION_REGRESSED", "DECISION_INCONCLUSIVE", "DECISION_IMPROVED"]
    assert {one.change.family for one in found.tasks} == {"holm over 3 tests: tasks x metrics x candidates"}
    assert found.average_forgetting.value == pytest.approx((10 / 40 + 2 / 50) / 2)
    assert (found.average_forgetting.n, found.average_forgetting.method) == (90, "percentile_bootstrap")
    assert found.backward_transfer.value == -found.average_forgetting.value
    assert found.backward_transfer.low == -found.average_forgetting.high
    assert 0 < found.average_forgetting.low < found.average_forgetting.value < found.average_forgetting.high
    means = [found.macro_baseline.value, found.macro_candidate.value, found.macro_difference.value]
    before, after = (30 / 60 + 40 / 50 + 30 / 40) / 3, (45 / 60 + 38 / 50 + 20 / 40) / 3
    assert means == pytest.approx([before, after, after - before])
    # Slices by task were not asked for as such.
    assert not response.slices
    assert not response.consistency


def test_rates_of_adaptation(server: Server) -> None:
    prose = forgetting_pb2.EMAR_VARIANT_PROSE
    asked = request(emar(), emar(variant=prose, benchmark_task="code"), targets=())
    response = server.api.call(COMPARE, asked, pb.CompareResponse)
    assert [one.variant for one in response.emar] == [1, 2, 3, 4, prose]
    assert [one.estimate.value for one in response.emar] == pytest.approx(
        [(0.25 - 0.5) / 0.5, 0.25 / 0.8, 0.25 / (0.5 - 0.8), 0.25 / 0.5, 0.25 / 0.75]
    )
    assert (response.emar[1].before, response.emar[1].after, response.emar[1].benchmark) == (0.5, 0.75, 0.8)
    assert response.emar[1].definition == "(after - before) / benchmark"
    assert all(one.estimate.low < one.estimate.value < one.estimate.high for one in response.emar)
    assert [note.code for one in response.emar for note in one.notes] == ["NEGATIVE_DENOMINATOR"]
    # A task that a rate names as target is one.
    assert [one.task for one in response.forgetting[0].tasks if one.target] == ["medical"]


def test_slices_that_are_asked_for_are_shown(server: Server) -> None:
    response = server.api.call(COMPARE, request(slices=("task",)), pb.CompareResponse)
    assert [list(one.values) for one in response.slices] == [["code"], ["general"], ["medical"]]
    families = {one.comparisons[0].family for one in response.slices}
    assert families == {"benjamini-hochberg over 3 tests: slices x metrics x candidates"}
    assert len(response.consistency) == 1
    alone = server.api.call(COMPARE, request(), pb.CompareResponse)
    assert alone.forgetting == response.forgetting


def test_that_nothing_was_forgotten_is_a_gate(server: Server) -> None:
    """A rule holds for every task, or it does not hold."""
    rule = gate_pb2.GateRule(metric="accuracy", margin=0.02, slices=["task"])
    policy = gate_pb2.GatePolicy(rules=[rule])
    response = server.api.call(COMPARE, request(slices=("task",), gate=policy), pb.CompareResponse)
    assert response.gate.verdict == gate_pb2.GATE_VERDICT_NO_GO
    checks = response.gate.candidates[0].rules[0].checks
    assert [one.slice for one in checks if one.outcome == gate_pb2.GATE_OUTCOME_FAILED] == ["task: code"]


def test_the_client_sends_tasks(server: Server) -> None:
    table = [
        {"label": "yes", "task": row.task, "predictions": {"base": row.predictions[0].labels[0], "tuned": "yes"}}
        for row in rows()
    ]
    with Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        result = client.compare(rows=table, metrics="accuracy", target_tasks="medical", replicates=100)
    assert result.forgetting[0]["code"].gained == 10
    assert result.forgetting[0].average_forgetting.value == pytest.approx(-(0.2 + 0.25) / 2)


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (request(instances=[*rows(), rows(task="", id="x")[0]]), "MISSING_TASK", "instances[150].task"),
        (request(targets=("medical", "law")), "UNKNOWN_TASK", "forgetting.target_tasks[1]"),
        (request(emar(benchmark_task="law")), "UNKNOWN_TASK", "forgetting.emar[0].benchmark_task"),
        (request(emar(), emar(target_task="law")), "UNKNOWN_TASK", "forgetting.emar[1].target_task"),
        (request(emar(target_task="")), "BAD_FORGETTING", "forgetting.emar[0].target_task"),
        (request(emar(benchmark_task="")), "BAD_FORGETTING", "forgetting.emar[0].benchmark_task"),
        (request(emar(benchmark_task="medical")), "BAD_FORGETTING", "forgetting.emar[0].benchmark_task"),
        (request(emar(metric="bleu")), "BAD_FORGETTING", "forgetting.emar[0].metric"),
        (request(emar(metric="confusion_matrix")), "BAD_FORGETTING", "forgetting.emar[0].metric"),
        (request(emar(variant=9)), "BAD_FORGETTING", "forgetting.emar[0].variant"),
        (request(*[emar()] * 65), "LIMIT_EXCEEDED", "forgetting.emar"),
        (request(targets=("medical",) * 101), "LIMIT_EXCEEDED", "forgetting.target_tasks"),
    ],
)
def test_wrong_questions_are_refused(server: Server, request_: pb.CompareRequest, reason: str, field: str) -> None:
    failure = server.api.failure(COMPARE, request_)
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, (field,))


def test_tasks_count_as_slices(make_server: Callable[..., Server]) -> None:
    failure = make_server(max_slices=2).api.failure(COMPARE, request())
    assert (failure.reason, failure.fields) == ("LIMIT_EXCEEDED", ("spec.slices",))
    failure = make_server(max_resampling_cost=100).api.failure(COMPARE, request())
    assert failure.reason == "LIMIT_EXCEEDED"
