//! The gate: may a candidate replace the baseline?
//!
//! A rule holds if the bound on the worse side lies within its limit, and is broken if the bound on the better side lies
//! beyond it. The verdict is GO only if *all* critical rules hold, so that the chance of a wrong GO is at most that of
//! one test whatever their number (intersection-union test, Berger 1982); only candidates share the level, because any of
//! them may be taken. *One* broken rule is enough for `NO_GO`, so all checks that can break it share the level (Bonferroni).

use crate::error::{Error, Result};
use crate::metrics::{Context, Direction, MetricRequest, ResolvedMetric, Resources};
use crate::stats::plan::quantile;

/// How much a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Must be shown to hold.
    Critical,
    /// Must not be shown to be broken, with the others of its kind.
    Supporting,
    /// Only reported.
    Advisory,
}

/// How much worse a candidate may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// On the metric's scale.
    Absolute(f64),
    /// As a share of the baseline's value.
    Relative(f64),
}

/// One rule of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Key of the metric.
    pub metric: String,
    /// How much worse than the baseline.
    pub margin: Option<Margin>,
    /// Worst value allowed.
    pub threshold: Option<f64>,
    /// How much it counts.
    pub tier: Tier,
}

/// What candidates must show.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// At least one.
    pub rules: Vec<Rule>,
    /// Supporting rules that may fail.
    pub allowed_supporting_failures: usize,
}

/// A metric that rules can name.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its whole definition.
    pub signature: &'a str,
    /// Which way is better.
    pub direction: Direction,
}

/// A number with its two-sided interval.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// `None` when undefined.
    pub value: Option<f64>,
    /// Lower and upper end; `None` when there is none.
    pub interval: Option<(f64, f64)>,
    /// Why one of them is missing.
    pub undefined_reason: String,
}

/// What is known of one candidate by one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// Name of the candidate.
    pub candidate: &'a str,
    /// Key of the metric.
    pub metric: &'a str,
    /// Which way is better.
    pub direction: Direction,
    /// Candidate minus baseline.
    pub difference: Measured,
    /// Two-sided p-value of the difference, after correction.
    pub p_adjusted: Option<f64>,
    /// Value of the baseline on the same rows.
    pub baseline_value: Option<f64>,
    /// Value of the candidate on all of its rows.
    pub value: Measured,
}

/// What became of a rule; the order is that of badness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds, with confidence.
    Passed,
    /// The rows do not tell.
    Inconclusive,
    /// It is broken, with confidence.
    Failed,
}

/// The verdict; the order is that of badness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every critical rule holds.
    Go,
    /// The rows do not tell.
    Inconclusive,
    /// Too much is broken.
    NoGo,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Candidate minus baseline.
    Difference,
    /// The candidate's own value.
    Value,
}

/// One number against its limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What it looks at.
    pub quantity: Quantity,
    /// What became of it.
    pub outcome: Outcome,
    /// The number.
    pub value: Option<f64>,
    /// What it may be at worst.
    pub limit: Option<f64>,
    /// Bounds at the level of the decision.
    pub bounds: Option<(f64, f64)>,
    /// The outcome in words.
    pub reason: String,
}

/// A rule with its outcome for one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleAnswer {
    /// Key of the metric.
    pub metric: String,
    /// How much it counts.
    pub tier: Tier,
    /// The worst of its checks.
    pub outcome: Outcome,
    /// That of the margin, then that of the threshold.
    pub checks: Vec<Check>,
}

/// The verdict about one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateAnswer {
    /// Its name.
    pub candidate: String,
    /// May it replace the baseline?
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// Rules in the order of the policy.
    pub rules: Vec<RuleAnswer>,
}

/// The answer of the gate.
#[derive(Debug, Clone, PartialEq)]
pub struct GateAnswer {
    /// The worst of all candidates.
    pub verdict: Verdict,
    /// In the order of the findings.
    pub candidates: Vec<CandidateAnswer>,
}

