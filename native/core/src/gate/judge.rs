//! How rules are decided and make a verdict.
//!
//! A rule holds if the bound on the worse side lies within its limit, and is broken if the bound on the better side lies
//! beyond it. The verdict is GO only if *all* critical rules hold, so that the chance of a wrong GO is at most that of
//! one test whatever their number (intersection-union test, Berger 1982); only candidates share the level, because any of
//! them may be taken. *One* broken rule is enough for `NO_GO`, so all checks that can break it share the level (Bonferroni).

use super::words::{p_value, plain, signed};
use super::{
    CandidateAnswer, Check, Finding, GateAnswer, Margin, Measured, Outcome, Policy, Quantity, Rule,
    RuleAnswer, Tier, Verdict,
};
use crate::metrics::Direction;
use crate::result::Decision;
use crate::stats::quantile::normal;

/// Judges every candidate. `confidence` is the level of the intervals of the findings.
pub fn judge(policy: &Policy, findings: &[Finding<'_>], confidence: f64) -> GateAnswer {
    let mut names: Vec<&str> = Vec::new();
    for finding in findings {
        if !names.contains(&finding.candidate) {
            names.push(finding.candidate);
        }
    }
    let bar = Bar::new(policy, findings, names.len(), confidence);
    let candidates: Vec<CandidateAnswer> = names
        .into_iter()
        .map(|name| {
            let rule = |rule: &Rule| bar.rule(rule, name, findings);
            candidate(policy, name, policy.rules.iter().map(rule).collect())
        })
        .collect();
    GateAnswer {
        verdict: candidates
            .iter()
            .map(|one| one.verdict)
            .max()
            .unwrap_or(Verdict::Inconclusive),
        candidates,
    }
}

fn candidate(policy: &Policy, name: &str, rules: Vec<RuleAnswer>) -> CandidateAnswer {
    let named = |tier: Tier, outcome: Outcome| -> Vec<&str> {
        let found = rules
            .iter()
            .filter(|rule| (rule.tier, rule.outcome) == (tier, outcome));
        found.map(|rule| rule.metric.as_str()).collect()
    };
    let broken = named(Tier::Critical, Outcome::Failed);
    let open = named(Tier::Critical, Outcome::Inconclusive);
    let held = named(Tier::Critical, Outcome::Passed);
    let supporting = named(Tier::Supporting, Outcome::Failed);
    let allowed = policy.allowed_supporting_failures;
    let (verdict, reason) = if !broken.is_empty() {
        let reason = format!("critical and broken: {}", broken.join(", "));
        (Verdict::NoGo, reason)
    } else if supporting.len() > allowed {
        let reason = format!(
            "supporting and broken: {} ({} where {allowed} may be)",
            supporting.join(", "),
            supporting.len()
        );
        (Verdict::NoGo, reason)
    } else if !open.is_empty() {
        let reason = format!("critical and not shown to hold: {}", open.join(", "));
        (Verdict::Inconclusive, reason)
    } else if held.is_empty() {
        (Verdict::Go, "no rule is shown to be broken".into())
    } else {
        let reason = format!("critical and shown to hold: {}", held.join(", "));
        (Verdict::Go, reason)
    };
    CandidateAnswer {
        candidate: name.to_owned(),
        verdict,
        reason,
        rules,
    }
}

/// How far bounds reach, as multiples of the sides of the given intervals.
struct Bar {
    level: f64,
    passing: f64,
    failing: f64,
}

impl Bar {
    fn new(policy: &Policy, findings: &[Finding<'_>], candidates: usize, confidence: f64) -> Self {
        let checks = |rule: &Rule| {
            let places = findings.iter().filter(|found| rule.is_about(found)).count();
            let asked = usize::from(rule.margin.is_some()) + usize::from(rule.threshold.is_some());
            places * asked
        };
        let rules = policy
            .rules
            .iter()
            .filter(|rule| rule.tier != Tier::Advisory);
        let family: usize = rules.map(checks).sum();
        let level = 1.0 - confidence;
        Self {
            level,
            passing: stretch(level, candidates),
            failing: stretch(level, family),
        }
    }

    fn rule(&self, rule: &Rule, candidate: &str, findings: &[Finding<'_>]) -> RuleAnswer {
        let mut checks = Vec::new();
        for found in findings {
            if found.candidate != candidate || !rule.is_about(found) {
                continue;
            }
            let margin = rule.margin.map(|margin| self.difference(found, margin));
            let threshold = rule.threshold.map(|threshold| self.value(found, threshold));
            checks.extend(margin.into_iter().chain(threshold).map(|check| {
                Check {
                    slice: found
                        .slice
                        .as_ref()
                        .map_or_else(String::new, |(_, name)| name.clone()),
                    ..check
                }
            }));
        }
        if checks.is_empty() {
            let margin = rule.margin.map(|_| unknown(Quantity::Difference));
            let threshold = rule.threshold.map(|_| unknown(Quantity::Value));
            checks.extend(margin.into_iter().chain(threshold));
        }
        let outcome = checks.iter().map(|check| check.outcome).max();
        RuleAnswer {
            metric: rule.metric.clone(),
            tier: rule.tier,
            outcome: outcome.unwrap_or(Outcome::Inconclusive),
            checks,
        }
    }

    fn difference(&self, found: &Finding<'_>, margin: Margin) -> Check {
        let worse = match (margin, found.baseline_value) {
            (Margin::Absolute(margin), _) => margin,
            (Margin::Relative(share), Some(baseline)) => share * baseline.abs(),
            (Margin::Relative(_), None) => return unknown(Quantity::Difference),
        };
        // No minus zero: it prints as "-0".
        let limit = 0.0 - better(found.direction) * worse;
        if worse == 0.0 {
            return self.no_margin(found, limit);
        }
        self.check(
            Quantity::Difference,
            &found.difference,
            limit,
            found.direction,
        )
    }

    /// Without a margin the question is that of the comparison, so its verdict answers it: gate and table agree.
    fn no_margin(&self, found: &Finding<'_>, limit: f64) -> Check {
        let Measured {
            value, interval, ..
        } = found.difference;
        let (Some(value), Some(tested)) = (value, found.tested) else {
            return undefined(Quantity::Difference, &found.difference, limit);
        };
        let p = p_value(tested.p_adjusted, tested.at_floor);
        let (outcome, words) = match tested.decision {
            _ if value == 0.0 && interval == Some((0.0, 0.0)) => {
                (Outcome::Passed, "no difference at all".to_owned())
            }
            Decision::Improved => (
                Outcome::Passed,
                format!("significantly better, adjusted p {p}"),
            ),
            Decision::Regressed => (
                Outcome::Failed,
                format!("significantly worse, adjusted p {p}"),
            ),
            _ if tested.p_adjusted <= self.level => (
                Outcome::Inconclusive,
                format!("the test points another way than the difference, adjusted p {p}"),
            ),
            _ => (
                Outcome::Inconclusive,
                format!("not significant, adjusted p {p}; a margin would say what matters"),
            ),
        };
        Check {
            quantity: Quantity::Difference,
            slice: String::new(),
            outcome,
            value: Some(value),
            limit: Some(limit),
            bounds: interval,
            reason: format!("difference {}: {words}", signed(value)),
        }
    }

    fn value(&self, found: &Finding<'_>, threshold: f64) -> Check {
        self.check(Quantity::Value, &found.value, threshold, found.direction)
    }

    fn check(
        &self,
        quantity: Quantity,
        measured: &Measured,
        limit: f64,
        direction: Direction,
    ) -> Check {
        let (Some(value), Some((low, high))) = (measured.value, measured.interval) else {
            return undefined(quantity, measured, limit);
        };
        // The bound on the worse side decides on passing, the one on the better side on failing.
        let (below, above) = match direction {
            Direction::Lower => (self.failing, self.passing),
            _ => (self.passing, self.failing),
        };
        let bounds = (
            value - (value - low) * below,
            value + (high - value) * above,
        );
        let (passed, failed) = match direction {
            Direction::Lower => (bounds.1 <= limit, bounds.0 > limit),
            _ => (bounds.0 >= limit, bounds.1 < limit),
        };
        let (outcome, words) = match (passed, failed) {
            (true, _) => (Outcome::Passed, "surely not worse than"),
            (_, true) => (Outcome::Failed, "surely worse than"),
            _ => (Outcome::Inconclusive, "perhaps worse than"),
        };
        let (name, shown): (_, fn(f64) -> String) = match quantity {
            Quantity::Difference => ("difference", signed),
            Quantity::Value => ("value", plain),
        };
        Check {
            quantity,
            slice: String::new(),
            outcome,
            value: Some(value),
            limit: Some(limit),
            bounds: Some(bounds),
            reason: format!(
                "{name} {} between {} and {}: {words} {}",
                shown(value),
                shown(bounds.0),
                shown(bounds.1),
                shown(limit)
            ),
        }
    }
}

/// How much further a bound reaches when so many share its level: the ratio of normal quantiles, which keeps an interval
/// as lopsided as it is. 1 for a single one, whose bound is the end of the interval itself.
fn stretch(level: f64, sharing: usize) -> f64 {
    let reach = |tail: f64| normal(1.0 - tail);
    let tail = level / 2.0;
    reach(tail / sharing.max(1) as f64) / reach(tail)
}

fn better(direction: Direction) -> f64 {
    if direction == Direction::Lower {
        -1.0
    } else {
        1.0
    }
}

fn unknown(quantity: Quantity) -> Check {
    Check {
        quantity,
        slice: String::new(),
        outcome: Outcome::Inconclusive,
        value: None,
        limit: None,
        bounds: None,
        reason: "the comparison has no value of this metric".into(),
    }
}

fn undefined(quantity: Quantity, measured: &Measured, limit: f64) -> Check {
    let reason = if measured.undefined_reason.is_empty() {
        "there is no interval"
    } else {
        &measured.undefined_reason
    };
    Check {
        quantity,
        slice: String::new(),
        outcome: Outcome::Inconclusive,
        value: measured.value,
        limit: Some(limit),
        bounds: None,
        reason: reason.to_owned(),
    }
}
