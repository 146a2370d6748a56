//! Differences that are surely smaller than a margin.

use super::finish::Desk;
use super::pairing::Pair;
use super::resample::Arm;
use crate::metrics::{Direction, Estimand, ResolvedMetric};
use crate::result::{Decision, PairedAnswer};
use crate::stats::margin::Beyond;

impl Desk<'_> {
    /// The margin of a metric.
    pub(super) fn margin(&self, at: usize) -> Option<f64> {
        let margins = &self.accumulator.spec.statistics.margins;
        margins.get(at).copied().flatten()
    }

    /// One-sided p-values of a difference beyond the metric's margin, by what its value is of its rows.
    pub(super) fn beyond_margin(
        &self,
        pair: &Pair,
        at: usize,
        arms: [&Arm; 2],
        replicates: &[f64],
    ) -> Option<Beyond> {
        let metric = &self.accumulator.spec.metrics[at];
        let margin = self.margin(at)?;
        if arms[0].rows == 0 {
            return None;
        }
        let counts = self.why_dependent().is_none();
        match metric.estimand {
            Estimand::Proportion if counts => {
                let [up, down, rows] = pair.flips(at, metric.direction);
                let share = margin / metric.range.1;
                Some(Beyond::of_flips(up, down, rows, share))
            }
            Estimand::Proportion | Estimand::Mean => {
                let found = self.mean_difference(pair, at, arms)?;
                if found.mean == 0.0 && found.std_error == 0.0 {
                    return self.no_change(metric, arms[0], margin);
                }
                Some(Beyond::of_mean(&found, margin))
            }
            Estimand::Function if replicates.is_empty() => None,
            Estimand::Function if replicates.iter().all(|value| *value == 0.0) => {
                self.no_change(metric, arms[0], margin)
            }
            Estimand::Function => Some(Beyond::of_replicates(replicates, margin)),
        }
    }

    /// For a metric that no row changed; `None` if a row can change it by any amount.
    fn no_change(&self, metric: &ResolvedMetric, arm: &Arm, margin: f64) -> Option<Beyond> {
        let reach = metric.range.1 - metric.range.0;
        let units = if self.why_dependent().is_none() {
            arm.rows
        } else {
            arm.columns.slots_with_rows() as u64
        };
        reach
            .is_finite()
            .then(|| Beyond::of_no_change(units, margin, reach))
    }
}

/// Corrects the p-values of both families, and decides where no change was found.
pub fn decide(
    comparisons: &mut [PairedAnswer],
    metrics: &[ResolvedMetric],
    correct: impl Fn(&[f64]) -> Vec<f64>,
    level: f64,
) {
    let found: Vec<(usize, Beyond)> = comparisons
        .iter()
        .enumerate()
        .filter_map(|(at, comparison)| Some((at, comparison.beyond_margin?)))
        .collect();
    let lower_is_better = |comparison: &PairedAnswer| {
        let mut metrics = metrics.iter();
        metrics
            .any(|metric| metric.key == comparison.metric && metric.direction == Direction::Lower)
    };
    let not_worse = found.iter().map(|(at, beyond)| {
        if lower_is_better(&comparisons[*at]) {
            beyond.above
        } else {
            beyond.below
        }
    });
    let not_worse = correct(&not_worse.collect::<Vec<f64>>());
    let equivalent: Vec<f64> = found
        .iter()
        .map(|(_, beyond)| beyond.equivalence())
        .collect();
    let equivalent = correct(&equivalent);
    for (((at, _), not_worse), equivalent) in found.into_iter().zip(not_worse).zip(equivalent) {
        let comparison = &mut comparisons[at];
        comparison.p_not_worse = Some(not_worse);
        comparison.p_equivalent = Some(equivalent);
        match comparison.decision {
            Decision::Inconclusive if equivalent <= level => {
                comparison.decision = Decision::Equivalent;
                comparison.mde = None;
            }
            Decision::Inconclusive if not_worse <= level => {
                comparison.decision = Decision::NotWorse;
                comparison.mde = None;
            }
            Decision::Improved | Decision::Regressed => {
                comparison.within_margin = equivalent <= level;
            }
            _ => {}
        }
    }
}
