"""What must hold of every gate, whatever the numbers: checked on comparisons that are made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import evald
from evald.errors import InvalidRequestError

BADNESS = {"passed": 0, "inconclusive": 1, "failed": 2}
VERDICTS = {"go": 0, "inconclusive": 1, "no_go": 2}
TIERS = ("critical", "supporting", "advisory")

numbers = st.floats(-1, 1).filter(lambda value: abs(value) > 1e-6)
widths = st.floats(1e-6, 0.5)


@st.composite
def comparisons(draw: st.DrawFn, direction: str = "higher") -> dict[str, Any]:
    """Up to four metrics and three candidates with any differences."""
    metrics = [f"m{place}" for place in range(draw(st.integers(1, 4)))]
    candidates = [f"c{place}" for place in range(draw(st.integers(1, 3)))]
    systems, paired = [], []
    for candidate in candidates:
        own = []
        for metric in metrics:
            value, difference = draw(numbers), draw(numbers)
            own.append(
                {
                    "metric": metric,
                    "signature": metric,
                    "direction": direction,
                    "value": value,
                    "low": value - draw(widths),
                    "high": value + draw(widths),
                    "undefined_reason": None,
                }
            )
            paired.append(
                {
                    "metric": metric,
                    "candidate": candidate,
                    "difference": difference,
                    "low": difference - draw(widths),
                    "high": difference + draw(widths),
                    **verdict_of(draw(st.floats(0, 1)), difference * (-1 if direction == "lower" else 1)),
                    "baseline_value": value,
                    "undefined_reason": None,
                }
            )
        systems.append({"name": candidate, "metrics": own})
    return {"systems": systems, "comparisons": paired, "confidence_level": draw(st.sampled_from([0.9, 0.95, 0.99]))}


def verdict_of(p_adjusted: float, gain: float) -> dict[str, Any]:
    significant = "improved" if gain > 0 else "regressed"
    return {
        "p_adjusted": p_adjusted,
        "p_at_floor": False,
        "decision": significant if p_adjusted <= 0.05 else "inconclusive",
    }


@st.composite
def rules(draw: st.DrawFn, comparison: dict[str, Any], tiers: tuple[str, ...] = TIERS) -> list[dict[str, Any]]:
    names = [metric["metric"] for metric in comparison["systems"][0]["metrics"]]
    made = []
    for _ in range(draw(st.integers(1, 4))):
        rule: dict[str, Any] = {"metric": draw(st.sampled_from(names)), "tier": draw(st.sampled_from(tiers))}
        rule[draw(st.sampled_from(("margin", "relative_margin")))] = draw(st.floats(0, 0.5))
        if draw(st.booleans()):
            rule["threshold"] = draw(numbers)
        made.append(rule)
    return made


def outcomes(gate: Any) -> list[int]:
    return [BADNESS[rule.outcome] for one in gate.candidates for rule in one.rules]


@given(st.data())
def test_the_order_of_rules_changes_no_verdict(data: st.DataObject) -> None:
    comparison = data.draw(comparisons())
    policy = data.draw(rules(comparison))
    verdicts = {evald.gate({"rules": order}, comparison).verdict for order in (policy, policy[::-1])}
    assert len(verdicts) == 1


@given(st.data())
def test_a_larger_margin_is_easier(data: st.DataObject) -> None:
    comparison = data.draw(comparisons())
    policy = data.draw(rules(comparison))
    # From 0 on another test decides, so that margins start beyond it.
    strict = [{**rule, name: max(rule[name], 1e-9)} for rule in policy for name in rule if name.endswith("margin")]
    loose = [{**rule, name: rule[name] * 2} for rule in strict for name in rule if name.endswith("margin")]
    before, after = (evald.gate({"rules": one}, comparison) for one in (strict, loose))
    assert all(new <= old for old, new in zip(outcomes(before), outcomes(after), strict=True))
    assert VERDICTS[after.verdict or ""] <= VERDICTS[before.verdict or ""]


@given(st.data())
def test_lower_is_better_is_the_mirror(data: st.DataObject) -> None:
    comparison = data.draw(comparisons())
    policy = data.draw(rules(comparison))
    mirrored = {
        **comparison,
        "systems": [
            {**one, "metrics": [{**flipped(metric, "value"), "direction": "lower"} for metric in one["metrics"]]}
            for one in comparison["systems"]
        ],
        "comparisons": [flipped(one, "difference") for one in comparison["comparisons"]],
    }
    turned = [{**rule, **({"threshold": -rule["threshold"]} if "threshold" in rule else {})} for rule in policy]
    one, other = evald.gate({"rules": policy}, comparison), evald.gate({"rules": turned}, mirrored)
    assert outcomes(one) == outcomes(other)
    assert one.verdict == other.verdict


def flipped(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {**found, name: -found[name], "low": -found["high"], "high": -found["low"]}


@given(st.data())
def test_advice_changes_no_verdict(data: st.DataObject) -> None:
    comparison = data.draw(comparisons())
    policy = data.draw(rules(comparison, ("critical", "supporting")))
    advice = data.draw(rules(comparison, ("advisory",)))
    assert (
        evald.gate({"rules": policy}, comparison).verdict
        == evald.gate({"rules": [*policy, *advice]}, comparison).verdict
    )


@given(st.data())
def test_tiers_make_the_verdict(data: st.DataObject) -> None:
    comparison = data.draw(comparisons())
    policy = data.draw(rules(comparison))
    allowed = data.draw(st.integers(0, 2))
    gate = evald.gate({"rules": policy, "allowed_supporting_failures": allowed}, comparison)
    for one in gate.candidates:
        found = [(rule.tier, rule.outcome) for rule in one.rules]
        if ("critical", "failed") in found or found.count(("supporting", "failed")) > allowed:
            assert one.verdict == "no_go"
        else:
            assert one.verdict == ("inconclusive" if ("critical", "inconclusive") in found else "go")
    assert VERDICTS[gate.verdict or ""] == max(VERDICTS[one.verdict or ""] for one in gate.candidates)


@given(st.data())
def test_bounds_are_the_interval_stretched_by_normal_quantiles(data: st.DataObject) -> None:
    comparison = data.draw(comparisons())
    policy = data.draw(rules(comparison, ("critical", "supporting")))
    strict = [{**rule, name: max(rule[name], 1e-9)} for rule in policy for name in rule if name.endswith("margin")]
    tail = (1 - comparison["confidence_level"]) / 2
    candidates = len(comparison["systems"])
    checks = sum(1 + ("threshold" in rule) for rule in strict)
    passing = norm.isf(tail / candidates) / norm.isf(tail)
    failing = norm.isf(tail / candidates / checks) / norm.isf(tail)
    by_name = {(one["candidate"], one["metric"]): one for one in comparison["comparisons"]}
    for one in evald.gate({"rules": strict}, comparison).candidates:
        for rule in one.rules:
            found, check = by_name[one.candidate, rule.metric], rule.checks[0]
            low = found["difference"] - (found["difference"] - found["low"]) * passing
            high = found["difference"] + (found["high"] - found["difference"]) * failing
            assert [check.low, check.high] == pytest.approx([low, high], rel=1e-9)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_a_damaged_comparison_is_refused_or_judged(data: st.DataObject) -> None:
    comparison = data.draw(comparisons())
    policy = data.draw(rules(comparison))
    place = data.draw(st.sampled_from(["systems", "comparisons", "metrics", "confidence_level"]))
    target = comparison["systems"][0]["metrics"][0] if place == "metrics" else comparison
    target = target[place][0] if place in ("systems", "comparisons") and data.draw(st.booleans()) else target
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(json_values)
    refused: list[InvalidRequestError] = []
    try:
        assert evald.gate({"rules": policy}, comparison).verdict in VERDICTS
    except InvalidRequestError as error:
        refused.append(error)
    assert all(error.reason == "BAD_GATE" for error in refused)
