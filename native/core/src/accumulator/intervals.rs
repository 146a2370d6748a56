//! Which interval a value gets, and what it is computed from.

use super::Cancel;
use super::finish::{Desk, Scope};
use super::resample::{Arm, bootstrap, leave_out};
use crate::error::Result;
use crate::metrics::{Estimand, ResolvedMetric};
use crate::result::Estimate;
use crate::spec::{Question, Spec};
use crate::stats::interval::{self, Found, Method};
use crate::stats::moments::Moments;

/// What the interval of a value rests on; what its method does not need is empty.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Values of bootstrap replicates.
    pub replicates: Vec<f64>,
    /// Values without one slot each.
    left_out: Vec<f64>,
    /// Weight and weighted sum of row scores of each slot.
    clusters: Vec<(f64, f64)>,
    /// Row scores.
    scores: Moments,
    /// Slots with rows.
    slots: usize,
}

impl Evidence {
    /// What there is of candidate - baseline; both answered the same rows.
    pub fn difference(candidate: &Self, baseline: &Self, scores: Moments) -> Self {
        let minus = |candidate: &[f64], baseline: &[f64]| -> Vec<f64> {
            let pairs = candidate.iter().zip(baseline);
            pairs
                .map(|(candidate, baseline)| candidate - baseline)
                .collect()
        };
        let clusters = candidate.clusters.iter().zip(&baseline.clusters);
        Self {
            replicates: minus(&candidate.replicates, &baseline.replicates),
            left_out: minus(&candidate.left_out, &baseline.left_out),
            clusters: clusters
                .map(|((weight, candidate), (_, baseline))| (*weight, candidate - baseline))
                .collect(),
            scores,
            slots: candidate.slots,
        }
    }
}

/// The method by kind of the value.
fn default_method(estimand: Estimand, grouped: bool) -> Method {
    match (estimand, grouped) {
        (Estimand::Function, _) => Method::PercentileBootstrap,
        (_, true) => Method::ClusterRobust,
        (Estimand::Proportion, false) => Method::Wilson,
        (Estimand::Mean, false) => Method::T,
    }
}

/// Whether a value of this kind can have an interval by the method. Rows that come in groups or have weights have
/// another spread than the formulas for independent rows say.
fn can_have(method: Method, estimand: Estimand, grouped: bool) -> bool {
    match method {
        Method::PercentileBootstrap | Method::Bca | Method::Jackknife => true,
        Method::ClusterRobust => estimand != Estimand::Function,
        Method::T => estimand != Estimand::Function && !grouped,
        Method::Wilson | Method::ClopperPearson => estimand == Estimand::Proportion && !grouped,
    }
}

fn method_of(asked: Option<Method>, estimand: Estimand, grouped: bool) -> Method {
    asked
        .filter(|method| can_have(*method, estimand, grouped))
        .unwrap_or_else(|| default_method(estimand, grouped))
}

/// A difference of proportions is a mean: rows are won, lost or tied.
fn of_difference(estimand: Estimand) -> Estimand {
    match estimand {
        Estimand::Proportion => Estimand::Mean,
        other => other,
    }
}

/// The metrics whose row scores and their squares are summed, by place: means of rows that may be independent.
pub fn summed_metrics(spec: &Spec) -> Vec<usize> {
    if spec.statistics.replicates == 0 {
        return Vec::new();
    }
    let asked = spec.statistics.interval;
    let metrics = spec.metrics.iter().enumerate();
    let is_summed = |metric: &ResolvedMetric| {
        let estimand = metric.estimand;
        estimand == Estimand::Mean && method_of(asked, estimand, false) == Method::T
    };
    metrics
        .filter(|(_, metric)| is_summed(metric))
        .map(|(at, _)| at)
        .collect()
}

