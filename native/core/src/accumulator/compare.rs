//! Candidates against the baseline: differences, p-values, verdicts.

use super::Cancel;
use super::enough::Enough;
use super::finish::{Desk, Scope};
use super::intervals::Evidence;
use super::margins;
use super::pairing::{Pair, on_common_rows};
use super::resample::Arm;
use super::swap::Swap;
use crate::error::Result;
use crate::metrics::{Direction, ResolvedMetric};
use crate::result::{Decision, Estimate, PValue, PairedAnswer};
use crate::spec::Correction;
use crate::stats::correction::{adjust, dependence};
use crate::stats::paired_test::PairedTest;
use crate::stats::plan::{Design, POWER, Spread};
use crate::stats::replicate::Columns;

/// Draws of a swap test, at least.
const MIN_DRAWS: u64 = 10_000;

/// A test of a slice ends at this many draws that are as extreme as the data: its p-value is then known to 10 %, and
/// those of a large family need not all have the draws that the smallest one needs.
const EXTREME_DRAWS: u64 = 100;

/// Slices are many tests of which some may be wrong: their family is corrected for the share of those.
pub const SLICE_CORRECTION: Correction = Correction::BenjaminiHochberg;

/// The smallest p must reach the level even after correction, with this much to spare.
const FLOOR_MARGIN: f64 = 20.0;

/// The same among slices, whose level is a share of all that are found and not that of the first one.
const SLICE_FLOOR_MARGIN: f64 = 2.0;

