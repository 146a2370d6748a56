//! Means of scores with a long tail: the rows that matter most may be missing, and the interval is then too low.

use super::finish::Desk;
use super::resample::Arm;
use crate::metrics::{Estimand, ResolvedMetric};
use crate::result::Note;
use crate::stats::interval;

/// Independent rows that a mean needs for each unit of squared skewness, so that an interval of 95 % covers in at least
/// 94 % (Cochran 1977, Sampling Techniques, 2.15).
const ROWS_OF_SKEWNESS: f64 = 25.0;

impl Desk<'_> {
    /// Whether the scores of a mean are more skewed than the rows allow.
    pub(super) fn skew_note(&self, metric: &ResolvedMetric, value: f64, arm: &Arm) -> Option<Note> {
        if metric.estimand != Estimand::Mean {
            return None;
        }
        let slots = self.score_sums(metric, arm);
        let skewness = interval::skewness(value, &slots);
        let needed = ROWS_OF_SKEWNESS * skewness * skewness;
        // Slots share rows beyond some thousands, and what they need grows with the rows as they do.
        let rows = needed * arm.rows as f64 / slots.len() as f64;
        (needed > slots.len() as f64).then(|| Note {
            code: "SMALL_SAMPLE",
            text: format!(
                "the scores are skewed ({skewness:.1}): their mean takes about {rows:.0} rows; the interval may cover less \
                 often than it says"
            ),
            count: arm.rows,
            row_ids: Vec::new(),
        })
    }

    /// Weight of the rows and weighted sum of their scores, by slot.
    fn score_sums(&self, metric: &ResolvedMetric, arm: &Arm) -> Vec<(f64, f64)> {
        let metrics = &self.accumulator.spec.metrics;
        let mut wanted = vec![false; metrics.len()];
        let Some(at) = metrics.iter().position(|one| one.key == metric.key) else {
            return Vec::new();
        };
        wanted[at] = true;
        let mut values = vec![f64::NAN; metrics.len()];
        let mut slots = Vec::new();
        arm.columns.each_dense_slot(|sums| {
            self.valuer
                .values(sums, &arm.included, &wanted, &mut values);
            slots.push((sums[0], sums[0] * values[at]));
        });
        slots
    }
}
