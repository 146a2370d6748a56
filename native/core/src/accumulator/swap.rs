//! The swap test of a pair.

use super::Cancel;
use super::enough::{Enough, Tally, tally};
use super::resample::{Arm, Valuer, run_blocks};
use crate::error::Result;
use crate::metrics::Weighted;
use crate::result::PValue;
use crate::stats::draws::{Draws, LANES, Weights};
use crate::stats::replicate::Columns;

/// Up to this many slots all swaps are enumerated: 4,096 assignments.
const ENUMERATED_SLOTS: usize = 12;

/// Two differences closer than this, relative to the values, count as equal: the same sums added in
/// another order of swaps may differ in the last bits.
const TIE_TOLERANCE: f64 = 1e-10;

/// The paired swap test (Fisher 1935; approximate randomisation, Noreen 1989): the answers of baseline and
/// candidate are exchanged slot by slot.
pub struct Swap<'a> {
    /// The baseline on common rows.
    pub baseline: &'a Arm,
    /// The candidate on common rows.
    pub candidate: &'a Arm,
    /// Candidate minus baseline by slot: what one swap moves.
    pub difference: Columns,
    /// The metrics to test.
    pub wanted: Vec<bool>,
    /// Number of slots.
    pub slots: usize,
}

impl Swap<'_> {
    /// One p-value a metric; `None` where the difference is undefined or not wanted.
    pub fn test(
        &self,
        valuer: &Valuer<'_>,
        enough: Enough,
        cancel: Cancel<'_>,
    ) -> Result<Vec<Option<PValue>>> {
        let exact = self.slots <= ENUMERATED_SLOTS;
        let (source, enough) = if exact {
            (Draws::AllSwaps, Enough::Draws(1 << self.slots))
        } else {
            (Draws::Swap(valuer.spec.statistics.seed), enough)
        };
        let arms = [self.baseline, self.candidate];
        let observed = arms.map(|arm| valuer.arm_values(arm));
        let both = self.baseline.kept.with(&self.candidate.kept);
        let prepared = valuer.prepared(&both, |at| self.wanted[at]);
        let columns = valuer.columns_of(&self.wanted);
        let cost = arms.map(|arm| valuer.cost(arm, &self.wanted));
        let block = |block: usize, lanes: usize| {
            let weights = source.weights(block, self.slots);
            let sums = self.difference.block_sums(&weights, &columns);
            let mut extreme = vec![0_u32; self.wanted.len()];
            let mut swapped = Swapped::new(arms, &self.wanted);
            for lane in 0..lanes {
                swapped.set(arms, &sums, lane);
                swapped.evaluate(valuer);
                if !prepared.is_empty() {
                    swapped.evaluate_kept(&prepared, arms, &weights, lane);
                }
                swapped.mark(&observed, lane, &mut extreme);
            }
            extreme
        };
        let cells = 2 * cost.iter().sum::<usize>();
        let tallies = tally(enough, self.wanted.len(), |first, draws| {
            run_blocks(draws as usize, cells, cancel, |at, lanes| {
                block(first + at, lanes)
            })
        })?;
        let p_value = |(metric, tally): (usize, &Tally)| {
            let defined = !(observed[1][metric] - observed[0][metric]).is_nan();
            (defined && self.wanted[metric]).then(|| tally.p_value(exact))
        };
        Ok(tallies.iter().enumerate().map(p_value).collect())
    }
}

/// The two systems after one draw of swaps.
struct Swapped<'a> {
    baseline: Vec<f64>,
    candidate: Vec<f64>,
    /// Of both systems by metric; NaN, as if undefined, for metrics that are not wanted.
    values: [Vec<f64>; 2],
    wanted: &'a [bool],
}

impl<'a> Swapped<'a> {
    fn new(arms: [&Arm; 2], wanted: &'a [bool]) -> Self {
        let [baseline, candidate] = arms.map(|arm| vec![0.0; arm.totals.len()]);
        Self {
            baseline,
            candidate,
            values: arms.map(|_| vec![f64::NAN; wanted.len()]),
            wanted,
        }
    }

    fn set(&mut self, [baseline, candidate]: [&Arm; 2], moved: &[[f64; LANES]], lane: usize) {
        for (column, moved) in moved.iter().enumerate() {
            self.baseline[column] = baseline.totals[column] + moved[lane];
            self.candidate[column] = candidate.totals[column] - moved[lane];
        }
    }

    /// The values of the drawn sums.
    fn evaluate(&mut self, valuer: &Valuer<'_>) {
        // The class set follows the swapped labels, as it follows the labels of each system.
        for (sums, values) in [&self.baseline, &self.candidate]
            .into_iter()
            .zip(&mut self.values)
        {
            valuer.values(sums, &valuer.included(sums), self.wanted, values);
        }
    }

    /// The values of what is no sum: every row counts for one system or the other.
    fn evaluate_kept(
        &mut self,
        prepared: &[(usize, Box<dyn Weighted + '_>)],
        [baseline, candidate]: [&Arm; 2],
        swaps: &Weights,
        lane: usize,
    ) {
        let weights = |of_baseline: bool| -> Vec<f64> {
            let side = |arm: &Arm, own: bool| -> Vec<f64> {
                let arm = &arm.kept;
                let rows = arm.weights.iter().zip(&arm.ranks);
                rows.map(|(weight, rank)| {
                    let swapped = f64::from(swaps[*rank as usize][lane]);
                    weight * if own { 1.0 - swapped } else { swapped }
                })
                .collect()
            };
            let mut all = side(baseline, of_baseline);
            all.extend(side(candidate, !of_baseline));
            all
        };
        for (values, of_baseline) in self.values.iter_mut().zip([true, false]) {
            let weights = weights(of_baseline);
            for (metric, prepared) in prepared {
                values[*metric] = prepared.value(&weights);
            }
        }
    }

    /// Marks the metrics whose difference is at least as extreme as the observed one. An undefined
    /// difference counts as extreme, which errs on the side of "not significant".
    fn mark(&self, [base, cand]: &[Vec<f64>; 2], lane: usize, extreme: &mut [u32]) {
        let [of_baseline, of_candidate] = &self.values;
        for (metric, marks) in extreme.iter_mut().enumerate() {
            let observed = (cand[metric] - base[metric]).abs();
            let tolerance = TIE_TOLERANCE * base[metric].abs().max(cand[metric].abs()).max(1e-300);
            let drawn = (of_candidate[metric] - of_baseline[metric]).abs();
            *marks |= u32::from(drawn.is_nan() || drawn >= observed - tolerance) << lane;
        }
    }
}
