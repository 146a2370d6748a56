//! The gate: may a candidate replace the baseline?
//!
//! This file says what goes in and what comes out; `judge` decides.

use crate::error::{Error, Result};
use crate::metrics::{Context, Direction, MetricRequest, ResolvedMetric, Resources};
use crate::result::Decision;
use crate::slicing::Slicing;

mod judge;
mod words;

pub use judge::judge;

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
    /// Canonical forms of slicings whose slices must show it, too.
    pub slices: Vec<String>,
}

impl Rule {
    /// Whether the finding is one that the rule asks for.
    fn is_about(&self, found: &Finding<'_>) -> bool {
        let asks = |(by, _): &(&str, String)| self.slices.iter().any(|form| form == by);
        found.metric == self.metric && found.slice.as_ref().is_none_or(asks)
    }
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

/// What the test of a difference found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// Two-sided p-value, after correction.
    pub p_adjusted: f64,
    /// Whether the p-value is an upper bound: no draw was as extreme as the data.
    pub at_floor: bool,
    /// What the comparison says.
    pub decision: Decision,
}

/// What is known of one candidate by one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// Name of the candidate.
    pub candidate: &'a str,
    /// Key of the metric.
    pub metric: &'a str,
    /// The slice that it is about: canonical form of the slicing, and the slice in words. `None`: all rows.
    pub slice: Option<(&'a str, String)>,
    /// Which way is better.
    pub direction: Direction,
    /// Candidate minus baseline.
    pub difference: Measured,
    /// The test of the difference; `None` if none was made.
    pub tested: Option<Tested>,
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
    /// The slice in words; empty: all rows.
    pub slice: String,
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

/// A slice in words, as tables print it.
pub fn slice_words(by: &str, values: &[String]) -> String {
    format!("{by}: {}", values.join(" x "))
}

/// The canonical form of what a rule slices by.
pub fn named_slicing(written: &str, known: &[&str], field: &str) -> Result<String> {
    let slicing = Slicing::parse(written, field)?;
    if known.contains(&&slicing.name[..]) {
        return Ok(slicing.name);
    }
    let problem = match known {
        [] => "the comparison has no slices: ask for them".into(),
        _ => format!("the rows are not sliced by it, but by {}", known.join(", ")),
    };
    Err(Error::invalid("BAD_GATE", field, problem))
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

#[cfg(test)]
mod tests;
