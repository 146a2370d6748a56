//! The gate on the wire: policies in, verdicts out; of a call, or of a comparison that was made.

use evald_core::error::{Error, Result};
use evald_core::gate::{
    Check, Finding, GateAnswer, Known, Margin, Measured, Outcome, Policy, Quantity, Rule, Tested,
    Tier, Verdict, judge, named, named_slicing, slice_words,
};
use evald_core::metrics::Direction;
use evald_core::result::Decision;
use prost::Message;

use crate::proto;

/// The checked policy of a request, its rules bound to the metrics of the comparison.
pub fn policy(given: &proto::GatePolicy, known: &[Known<'_>], slicings: &[&str]) -> Result<Policy> {
    if given.rules.is_empty() {
        return Err(refused("gate.rules".into(), "give at least one rule"));
    }
    let rules = given.rules.iter().enumerate();
    Ok(Policy {
        rules: rules
            .map(|(at, given)| rule(given, known, slicings, &format!("gate.rules[{at}]")))
            .collect::<Result<_>>()?,
        allowed_supporting_failures: given.allowed_supporting_failures as usize,
    })
}

fn rule(
    given: &proto::GateRule,
    known: &[Known<'_>],
    slicings: &[&str],
    path: &str,
) -> Result<Rule> {
    let slices = given.slices.iter().enumerate();
    let metric = named(&given.metric, known, &format!("{path}.metric"))?;
    let margin = match (given.margin, given.relative_margin) {
        (Some(_), Some(_)) => {
            let problem = "cannot stand beside margin: give one of the two";
            return Err(refused(format!("{path}.relative_margin"), problem));
        }
        (Some(margin), None) => Some(Margin::Absolute(not_negative(margin, path, "margin")?)),
        (None, Some(share)) => {
            let share = not_negative(share, path, "relative_margin")?;
            Some(Margin::Relative(share))
        }
        (None, None) => None,
    };
    if let Some(threshold) = given.threshold
        && !threshold.is_finite()
    {
        return Err(refused(
            format!("{path}.threshold"),
            "must be a finite number",
        ));
    }
    if margin.is_none() && given.threshold.is_none() {
        let problem = "asks for nothing: give margin, relative_margin or threshold";
        return Err(refused(path.to_owned(), problem));
    }
    Ok(Rule {
        metric: metric.to_owned(),
        margin,
        threshold: given.threshold,
        tier: tier(given.tier, path)?,
        slices: slices
            .map(|(at, form)| named_slicing(form, slicings, &format!("{path}.slices[{at}]")))
            .collect::<Result<_>>()?,
    })
}

fn not_negative(value: f64, path: &str, name: &str) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    let problem = "must be a finite number of 0 or more";
    Err(refused(format!("{path}.{name}"), problem))
}

fn tier(value: i32, path: &str) -> Result<Tier> {
    match proto::GateTier::try_from(value) {
        Ok(proto::GateTier::Unspecified | proto::GateTier::Critical) => Ok(Tier::Critical),
        Ok(proto::GateTier::Supporting) => Ok(Tier::Supporting),
        Ok(proto::GateTier::Advisory) => Ok(Tier::Advisory),
        Err(_) => Err(refused(
            format!("{path}.tier"),
            "must be CRITICAL, SUPPORTING or ADVISORY",
        )),
    }
}

fn refused(field: String, problem: &str) -> Error {
    Error::invalid("BAD_GATE", field, problem)
}

/// The serialised `GateResult` of a serialised `GatePolicy` and a serialised `CompareResponse`, whose intervals have
/// this level.
pub fn judge_comparison(policy_: &[u8], comparison: &[u8], confidence: f64) -> Result<Vec<u8>> {
    let malformed = |field: &str, message: &str| {
        let problem = format!("the bytes are no evald.v1.{message}: they are cut off or damaged");
        Error::invalid("MALFORMED_REQUEST", field, problem)
    };
    let given = proto::GatePolicy::decode(policy_).map_err(|_| malformed("gate", "GatePolicy"))?;
    let comparison = proto::CompareResponse::decode(comparison)
        .map_err(|_| malformed("comparison", "CompareResponse"))?;
    if !(0.5..=0.999).contains(&confidence) {
        let problem = "must be from 0.5 to 0.999";
        return Err(refused("confidence_level".into(), problem));
    }
    let compared = comparison.systems.first().map(|system| &system.metrics[..]);
    let known: Vec<Known<'_>> = compared.unwrap_or_default().iter().map(known_of).collect();
    let slicings: Vec<&str> = comparison
        .slices
        .iter()
        .map(|slice| &slice.by[..])
        .collect();
    let policy = policy(&given, &known, &slicings)?;
    let whole = comparison.comparisons.iter().map(|paired| (None, paired));
    let tested = comparison.slices.iter().filter(|slice| {
        let mut notes = slice.notes.iter();
        notes.all(|note| note.code != "SMALL_SLICE")
    });
    let slices = tested.flat_map(|slice| {
        slice
            .comparisons
            .iter()
            .map(move |paired| (Some(slice), paired))
    });
    let findings: Vec<Finding<'_>> = whole
        .chain(slices)
        .filter_map(|(slice, paired)| finding(&comparison, slice, paired))
        .collect();
    Ok(gate_result(judge(&policy, &findings, confidence)).encode_to_vec())
}

fn known_of(metric: &proto::MetricResult) -> Known<'_> {
    Known {
        key: &metric.metric,
        signature: &metric.signature,
        direction: direction(metric),
    }
}

