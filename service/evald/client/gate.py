"""The messages of a gate: its policy, from a file or a dict, and the comparison that it judges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evald.data.policy import read_policy
from evald.errors import InvalidRequestError
from evald.results import Comparison
from evald.v1 import evaluation_pb2 as evaluation
from evald.v1 import gate_pb2 as pb
from evald.v1 import metric_pb2 as metric
from evald.v1 import slice_pb2
from evald.v1 import statistics_pb2 as statistics

# A file, its entries as a dict, or the message.
Policy = str | Path | Mapping[str, Any] | pb.GatePolicy

_TIERS = {"critical": pb.GATE_TIER_CRITICAL, "supporting": pb.GATE_TIER_SUPPORTING, "advisory": pb.GATE_TIER_ADVISORY}
_NUMBERS = ("margin", "relative_margin", "threshold")


def policy_message(policy: Policy) -> pb.GatePolicy:
    """The message of a policy. Raises InvalidRequestError (BAD_GATE) with the path of the entry."""
    if isinstance(policy, pb.GatePolicy):
        return policy
    if isinstance(policy, str | Path):
        policy = read_policy(policy)
    if not isinstance(policy, Mapping):
        raise _bad("gate", f"must be a dict or the name of a file, not {type(policy).__name__}")
    _check_names(policy, pb.GatePolicy, "gate")
    rules = policy.get("rules") or []
    if not isinstance(rules, Sequence) or isinstance(rules, str | bytes):
        raise _bad("gate.rules", "must be a list")
    message = pb.GatePolicy(rules=[_rule(rule, f"gate.rules[{index}]") for index, rule in enumerate(rules)])
    allowed = policy.get("allowed_supporting_failures") or 0
    if isinstance(allowed, bool) or not isinstance(allowed, int) or not 0 <= allowed < 2**32:
        raise _bad("gate.allowed_supporting_failures", "must be a whole number from 0 on")
    message.allowed_supporting_failures = allowed
    return message


def slices_of(policy: Policy) -> list[str]:
    """The forms of slices that the rules name, each once."""
    return list(dict.fromkeys(form for rule in policy_message(policy).rules for form in rule.slices))


def metrics_of(policy: Policy) -> list[str]:
    """The metrics that the rules name, each once."""
    return list(dict.fromkeys(rule.metric for rule in policy_message(policy).rules))


def _rule(rule: Any, path: str) -> pb.GateRule:
    if not isinstance(rule, Mapping):
        raise _bad(path, f"must be a dict, not {type(rule).__name__}")
    _check_names(rule, pb.GateRule, path)
    if not isinstance(rule.get("metric"), str):
        raise _bad(f"{path}.metric", "is required: the text form or the key of a metric")
    message = pb.GateRule(metric=rule["metric"])
    for name in _NUMBERS:
        value = rule.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _bad(f"{path}.{name}", "must be a number")
        try:
            setattr(message, name, value)
        except OverflowError:
            raise _bad(f"{path}.{name}", "is too large a number") from None
    message.slices.extend(_forms(rule.get("slices"), f"{path}.slices"))
    tier = rule.get("tier", "critical")
    if not isinstance(tier, str) or tier not in _TIERS:
        raise _bad(f"{path}.tier", f"must be one of {', '.join(_TIERS)}")
    message.tier = _TIERS[tier]
    return message


def _forms(slices: Any, path: str) -> Sequence[str]:
    forms = [slices] if isinstance(slices, str) else [] if slices is None else slices
    if not isinstance(forms, Sequence) or not all(isinstance(form, str) for form in forms):
        raise _bad(path, "must be a list of text forms, for example language or length(reference)")
    return forms


def _check_names(given: Mapping[Any, Any], message: Any, path: str) -> None:
    names = list(message.DESCRIPTOR.fields_by_name)
    for name in given:
        if name not in names:
            shown = name if isinstance(name, str) and name.isidentifier() and len(name) <= 32 else "?"
            raise _bad(f"{path}.{shown}", f"is unknown; there is {', '.join(names)}")


def comparison_message(
    comparison: Comparison | Mapping[str, Any] | str | Path,
) -> tuple[evaluation.CompareResponse, float]:
    """What a gate needs of a comparison, of its dict or of its JSON file, and the level of its intervals."""
    found: Any = _read(Path(comparison)) if isinstance(comparison, str | Path) else comparison
    if isinstance(found, Comparison):
        found = found.to_dict()
    try:
        message = evaluation.CompareResponse(
            systems=map(_system, found["systems"]),
            comparisons=map(_paired, found["comparisons"]),
            slices=map(_slice, found.get("slices", ())),
        )
        return message, float(found["confidence_level"])
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        raise _bad("comparison", "is no result of evald compare: write one with --out") from None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequestError.of_field("FILE_ERROR", str(path), error.strerror or "cannot be read") from None
    except (ValueError, RecursionError):
        raise _bad(str(path), "is no result of evald compare: write one with --out") from None


def _system(found: Mapping[str, Any]) -> evaluation.SystemResult:
    return evaluation.SystemResult(system=found["name"], metrics=map(_metric, found["metrics"]))


def _metric(found: Mapping[str, Any]) -> metric.MetricResult:
    return metric.MetricResult(
        metric=found["metric"],
        signature=found["signature"],
        direction=f"DIRECTION_{(found['direction'] or 'unspecified').upper()}",
        estimate=_estimate(found, "value"),
        slices=[
            metric.SliceResult(by=one["by"], values=one["values"], estimate=_estimate(one, "value"))
            for one in found.get("slices", ())
        ],
    )


def _slice(found: Mapping[str, Any]) -> slice_pb2.SliceComparison:
    return slice_pb2.SliceComparison(
        by=found["by"],
        values=found["values"],
        comparisons=map(_paired, found["comparisons"]),
        notes=[metric.Note(code=note["code"]) for note in found["notes"]],
    )


def _paired(found: Mapping[str, Any]) -> statistics.PairedResult:
    return statistics.PairedResult(
        metric=found["metric"],
        candidate=found["candidate"],
        difference=_estimate(found, "difference"),
        p_adjusted=found["p_adjusted"],
        p_at_floor=found["p_at_floor"],
        decision=f"DECISION_{(found['decision'] or 'unspecified').upper()}",
        baseline_value=found["baseline_value"],
    )


def _estimate(found: Mapping[str, Any], value: str) -> statistics.Estimate:
    return statistics.Estimate(
        value=found[value], low=found["low"], high=found["high"], undefined_reason=found["undefined_reason"]
    )


def _bad(field: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError.of_field("BAD_GATE", field, problem)
