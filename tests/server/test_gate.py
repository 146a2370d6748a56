"""CompareRequest.gate over a real channel: verdicts, and what is refused with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import COMPARE
from tests.server.test_evaluation import spec

import evald
from evald.errors import InvalidRequestError
from evald.v1 import evaluation_pb2 as evaluation
from evald.v1 import gate_pb2 as pb
from evald.v1 import instance_pb2
from evald.v1 import statistics_pb2 as statistics

if TYPE_CHECKING:
    from tests.server.conftest import Server

GOLD = ["a", "b"] * 100
BASE = ["a"] * 200
NEW = ["a", "b"] * 80 + ["a"] * 40


def request(*rules: pb.GateRule, **policy: Any) -> evaluation.CompareRequest:
    return evaluation.CompareRequest(
        spec=spec("accuracy", "f1(average=macro)", "confusion_matrix", systems=("base", "new")),
        instances=[
            instance_pb2.Instance(labels=[gold], predictions=[instance_pb2.Prediction(labels=[one]) for one in systems])
            for gold, *systems in zip(GOLD, BASE, NEW, strict=True)
        ],
        gate=pb.GatePolicy(rules=rules, **policy),
    )


def test_the_answer_has_a_verdict_with_reasons(server: Server) -> None:
    rule = pb.GateRule(metric="accuracy", margin=0.01, threshold=0.95)
    answer = server.api.call(COMPARE, request(rule), evaluation.CompareResponse)
    assert answer.gate.verdict == pb.GATE_VERDICT_NO_GO
    (candidate,) = answer.gate.candidates
    assert (candidate.candidate, candidate.reason) == ("new", "critical and broken: accuracy")
    (found,) = candidate.rules
    assert (found.metric, found.tier, found.outcome) == (
        "accuracy",
        pb.GATE_TIER_CRITICAL,
        pb.GATE_OUTCOME_FAILED,
    )
    difference, value = found.checks
    assert (difference.quantity, difference.outcome) == (pb.GATE_QUANTITY_DIFFERENCE, pb.GATE_OUTCOME_PASSED)
    assert difference.value == pytest.approx(0.4)
    assert difference.limit == pytest.approx(-0.01)
    # A single candidate's bound of passing is the end of its interval.
    assert difference.low == pytest.approx(answer.comparisons[0].difference.low)
    assert (value.quantity, value.outcome) == (pb.GATE_QUANTITY_VALUE, pb.GATE_OUTCOME_FAILED)
    assert value.high < 0.95


def test_without_a_gate_there_is_no_verdict(server: Server) -> None:
    asked = request()
    asked.ClearField("gate")
    assert not server.api.call(COMPARE, asked, evaluation.CompareResponse).HasField("gate")


def test_client_embedded_and_saved_agree(server: Server) -> None:
    policy = {"rules": [{"metric": "accuracy", "margin": 0.01}, {"metric": "f1(average=macro)", "threshold": 0.5}]}
    arguments: Any = {
        "baseline": BASE, "candidates": {"new": NEW}, "references": GOLD, "metrics": ["accuracy", "f1(average=macro)"]
    }  # fmt: skip
    here = evald.compare(**arguments, gate=policy)
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        assert client.compare(**arguments, gate=policy).gate == here.gate
    assert evald.gate(policy, here) == here.gate
    assert evald.gate(policy, evald.compare(**arguments).to_dict()) == here.gate
    assert here.gate is not None
    assert here.gate.verdict == "go"
    assert "<p>gate, new: GO (critical and shown" in here._repr_html_()
    assert "gate, new: GO (critical and shown to hold: accuracy, f1(average=macro))" in str(here)


def test_rules_include_slices(server: Server) -> None:
    policy = {"rules": [{"metric": "accuracy", "margin": 0.01, "threshold": 0.3, "slices": "language"}]}
    arguments: Any = {
        "baseline": BASE, "candidates": {"new": NEW}, "references": GOLD, "metrics": ["accuracy"], "slices": "language",
        "slice_values": {"language": ["de"] * 80 + ["fr"] * 80 + ["it"] * 20 + ["sw"] * 20},
    }  # fmt: skip
    here = evald.compare(**arguments, gate=policy)
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        assert client.compare(**arguments, gate=policy).gate == here.gate
    assert evald.gate(policy, here) == here.gate
    assert here.gate is not None
    (rule,) = here.gate.candidates[0].rules
    found = [(check.slice, check.quantity) for check in rule.checks]
    slices = (None, "language: de", "language: fr")
    # Those of 20 rows are below min_slice_size.
    assert found == [(one, quantity) for one in slices for quantity in ("difference", "value")]
    assert here.gate.verdict == "go"
    assert "accuracy, language: de" in str(here)
    small = evald.compare(**arguments, gate=policy, min_slice_size=81)
    assert small.gate is not None
    assert small.gate.verdict == "inconclusive"
    assert small.gate.candidates[0].rules[0].reason.endswith("language, no slice of it has rows enough to be tested")
    assert evald.gate(policy, small) == small.gate
    plain = {key: value for key, value in arguments.items() if not key.startswith("slice")}
    with pytest.raises(InvalidRequestError, match="the comparison has no slices: ask for them"):
        evald.compare(**plain, gate=policy)


def test_a_slice_alone_can_break_a_rule() -> None:
    language = ["de"] * 100 + ["fr"] * 100
    # Better as a whole, worse in French.
    new = ["a", "b"] * 50 + ["b", "a"] * 5 + ["a"] * 90
    base = ["a"] * 100 + ["a", "b"] * 20 + ["a"] * 60
    policy = {"rules": [{"metric": "accuracy", "margin": 0.01, "slices": ["language"]}]}
    found = evald.compare(
        base,
        {"new": new},
        GOLD,
        metrics="accuracy",
        slices="language",
        slice_values={"language": language},
        gate=policy,
    ).gate
    assert found is not None
    assert [check.outcome for check in found.candidates[0].rules[0].checks] == ["passed", "passed", "failed"]
    assert found.verdict == "no_go"


def test_without_a_margin_the_adjusted_p_decides() -> None:
    policy = {"rules": [{"metric": "accuracy", "margin": 0}]}
    found = evald.compare(BASE, {"new": NEW}, GOLD, metrics=["accuracy"], gate=policy)
    assert found.gate is not None
    assert found.gate.verdict == "go"
    assert "significantly better, adjusted p" in found.gate.candidates[0].rules[0].reason
    assert evald.gate(policy, found) == found.gate
    worse = evald.compare(NEW, {"old": BASE}, GOLD, metrics=["accuracy"], gate=policy)
    assert worse.gate is not None
    assert worse.gate.verdict == "no_go"


RULE: dict[str, Any] = {"metric": "accuracy", "margin": 0.1}


@pytest.mark.parametrize(
    ("rules", "field", "reason"),
    [
        ([], "gate.rules", "BAD_GATE"),
        ([RULE, {"metric": "bleu", "margin": 1}], "gate.rules[1].metric", "BAD_GATE"),
        ([RULE, {"metric": "confusion_matrix", "margin": 1}], "gate.rules[1].metric", "BAD_GATE"),
        ([{"metric": "accuracy"}], "gate.rules[0]", "BAD_GATE"),
        ([RULE, RULE, {"metric": "accuracy", "margin": -0.1}], "gate.rules[2].margin", "BAD_GATE"),
        ([{"metric": "accuracy", "margin": float("inf")}], "gate.rules[0].margin", "BAD_GATE"),
        ([{"metric": "accuracy", "relative_margin": float("nan")}], "gate.rules[0].relative_margin", "BAD_GATE"),
        ([{**RULE, "relative_margin": 0.1}], "gate.rules[0].relative_margin", "BAD_GATE"),
        ([{**RULE, "threshold": float("nan")}], "gate.rules[0].threshold", "BAD_GATE"),
        ([{**RULE, "tier": 77}], "gate.rules[0].tier", "BAD_GATE"),
        ([{**RULE, "slices": ["topic"]}], "gate.rules[0].slices[0]", "BAD_GATE"),
        ([{**RULE, "slices": ["length(", "topic"]}], "gate.rules[0].slices[0]", "BAD_SLICE"),
    ],
)
def test_a_wrong_policy_is_refused(server: Server, rules: list[dict[str, Any]], field: str, reason: str) -> None:
    failure = server.api.failure(COMPARE, request(*(pb.GateRule(**rule) for rule in rules)))
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, (field,))


def test_a_gate_needs_intervals(server: Server) -> None:
    asked = request(pb.GateRule(**RULE))
    asked.spec.statistics.CopyFrom(statistics.StatisticsSpec(replicates=0))
    failure = server.api.failure(COMPARE, asked)
    assert (failure.reason, failure.fields) == ("BAD_STATISTICS", ("spec.statistics.replicates",))


def test_an_evaluation_has_no_gate() -> None:
    with pytest.raises(InvalidRequestError, match="gate: is for comparisons"):
        evald.evaluate(["a"], ["a"], metrics="accuracy", gate={"rules": []})


def test_what_is_no_comparison_is_refused() -> None:
    for found in ({}, {"systems": 3, "comparisons": [], "confidence_level": 0.95}):
        with pytest.raises(InvalidRequestError) as caught:
            evald.gate({"rules": [RULE]}, found)
        assert caught.value.reason == "BAD_GATE"
    with pytest.raises(InvalidRequestError, match="must be a dict or the name of a file, not list"):
        evald.gate([], {})  # type: ignore[arg-type]


def test_a_saved_comparison_of_equal_answers_passes_as_the_call_does() -> None:
    policy = {"rules": [{"metric": "accuracy", "margin": 0}]}
    found = evald.compare(BASE, {"new": BASE}, GOLD, metrics=["accuracy"], gate=policy)
    assert found.gate is not None
    assert found.gate.verdict == "go"
    assert evald.gate(policy, found) == found.gate