impl Desk<'_> {
    /// Whether rows come in clusters or samples, or have weights.
    fn is_grouped(&self) -> bool {
        self.why_dependent().is_some()
    }

    /// Whether values have intervals at all.
    pub(super) fn has_intervals(&self, metric: &ResolvedMetric) -> bool {
        let asked = self.accumulator.spec.statistics.replicates > 0;
        asked && metric.entry.interval && self.scope != Scope::SmallSlice
    }

    /// How the interval of a metric's value is computed.
    pub(super) fn method(&self, metric: &ResolvedMetric) -> Method {
        let asked = self.accumulator.spec.statistics.interval;
        method_of(asked, metric.estimand, self.is_grouped())
    }

    fn method_of_difference(&self, metric: &ResolvedMetric) -> Method {
        let asked = self.accumulator.spec.statistics.interval;
        method_of(asked, of_difference(metric.estimand), self.is_grouped())
    }

    /// The method that was asked for, and why the metric cannot have it for these rows.
    pub(super) fn refused_method(&self, metric: &ResolvedMetric) -> Option<(Method, &'static str)> {
        let asked = self.accumulator.spec.statistics.interval?;
        let grouped = self.is_grouped();
        if can_have(asked, metric.estimand, grouped) {
            return None;
        }
        let why = if can_have(asked, metric.estimand, false) {
            "rows that share a cluster or an id, or that have weights"
        } else if metric.estimand == Estimand::Function {
            "a metric that is no mean of row scores"
        } else {
            "a metric that is no share of right rows"
        };
        Some((asked, why))
    }

    /// For every metric, whether an interval of it needs something of its method.
    pub(super) fn metrics_that(&self, need: impl Fn(Method) -> bool) -> Vec<bool> {
        let compares = self.accumulator.spec.question != Question::Evaluate;
        let needs = |metric: &ResolvedMetric| {
            let of_difference = compares && need(self.method_of_difference(metric));
            self.has_intervals(metric) && (need(self.method(metric)) || of_difference)
        };
        self.accumulator.spec.metrics.iter().map(needs).collect()
    }

    /// The metrics that need bootstrap replicates: for intervals, for ranks of systems, for margins of what is no mean.
    pub(super) fn resampled(&self) -> Vec<bool> {
        let mut resampled = self.metrics_that(Method::needs_replicates);
        for (at, metric) in self
            .tested()
            .filter(|(_, metric)| self.has_intervals(metric))
        {
            let is_bounded = self.margin(at).is_some() && metric.estimand == Estimand::Function;
            resampled[at] |= self.ranks_systems() || is_bounded;
        }
        resampled
    }

    /// What the intervals of each arm rest on, by metric.
    pub(super) fn evidence(&self, arms: &[Arm], cancel: Cancel<'_>) -> Result<Vec<Vec<Evidence>>> {
        let slots = self.ranks.len();
        let mut all = bootstrap(&self.valuer, arms, &self.resampled(), slots, cancel)?;
        let left_out = self.metrics_that(Method::needs_left_out);
        let clustered = self.metrics_that(|method| method == Method::ClusterRobust);
        let arms = arms.iter().zip(&mut all).enumerate();
        arms.map(|(at, (arm, replicates))| {
            let mut left_out = leave_out(&self.valuer, arm, &left_out, cancel)?;
            let mut clusters = self.clusters(arm, &clustered);
            let slots = arm.columns.slots_with_rows();
            // Arms beyond the systems' own are those of pairs, whose values have no intervals.
            let tally = self.accumulator.tallies.get(at);
            let of_metric = |metric: usize| Evidence {
                replicates: std::mem::take(&mut replicates[metric]),
                left_out: std::mem::take(&mut left_out[metric]),
                clusters: std::mem::take(&mut clusters[metric]),
                scores: tally.map(|tally| tally.scores[metric]).unwrap_or_default(),
                slots,
            };
            Ok((0..self.accumulator.spec.metrics.len())
                .map(of_metric)
                .collect())
        })
        .collect()
    }

    /// Weight and weighted sum of row scores of each slot, for these metrics.
    pub(super) fn clusters(&self, arm: &Arm, wanted: &[bool]) -> Vec<Vec<(f64, f64)>> {
        let mut clusters = vec![Vec::new(); wanted.len()];
        if !wanted.contains(&true) {
            return clusters;
        }
        let mut values = vec![f64::NAN; wanted.len()];
        arm.columns.each_slot(|_, sums| {
            let weight = sums[0];
            self.valuer.values(sums, &arm.included, wanted, &mut values);
            for (metric, clusters) in clusters.iter_mut().enumerate() {
                if wanted[metric] {
                    clusters.push((weight, values[metric] * weight));
                }
            }
        });
        clusters
    }

    /// A metric's value on an arm, with its interval.
    pub(super) fn value_estimate(
        &self,
        metric: &ResolvedMetric,
        value: f64,
        evidence: &Evidence,
        [n, failed]: [u64; 2],
    ) -> Estimate {
        let confidence = self.accumulator.spec.statistics.confidence;
        let method = self.method(metric);
        let found = || match (method, metric.estimand) {
            (Method::T, Estimand::Proportion) | (Method::Wilson | Method::ClopperPearson, _) => {
                interval::of_proportion(method, value, n, metric.range.1, confidence)
            }
            _ => self.interval(method, value, evidence),
        };
        let found = self.has_intervals(metric).then_some(found);
        estimate(metric, value, [n, failed], metric.range, found)
    }

    /// Candidate - baseline by a metric, with its interval.
    pub(super) fn difference_estimate(
        &self,
        metric: &ResolvedMetric,
        difference: f64,
        evidence: &Evidence,
        [n, failed]: [u64; 2],
    ) -> Estimate {
        let method = self.method_of_difference(metric);
        let found = || self.interval(method, difference, evidence);
        let found = self.has_intervals(metric).then_some(found);
        let (low, high) = metric.range;
        let range = (low - high, high - low);
        estimate(metric, difference, [n, failed], range, found)
    }

    fn interval(&self, method: Method, value: f64, evidence: &Evidence) -> Found {
        let confidence = self.accumulator.spec.statistics.confidence;
        let Evidence {
            replicates,
            left_out,
            clusters,
            scores,
            slots,
        } = evidence;
        match method {
            Method::Bca => interval::bca(value, replicates, left_out, confidence),
            Method::Jackknife => interval::jackknife(value, left_out, confidence),
            Method::T => interval::t(value, scores, confidence),
            Method::ClusterRobust => interval::cluster_robust(value, clusters, confidence),
            Method::PercentileBootstrap | Method::Wilson | Method::ClopperPearson => {
                interval::percentile(replicates, *slots, confidence)
            }
        }
    }
}

/// A value with the interval that is found for it, if there may be one; neither has a place beyond the scale.
fn estimate(
    metric: &ResolvedMetric,
    value: f64,
    [n, n_failed]: [u64; 2],
    (lowest, highest): (f64, f64),
    find: Option<impl FnOnce() -> Found>,
) -> Estimate {
    let mut estimate = Estimate {
        value: (!value.is_nan()).then_some(value),
        interval: None,
        n,
        n_failed,
        undefined_reason: String::new(),
    };
    if n == 0 {
        estimate.undefined_reason = match &metric.score_name {
            Some(name) => format!("no row has a prediction with the number {name:?} in its scores"),
            None => "no row has a usable prediction".into(),
        };
    } else if value.is_nan() {
        let why = metric.entry.undefined;
        estimate.undefined_reason = format!("the value is undefined for these rows: {why}");
    } else if let Some(find) = find {
        match find() {
            Ok(mut found) => {
                // Student's interval knows no ends of the scale.
                found.low = found.low.max(lowest.min(value));
                found.high = found.high.min(highest.max(value));
                estimate.interval = Some(found);
            }
            Err(reason) => estimate.undefined_reason = reason,
        }
    }
    estimate
}