impl Desk<'_> {
    /// The metrics that can be better or worse, with their places.
    pub(super) fn tested(&self) -> impl Iterator<Item = (usize, &ResolvedMetric)> {
        let metrics = self.accumulator.spec.metrics.iter().enumerate();
        metrics.filter(|(_, metric)| metric.direction != Direction::None)
    }

    /// Enough draws that the family can reach significance.
    pub(super) fn draws(&self) -> u64 {
        let alpha = 1.0 - self.accumulator.spec.statistics.confidence;
        let tests = self.tested().count() * self.accumulator.pairs.len();
        let (family, correction, margin) = match self.scope {
            Scope::Slice(slices) => (tests * slices, SLICE_CORRECTION, SLICE_FLOOR_MARGIN),
            _ => (
                tests,
                self.accumulator.spec.statistics.correction,
                FLOOR_MARGIN,
            ),
        };
        let dependence = dependence(correction, family);
        MIN_DRAWS.max((margin * family as f64 * dependence / alpha).ceil() as u64)
    }

    /// One candidate by every metric that has a direction.
    pub(super) fn compare(
        &self,
        pair: &Pair,
        [(base, of_base), (cand, of_cand)]: [(&Arm, &[Evidence]); 2],
        cancel: Cancel<'_>,
    ) -> Result<Vec<PairedAnswer>> {
        let spec = &self.accumulator.spec;
        let drawn = self.drawn(pair, [base, cand], cancel)?;
        let of_rows = self.as_sacrebleu(pair, cancel)?;
        let base_values = self.valuer.arm_values(base);
        let cand_values = self.valuer.arm_values(cand);
        let failed = self.accumulator.rows_seen() - base.rows;
        let answer = |(at, metric): (usize, &ResolvedMetric)| {
            let flips = pair.flips(at, metric.direction);
            let evidence =
                Evidence::difference(&of_cand[at], &of_base[at], pair.differences[at], flips);
            let difference = cand_values[at] - base_values[at];
            let p = match self.test_of(metric) {
                _ if self.scope == Scope::SmallSlice => None,
                PairedTest::Randomisation => drawn[at],
                test if test.follows_sacrebleu() => of_rows.get(at).map(|found| found.p),
                _ => self.formula_p(pair, at, [base, cand]),
            };
            PairedAnswer {
                metric: metric.key.clone(),
                candidate: spec.systems[pair.candidate].name.clone(),
                difference: self.difference_estimate(
                    metric,
                    difference,
                    &evidence,
                    [base.rows, failed],
                ),
                baseline_value: Some(base_values[at]).filter(|value| !value.is_nan()),
                candidate_value: Some(cand_values[at]).filter(|value| !value.is_nan()),
                p,
                test: self.test_name(metric),
                p_adjusted: None,
                family: String::new(),
                mde: None,
                effect_sizes: self.effect_sizes(pair, at, [base_values[at], cand_values[at]]),
                outcomes: metric.entry.row_score.then(|| pair.outcomes[at]),
                margin: self.margin(at),
                beyond_margin: self.beyond_margin(pair, at, [base, cand], &evidence.replicates),
                p_not_worse: None,
                p_equivalent: None,
                within_margin: false,
                resampled: of_rows.get(at).and_then(|found| found.resampled),
                possible: self.possible_differences(pair, at, base, difference),
                decision: Decision::Inconclusive,
            }
        };
        Ok(self.tested().map(answer).collect())
    }

    /// The p-values of the swap test, if a metric has it and there are enough rows.
    fn drawn(
        &self,
        pair: &Pair,
        [base, cand]: [&Arm; 2],
        cancel: Cancel<'_>,
    ) -> Result<Vec<Option<PValue>>> {
        let enough = match self.scope {
            Scope::Whole => Enough::Draws(self.draws()),
            Scope::Slice(_) => Enough::Extreme(EXTREME_DRAWS, self.draws()),
            Scope::SmallSlice => Enough::Draws(0),
        };
        let wanted = self.swapped();
        if enough == Enough::Draws(0) || !wanted.contains(&true) {
            return Ok(vec![None; wanted.len()]);
        }
        let swap = Swap {
            baseline: base,
            candidate: cand,
            difference: self.difference(pair),
            wanted,
            slots: self.ranks.len(),
        };
        swap.test(&self.valuer, enough, cancel)
    }

    /// Candidate minus baseline by slot, on common rows: what one swap moves.
    fn difference(&self, pair: &Pair) -> Columns {
        let systems = &self.accumulator.systems;
        let mut difference =
            on_common_rows(&systems[pair.candidate], pair.excluded_candidate.as_ref());
        let baseline = on_common_rows(&systems[pair.baseline], pair.excluded_baseline.as_ref());
        difference.combine(&baseline, -1);
        self.columns(&difference)
    }

    /// Corrects the p-values of the family and decides.
    pub(super) fn decide(&self, comparisons: &mut [PairedAnswer]) {
        let correction = self.accumulator.spec.statistics.correction;
        self.decide_family(comparisons, correction, "metrics x candidates");
    }

    /// The same for any family, with what it runs over in words.
    pub(super) fn decide_family(
        &self,
        comparisons: &mut [PairedAnswer],
        correction: Correction,
        over: &str,
    ) {
        if comparisons.is_empty() {
            return;
        }
        let spec = &self.accumulator.spec;
        let alpha = 1.0 - spec.statistics.confidence;
        let raw: Vec<f64> = comparisons
            .iter()
            .filter_map(|comparison| comparison.p)
            .map(|p| p.value)
            .collect();
        let adjusted = adjust(correction, &raw);
        let name = correction.name();
        let tests = if raw.len() == 1 { "test" } else { "tests" };
        let family = format!("{name} over {} {tests}: {over}", raw.len());
        let share = match correction {
            Correction::None => alpha,
            _ => alpha / raw.len() as f64,
        };
        let mut adjusted = adjusted.into_iter();
        for comparison in &mut *comparisons {
            comparison.family.clone_from(&family);
            if comparison.p.is_none() {
                continue;
            }
            comparison.p_adjusted = adjusted.next();
            let metric = spec
                .metrics
                .iter()
                .find(|metric| metric.key == comparison.metric);
            let lower_is_better = metric.is_some_and(|metric| metric.direction == Direction::Lower);
            let change = comparison.difference.value.unwrap_or(0.0)
                * if lower_is_better { -1.0 } else { 1.0 };
            let significant = comparison.p_adjusted.is_some_and(|p| p <= alpha)
                && comparison.points_one_way(change);
            comparison.decision = match (significant, change > 0.0) {
                (false, _) => Decision::Inconclusive,
                (true, true) => Decision::Improved,
                (true, false) => Decision::Regressed,
            };
            if comparison.decision == Decision::Inconclusive {
                comparison.mde = detectable(&comparison.difference, share);
            }
        }
        margins::decide(
            comparisons,
            &spec.metrics,
            |p_values| adjust(correction, p_values),
            alpha,
        );
    }
}

/// The difference that as many rows, as different as these, show with [`POWER`] at this level.
fn detectable(difference: &Estimate, level: f64) -> Option<f64> {
    let std_error = difference.interval.as_ref()?.std_error;
    if std_error <= 0.0 {
        return None;
    }
    let design = Design {
        spread: Spread::of_std_error(std_error, difference.n),
        level,
        design_effect: 1.0,
    };
    design.effect(difference.n, POWER)
}