fn direction(metric: &proto::MetricResult) -> Direction {
    match metric.direction() {
        proto::Direction::Higher => Direction::Higher,
        proto::Direction::Lower => Direction::Lower,
        proto::Direction::Unspecified => Direction::None,
    }
}

fn finding<'a>(
    comparison: &'a proto::CompareResponse,
    slice: Option<&'a proto::SliceComparison>,
    paired: &'a proto::PairedResult,
) -> Option<Finding<'a>> {
    let mut systems = comparison.systems.iter();
    let system = systems.find(|one| one.system == paired.candidate)?;
    let own = system
        .metrics
        .iter()
        .find(|one| one.metric == paired.metric)?;
    let value = match slice {
        None => own.estimate.as_ref(),
        Some(slice) => {
            let mut values = own.slices.iter();
            let found = values.find(|one| (&one.by, &one.values) == (&slice.by, &slice.values));
            found.and_then(|one| one.estimate.as_ref())
        }
    };
    Some(Finding {
        candidate: &paired.candidate,
        metric: &paired.metric,
        slice: slice.map(|slice| (&slice.by[..], slice_words(&slice.by, &slice.values))),
        direction: direction(own),
        difference: measured(paired.difference.as_ref()),
        tested: tested(paired),
        baseline_value: paired.baseline_value,
        value: measured(value),
    })
}

fn tested(paired: &proto::PairedResult) -> Option<Tested> {
    Some(Tested {
        p_adjusted: paired.p_adjusted?,
        at_floor: paired.p_at_floor,
        decision: match paired.decision() {
            proto::Decision::Improved => Decision::Improved,
            proto::Decision::Regressed => Decision::Regressed,
            proto::Decision::Equivalent => Decision::Equivalent,
            proto::Decision::NotWorse => Decision::NotWorse,
            proto::Decision::Inconclusive | proto::Decision::Unspecified => Decision::Inconclusive,
        },
    })
}

fn measured(estimate: Option<&proto::Estimate>) -> Measured {
    let Some(estimate) = estimate else {
        return Measured::default();
    };
    Measured {
        value: estimate.value,
        interval: estimate.low.zip(estimate.high),
        undefined_reason: estimate.undefined_reason.clone(),
    }
}

/// The answer as a message.
pub(crate) fn gate_result(answer: GateAnswer) -> proto::GateResult {
    let candidates = answer.candidates.into_iter();
    proto::GateResult {
        verdict: verdict(answer.verdict).into(),
        candidates: candidates
            .map(|one| proto::GateCandidate {
                candidate: one.candidate,
                verdict: verdict(one.verdict).into(),
                reason: one.reason,
                rules: one.rules.into_iter().map(rule_result).collect(),
            })
            .collect(),
    }
}

fn rule_result(rule: evald_core::gate::RuleAnswer) -> proto::GateRuleResult {
    let tier = match rule.tier {
        Tier::Critical => proto::GateTier::Critical,
        Tier::Supporting => proto::GateTier::Supporting,
        Tier::Advisory => proto::GateTier::Advisory,
    };
    proto::GateRuleResult {
        metric: rule.metric,
        tier: tier.into(),
        outcome: outcome(rule.outcome).into(),
        checks: rule.checks.into_iter().map(check).collect(),
    }
}

fn check(check: Check) -> proto::GateCheck {
    let quantity = match check.quantity {
        Quantity::Difference => proto::GateQuantity::Difference,
        Quantity::Value => proto::GateQuantity::Value,
    };
    proto::GateCheck {
        quantity: quantity.into(),
        slice: check.slice,
        outcome: outcome(check.outcome).into(),
        value: check.value,
        limit: check.limit,
        low: check.bounds.map(|bounds| bounds.0),
        high: check.bounds.map(|bounds| bounds.1),
        reason: check.reason,
    }
}

fn verdict(verdict: Verdict) -> proto::GateVerdict {
    match verdict {
        Verdict::Go => proto::GateVerdict::Go,
        Verdict::NoGo => proto::GateVerdict::NoGo,
        Verdict::Inconclusive => proto::GateVerdict::Inconclusive,
    }
}

fn outcome(outcome: Outcome) -> proto::GateOutcome {
    match outcome {
        Outcome::Passed => proto::GateOutcome::Passed,
        Outcome::Failed => proto::GateOutcome::Failed,
        Outcome::Inconclusive => proto::GateOutcome::Inconclusive,
    }
}
