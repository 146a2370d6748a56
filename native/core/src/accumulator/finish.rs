//! From sums to the answer.

use super::pairing::{Pair, on_common_rows};
use super::resample::{Arm, Valuer, bootstrap};
use super::sums::Sums;
use super::{Accumulator, Cancel};
use crate::error::{Error, Result};
use crate::metrics::{ResolvedMetric, Statistics};
use crate::result::{Answer, ConfusionMatrix, Estimate, MetricAnswer, SystemAnswer};
use crate::spec::Question;
use crate::stats::interval::percentile_interval;

/// Everything that answers are computed from.
pub struct Desk<'a> {
    pub(super) accumulator: &'a Accumulator,
    pub(super) valuer: Valuer<'a>,
    pub(super) ranks: Vec<u32>,
    label_ranks: Vec<u32>,
}

/// Replicates of every metric of an arm.
pub type Replicates = Vec<Vec<f64>>;

pub fn finish(accumulator: &Accumulator, cancel: Cancel<'_>) -> Result<Answer> {
    let desk = Desk {
        valuer: Valuer::new(accumulator),
        ranks: accumulator.slots.ranks(),
        label_ranks: accumulator.labels.ranks(),
        accumulator,
    };
    desk.answer(cancel)
}

impl Desk<'_> {
    fn answer(&self, cancel: Cancel<'_>) -> Result<Answer> {
        let accumulator = self.accumulator;
        let spec = &accumulator.spec;
        let mut arms: Vec<Arm> = accumulator
            .systems
            .iter()
            .map(|sums| self.arm(sums))
            .collect();
        let pair_arms: Vec<(usize, usize)> = accumulator
            .pairs
            .iter()
            .map(|pair| self.pair_arms(pair, &mut arms))
            .collect();
        self.check_classes(&arms)?;
        self.check_cost(&arms)?;
        let replicates = bootstrap(&self.valuer, &arms, self.ranks.len(), cancel)?;
        let mut comparisons = Vec::new();
        for (pair, (base, cand)) in accumulator.pairs.iter().zip(&pair_arms) {
            let sides = [
                (&arms[*base], &replicates[*base]),
                (&arms[*cand], &replicates[*cand]),
            ];
            comparisons.extend(self.compare(pair, sides, cancel)?);
        }
        self.decide(&mut comparisons);
        let baseline = match spec.question {
            Question::Evaluate => String::new(),
            Question::Compare { baseline } => spec.systems[baseline].name.clone(),
        };
        Ok(Answer {
            systems: (0..spec.systems.len())
                .map(|system| self.system(system, &arms[system], &replicates[system]))
                .collect(),
            row_ids: accumulator.reported_ids(),
            baseline,
            comparisons,
            notes: self.comparison_notes(),
            slots: self.ranks.len() as u32,
            row_key: accumulator.keys.name(),
            spec_digest: spec.digest(),
        })
    }

    fn arm(&self, sums: &Sums) -> Arm {
        let totals = sums.total_numbers(&self.label_ranks);
        Arm {
            included: self.valuer.included(&totals),
            totals,
            columns: self.columns(sums),
        }
    }

    pub(super) fn columns(&self, sums: &Sums) -> crate::stats::replicate::Columns {
        if sums.keeps_slots() {
            sums.slot_columns(&self.ranks, &self.label_ranks)
        } else {
            crate::stats::replicate::Columns::default()
        }
    }

    /// The arms of a pair: the systems' own, unless rows are excluded.
    fn pair_arms(&self, pair: &Pair, arms: &mut Vec<Arm>) -> (usize, usize) {
        let mut arm = |system: usize, excluded: Option<&Sums>| match excluded {
            None => system,
            Some(excluded) => {
                let common = on_common_rows(&self.accumulator.systems[system], Some(excluded));
                arms.push(self.arm(&common));
                arms.len() - 1
            }
        };
        (
            arm(pair.baseline, pair.excluded_baseline.as_ref()),
            arm(pair.candidate, pair.excluded_candidate.as_ref()),
        )
    }

    fn check_classes(&self, arms: &[Arm]) -> Result<()> {
        let included = |class: usize| arms.iter().any(|arm| arm.included[class]);
        let labels: Vec<&str> = self
            .valuer
            .labels
            .iter()
            .enumerate()
            .filter(|(class, _)| included(*class))
            .map(|(_, label)| *label)
            .collect();
        for (at, metric) in super::class_metrics(&self.accumulator.spec) {
            metric.check(&labels).map_err(|(param, problem)| {
                Error::invalid(
                    "BAD_PARAMETER",
                    format!("spec.metrics[{at}].params.{param}"),
                    problem,
                )
                .with("metric", self.accumulator.spec.metrics[at].entry.name)
                .with("parameter", param)
            })?;
        }
        Ok(())
    }

    fn check_cost(&self, arms: &[Arm]) -> Result<()> {
        let spec = &self.accumulator.spec;
        let cells: u64 = arms.iter().map(|arm| arm.columns.cost() as u64).sum();
        let cost = cells
            * (u64::from(spec.statistics.replicates)
                + self.draws() * u64::from(!self.accumulator.pairs.is_empty()));
        if cost <= spec.limits.max_resampling_cost {
            return Ok(());
        }
        Err(Error::invalid(
            "LIMIT_EXCEEDED",
            "spec.statistics.replicates",
            format!(
                "replicates and draws x non-empty cells is {cost}, more than max_resampling_cost = {}; ask for fewer \
                 replicates, metrics or classes",
                spec.limits.max_resampling_cost
            ),
        )
        .with("limit", "max_resampling_cost")
        .with("maximum", spec.limits.max_resampling_cost))
    }

    fn system(&self, system: usize, arm: &Arm, replicates: &Replicates) -> SystemAnswer {
        let accumulator = self.accumulator;
        let spec = &accumulator.spec;
        let values = self.valuer.arm_values(arm).into_iter().enumerate();
        let metrics = values
            .map(|(metric, value)| self.metric(system, metric, value, arm, &replicates[metric]))
            .collect();
        SystemAnswer {
            name: spec.systems[system].name.clone(),
            metrics,
            row_scores: accumulator.rows[system].scores_by_key(spec),
            row_errors: accumulator.rows[system].reported_errors(spec),
        }
    }

    fn metric(
        &self,
        system: usize,
        at: usize,
        value: f64,
        arm: &Arm,
        replicates: &[f64],
    ) -> MetricAnswer {
        let metric: &ResolvedMetric = &self.accumulator.spec.metrics[at];
        let failed = self.accumulator.tallies[system].failed;
        let mut estimate = self.estimate(value, replicates, arm.totals[0], failed);
        let wants_matrix =
            matches!(&metric.statistics, Statistics::Classes(class) if class.wants_matrix());
        if wants_matrix {
            estimate.undefined_reason = "a confusion matrix has no single value".into();
        }
        MetricAnswer {
            key: metric.key.clone(),
            signature: metric.signature.clone(),
            row_signature: metric.row_signature.clone(),
            notes: self.metric_notes(system, at),
            estimate,
            scale: metric.entry.range.1,
            components: self.valuer.components(at, &arm.totals, &arm.included),
            confusion: wants_matrix
                .then(|| self.confusion(&self.accumulator.systems[system], &arm.included)),
        }
    }

    pub(super) fn estimate(
        &self,
        value: f64,
        replicates: &[f64],
        n: f64,
        n_failed: u64,
    ) -> Estimate {
        let mut estimate = Estimate {
            value: (!value.is_nan()).then_some(value),
            interval: None,
            n: n as u64,
            n_failed,
            undefined_reason: String::new(),
        };
        if n == 0.0 {
            estimate.undefined_reason = "no row has a usable prediction".into();
        } else if value.is_nan() {
            estimate.undefined_reason =
                "the value is undefined for these rows (a zero denominator)".into();
        } else if !replicates.is_empty() {
            match percentile_interval(replicates, self.accumulator.spec.statistics.confidence) {
                Ok(interval) => estimate.interval = Some(interval),
                Err(reason) => estimate.undefined_reason = reason,
            }
        }
        estimate
    }

    fn confusion(&self, sums: &Sums, included: &[bool]) -> ConfusionMatrix {
        let mut place = vec![None; included.len()];
        let mut labels = Vec::new();
        for (class, label) in self.valuer.labels.iter().enumerate() {
            if included[class] {
                place[class] = Some(labels.len());
                labels.push((*label).to_owned());
            }
        }
        let mut counts = vec![0; labels.len() * labels.len()];
        for ((gold, predicted), count) in &sums.confusion {
            let gold = place[self.label_ranks[*gold as usize] as usize];
            let predicted = place[self.label_ranks[*predicted as usize] as usize];
            if let (Some(gold), Some(predicted)) = (gold, predicted) {
                counts[gold * labels.len() + predicted] += *count as u64;
            }
        }
        ConfusionMatrix { labels, counts }
    }
}