/// The key of the metric that a rule names by key, signature or text form.
pub fn named<'a>(written: &str, known: &[Known<'a>], field: &str) -> Result<&'a str> {
    let by_key = known.iter().find(|metric| metric.key == written);
    let found = by_key.or_else(|| {
        let request = MetricRequest {
            name: written.to_owned(),
            ..MetricRequest::default()
        };
        // A metric that names files is found by its key or signature only.
        let context = Context {
            classes: &[],
            resources: &Resources::default(),
        };
        let resolved = ResolvedMetric::resolve(&request, &context, field);
        let signature = resolved.map_or_else(|_| written.to_owned(), |metric| metric.signature);
        known.iter().find(|metric| metric.signature == signature)
    });
    let refused = |problem: String| Error::invalid("BAD_GATE", field, problem);
    match found {
        None => {
            let keys: Vec<&str> = known.iter().map(|metric| metric.key).collect();
            Err(refused(format!(
                "is none of the metrics of the comparison: {}",
                keys.join(", ")
            )))
        }
        Some(metric) if metric.direction == Direction::None => {
            Err(refused("names a metric that has no better or worse".into()))
        }
        Some(metric) => Ok(metric.key),
    }
}

/// Judges every candidate. `confidence` is the level of the intervals of the findings.
pub fn judge(policy: &Policy, findings: &[Finding<'_>], confidence: f64) -> GateAnswer {
    let mut names: Vec<&str> = Vec::new();
    for finding in findings {
        if !names.contains(&finding.candidate) {
            names.push(finding.candidate);
        }
    }
    let bar = Bar::new(policy, names.len(), confidence);
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
    fn new(policy: &Policy, candidates: usize, confidence: f64) -> Self {
        let checks = |rule: &Rule| {
            usize::from(rule.margin.is_some()) + usize::from(rule.threshold.is_some())
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
            failing: stretch(level, candidates * family.max(1)),
        }
    }

    fn rule(&self, rule: &Rule, candidate: &str, findings: &[Finding<'_>]) -> RuleAnswer {
        let finding = findings
            .iter()
            .find(|finding| (finding.candidate, finding.metric) == (candidate, &rule.metric));
        let mut checks = Vec::new();
        if let Some(margin) = rule.margin {
            checks.push(finding.map_or_else(
                || unknown(Quantity::Difference),
                |found| self.difference(found, margin),
            ));
        }
        if let Some(threshold) = rule.threshold {
            checks.push(finding.map_or_else(
                || unknown(Quantity::Value),
                |found| self.value(found, threshold),
            ));
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

    /// Without a margin the question is that of the comparison, so its test answers it: gate and table agree.
    fn no_margin(&self, found: &Finding<'_>, limit: f64) -> Check {
        let Measured {
            value, interval, ..
        } = found.difference;
        let change = value.map(|value| value * better(found.direction));
        let (outcome, words) = match (change, found.p_adjusted) {
            (Some(0.0), _) if interval == Some((0.0, 0.0)) => {
                (Outcome::Passed, "no difference at all".to_owned())
            }
            (Some(change), Some(p)) if p <= self.level && change > 0.0 => (
                Outcome::Passed,
                format!("significantly better, adjusted p {}", plain(p)),
            ),
            (Some(change), Some(p)) if p <= self.level && change < 0.0 => (
                Outcome::Failed,
                format!("significantly worse, adjusted p {}", plain(p)),
            ),
            (Some(_), Some(p)) => (
                Outcome::Inconclusive,
                format!(
                    "not significant, adjusted p {}; a margin would say what matters",
                    plain(p)
                ),
            ),
            _ => return undefined(Quantity::Difference, &found.difference, limit),
        };
        Check {
            quantity: Quantity::Difference,
            outcome,
            value,
            limit: Some(limit),
            bounds: interval,
            reason: format!("difference {}: {words}", signed(value.unwrap_or(0.0))),
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
    let reach = |tail: f64| quantile(1.0 - tail);
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
        outcome: Outcome::Inconclusive,
        value: measured.value,
        limit: Some(limit),
        bounds: None,
        reason: reason.to_owned(),
    }
}

/// Four decimals, and four digits where those would show too little.
fn plain(value: f64) -> String {
    if value == 0.0 || value.abs() >= 0.01 {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}

fn signed(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", plain(value))
}

#[cfg(test)]
mod tests;
