//! Which paired test a metric has, and the p-values that need no draws.

use super::finish::{Desk, Scope};
use super::pairing::Pair;
use super::resample::Arm;
use crate::error::{Error, Result};
use crate::metrics::{Estimand, ResolvedMetric};
use crate::result::PValue;
use crate::stats::binomial;
use crate::stats::effect::{EffectSize, cohen_dz, cohen_h, odds_ratio};
use crate::stats::paired_t::MeanDifference;
use crate::stats::paired_test::PairedTest;

impl Desk<'_> {
    /// The test of a metric: the one that is asked for, else what suits metric and rows.
    pub(super) fn test_of(&self, metric: &ResolvedMetric) -> PairedTest {
        let asked = self.accumulator.spec.statistics.test;
        // Those tests need the rows in order, which only the whole has.
        let can_be = |test: &PairedTest| self.scope == Scope::Whole || !test.follows_sacrebleu();
        asked.filter(can_be).unwrap_or_else(|| {
            let counts = metric.estimand == Estimand::Proportion && self.why_dependent().is_none();
            if counts {
                PairedTest::McNemarExact
            } else {
                PairedTest::Randomisation
            }
        })
    }

    /// Which metrics are tested by exchanging answers: those that a formula tests need no draws.
    pub(super) fn swapped(&self) -> Vec<bool> {
        let mut wanted = vec![false; self.accumulator.spec.metrics.len()];
        for (at, metric) in self.tested() {
            wanted[at] = metric.entry.interval && self.test_of(metric) == PairedTest::Randomisation;
        }
        wanted
    }

    /// Refuses a test that the rows cannot have: it rejects far too often (McNemar's in a third of cases and more, for
    /// clusters that agree).
    pub(super) fn check_test(&self) -> Result<()> {
        if self.scope != Scope::Whole {
            return Ok(());
        }
        let spec = &self.accumulator.spec;
        match (spec.statistics.test, self.why_dependent()) {
            (Some(test), Some(why)) if test.counts_rows() && !self.accumulator.pairs.is_empty() => {
                Err(Error::invalid(
                    "UNSUITABLE_TEST",
                    "spec.statistics.test",
                    format!(
                        "{} takes rows for independent and alike, but {why}: ask for PAIRED_RANDOMISATION or PAIRED_T",
                        test.name()
                    ),
                )
                .with("test", test.name()))
            }
            (Some(test), _) => self.check_ordered(test),
            _ => Ok(()),
        }
    }

    /// Why rows are not independent and alike, in words.
    pub(super) fn why_dependent(&self) -> Option<&'static str> {
        let accumulator = self.accumulator;
        if accumulator.keys.cluster > 0 {
            Some("they have clusters")
        } else if accumulator.design.repeats_ids() {
            Some("ids have several samples")
        } else if accumulator.design.is_weighted() {
            Some("they have weights")
        } else {
            None
        }
    }

    /// The name of the test that was made.
    pub(super) fn test_name(&self, metric: &ResolvedMetric) -> &'static str {
        match self.test_of(metric) {
            PairedTest::T if self.why_dependent().is_some() => "cluster_robust_t",
            test => test.name(),
        }
    }

    /// The p-value by formula; `None` if it is drawn or undefined.
    pub(super) fn formula_p(&self, pair: &Pair, at: usize, arms: [&Arm; 2]) -> Option<PValue> {
        let [wins, losses, _] = pair.outcomes[at];
        let metric = &self.accumulator.spec.metrics[at];
        let value = match self.test_of(metric) {
            PairedTest::Randomisation
            | PairedTest::SacrebleuRandomisation
            | PairedTest::SacrebleuBootstrap => return None,
            PairedTest::McNemarExact | PairedTest::Sign => binomial::exact(wins, losses),
            PairedTest::McNemarMidP => binomial::mid_p(wins, losses),
            PairedTest::T => self.mean_difference(pair, at, arms)?.p_value(),
        };
        let is_defined = arms[0].rows > 0 && metric.entry.interval;
        is_defined.then_some(PValue {
            value,
            at_floor: false,
            draws: 0,
        })
    }

    /// Mean and standard error of the row differences of a metric whose value is the mean of its rows' scores.
    pub(super) fn mean_difference(
        &self,
        pair: &Pair,
        at: usize,
        arms: [&Arm; 2],
    ) -> Option<MeanDifference> {
        if self.why_dependent().is_none() {
            return MeanDifference::of_rows(&pair.differences[at]);
        }
        let [base, cand] = arms.map(|arm| self.slot_sums(at, arm));
        let clusters = base.iter().zip(&cand);
        let clusters: Vec<(f64, f64)> = clusters
            .map(|((weight, base), (_, cand))| (*weight, cand - base))
            .collect();
        MeanDifference::of_clusters(&clusters)
    }

    /// Weight of the rows and weighted sum of their scores by slot, from a value that is their mean.
    fn slot_sums(&self, at: usize, arm: &Arm) -> Vec<(f64, f64)> {
        let mut wanted = vec![false; self.accumulator.spec.metrics.len()];
        wanted[at] = true;
        self.clusters(arm, &wanted).swap_remove(at)
    }

    /// Effect sizes by a metric whose rows have scores.
    pub(super) fn effect_sizes(
        &self,
        pair: &Pair,
        at: usize,
        [base, cand]: [f64; 2],
    ) -> Vec<EffectSize> {
        let metric = &self.accumulator.spec.metrics[at];
        if !metric.entry.row_score || base.is_nan() {
            return Vec::new();
        }
        let mut sizes = Vec::from_iter(cohen_dz(&pair.differences[at]));
        if metric.estimand == Estimand::Proportion {
            let [wins, losses, _] = pair.outcomes[at];
            sizes.push(cohen_h(base / metric.range.1, cand / metric.range.1));
            sizes.extend(odds_ratio(wins, losses));
        }
        sizes
    }
}
