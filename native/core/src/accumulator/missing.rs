//! What the rows that one of two systems did not answer could have done to their difference.

use super::finish::Desk;
use super::pairing::Pair;
use super::resample::Arm;
use super::sums::Sums;
use crate::metrics::Estimand;

impl Desk<'_> {
    /// Lowest and highest difference over the rows that one system or both answered, if the missing answers had had the
    /// lowest or highest score (Manski 1989). For means of bounded scores, and only if rows are missing on one side.
    pub(super) fn possible_differences(
        &self,
        pair: &Pair,
        at: usize,
        base: &Arm,
        difference: f64,
    ) -> Option<(f64, f64)> {
        let metric = &self.accumulator.spec.metrics[at];
        let (lowest, highest) = metric.range;
        let is_bounded = lowest.is_finite() && highest.is_finite();
        if metric.estimand == Estimand::Function || !is_bounded {
            return None;
        }
        let [(only_base, base_sum), (only_cand, cand_sum)] =
            [&pair.excluded_baseline, &pair.excluded_candidate]
                .map(|excluded| self.weight_and_sum(at, excluded.as_ref()));
        let common = base.totals[0];
        if only_base + only_cand == 0.0 {
            return None;
        }
        let known = cand_sum - base_sum
            + if common > 0.0 {
                difference * common
            } else {
                0.0
            };
        let all = common + only_base + only_cand;
        Some((
            (known + only_base * lowest - only_cand * highest) / all,
            (known + only_base * highest - only_cand * lowest) / all,
        ))
    }

    /// Weight of these rows and weighted sum of their scores.
    fn weight_and_sum(&self, at: usize, sums: Option<&Sums>) -> (f64, f64) {
        let Some(sums) = sums.filter(|sums| sums.rows > 0) else {
            return (0.0, 0.0);
        };
        let totals = sums.total_numbers(&self.label_ranks);
        let mut values = vec![f64::NAN; self.accumulator.spec.metrics.len()];
        let included = self.valuer.included(&totals);
        self.valuer.values(&totals, &included, &mut values);
        (totals[0], values[at] * totals[0])
    }
}
