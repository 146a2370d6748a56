//! From sums to the answer.

use std::sync::Arc;

use super::intervals::Evidence;
use super::kept::Kept;
use super::pairing::{Pair, on_common_rows};
use super::resample::{Arm, ArmRows, Valuer};
use super::sums::Sums;
use super::verdict::verdict;
use super::{Accumulator, Cancel};
use crate::error::{Error, Result};
use crate::metrics::{Normalize, ResolvedMetric, Statistics};
use crate::result::{Answer, ConfusionMatrix, MetricAnswer, SystemAnswer};
use crate::spec::Question;
use crate::stats::interval::Method;

/// Everything that answers are computed from.
pub struct Desk<'a> {
    pub(super) accumulator: &'a Accumulator,
    pub(super) valuer: Valuer<'a>,
    pub(super) ranks: Vec<u32>,
    pub(super) label_ranks: Vec<u32>,
    pub(super) scope: Scope,
}

/// What rows are answered for, which decides how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All rows of the call.
    Whole,
    /// A slice, one of this many.
    Slice(usize),
    /// A slice of too few rows: values alone.
    SmallSlice,
}

pub fn finish(accumulator: &Accumulator, cancel: Cancel<'_>) -> Result<Answer> {
    let desk = Desk {
        valuer: Valuer::new(accumulator),
        ranks: accumulator.slots.ranks(),
        label_ranks: accumulator.labels.ranks(),
        accumulator,
        scope: Scope::Whole,
    };
    let mut answer = desk.answer(cancel)?;
    desk.slice(&mut answer, cancel)?;
    answer.gate = verdict(&accumulator.spec, &answer);
    Ok(answer)
}

impl Desk<'_> {
    /// Everything but slices and the gate; slices have no verdicts yet.
    pub(super) fn answer(&self, cancel: Cancel<'_>) -> Result<Answer> {
        let accumulator = self.accumulator;
        let spec = &accumulator.spec;
        let (arms, pair_arms) = self.arms();
        self.check_test()?;
        self.check_classes(&arms)?;
        self.check_cost(&arms)?;
        let evidence = self.evidence(&arms, cancel)?;
        let mut comparisons = Vec::new();
        for (pair, (base, cand)) in accumulator.pairs.iter().zip(&pair_arms) {
            let sides = [
                (&arms[*base], &evidence[*base][..]),
                (&arms[*cand], &evidence[*cand][..]),
            ];
            comparisons.extend(self.compare(pair, sides, cancel)?);
        }
        // Slices are decided together.
        let is_whole = self.scope == Scope::Whole;
        if is_whole {
            self.decide(&mut comparisons);
        }
        let systems = arms.iter().take(spec.systems.len());
        let included: Vec<&[bool]> = systems.map(|arm| &arm.included[..]).collect();
        let baseline = match spec.question {
            Question::Evaluate => String::new(),
            Question::Compare { baseline } => spec.systems[baseline].name.clone(),
        };
        let systems: Vec<SystemAnswer> = (0..spec.systems.len())
            .map(|system| self.system(system, &arms[system], &evidence[system]))
            .collect();
        Ok(Answer {
            gate: None,
            forgetting: None,
            systems,
            row_ids: accumulator.reported_ids(),
            baseline,
            rankings: self.rankings(&comparisons, &pair_arms, &evidence),
            notes: self.comparison_notes(&comparisons),
            comparisons,
            analysis: self.analysis(&included),
            slots: self.ranks.len() as u32,
            row_key: accumulator.keys.name(),
            spec_digest: spec.digest().to_owned(),
            slices: Vec::new(),
            consistency: Vec::new(),
        })
    }

    /// The arms of the systems, then those that pairs have to themselves; and which two are those of each pair.
    pub(super) fn arms(&self) -> (Vec<Arm>, Vec<(usize, usize)>) {
        let Accumulator {
            systems,
            kept,
            pairs,
            ..
        } = self.accumulator;
        let systems = systems.iter().zip(kept);
        let mut arms: Vec<Arm> = systems.map(|(sums, kept)| self.arm(sums, kept)).collect();
        let pairs = pairs.iter().map(|pair| self.pair_arms(pair, &mut arms));
        let pair_arms = pairs.collect();
        (arms, pair_arms)
    }

    fn arm(&self, sums: &Sums, kept: &Kept) -> Arm {
        let totals = sums.total_numbers(&self.label_ranks);
        let slots = &self.accumulator.slots;
        let rank = |hash: u64| {
            let place = slots.find(hash).unwrap_or(0) as usize;
            self.ranks.get(place).copied().unwrap_or(0)
        };
        Arm {
            included: self.valuer.included(&totals),
            totals,
            columns: self.columns(sums),
            rows: sums.rows as u64,
            kept: ArmRows::new(kept, rank),
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
        let Accumulator { systems, kept, .. } = self.accumulator;
        let mut arm = |system: usize, other: usize, excluded: Option<&Sums>| match excluded {
            None => system,
            Some(excluded) => {
                let common = on_common_rows(&systems[system], Some(excluded));
                arms.push(self.arm(&common, &kept[system].common(&kept[other])));
                arms.len() - 1
            }
        };
        let (base, cand) = (pair.baseline, pair.candidate);
        (
            arm(base, cand, pair.excluded_baseline.as_ref()),
            arm(cand, base, pair.excluded_candidate.as_ref()),
        )
    }

    fn check_classes(&self, arms: &[Arm]) -> Result<()> {
        // A slice may lack classes that the whole has.
        if self.scope != Scope::Whole {
            return Ok(());
        }
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
        let cost = |wanted: &[bool]| -> u64 {
            let cells = arms.iter().map(|arm| self.valuer.cost(arm, wanted));
            cells.sum::<usize>() as u64
        };
        let replicates = u64::from(spec.statistics.replicates);
        let swapped = self.swapped();
        let tests = !self.accumulator.pairs.is_empty() && swapped.contains(&true);
        let draws = self.draws() * u64::from(tests);
        let cost = replicates * cost(&self.resampled())
            + self.ranks.len() as u64 * cost(&self.metrics_that(Method::needs_left_out))
            + draws * cost(&swapped);
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

    /// Upper bound for a slice, without its rows that metrics keep twice: those are few.
    pub(super) fn cost_of_slice(&self) -> u64 {
        if self.scope == Scope::SmallSlice || !self.accumulator.spec.resamples() {
            return 0;
        }
        // A swap test reads the difference of two systems, a bootstrap every system.
        let Accumulator { systems, pairs, .. } = self.accumulator;
        let tests = self.draws() * pairs.len() as u64 / systems.len() as u64;
        let left_out = self.metrics_that(Method::needs_left_out).contains(&true);
        let left_out = self.ranks.len() as u64 * u64::from(left_out);
        self.cost_of_replicates() + self.cells_read() * (left_out + tests)
    }

    /// Upper bound for bootstrap replicates of all systems.
    pub(super) fn cost_of_replicates(&self) -> u64 {
        self.cells_read() * u64::from(self.accumulator.spec.statistics.replicates)
    }

    /// Numbers that one replicate of all systems reads, at most.
    fn cells_read(&self) -> u64 {
        let Accumulator {
            spec,
            systems,
            kept,
            ..
        } = self.accumulator;
        let dense = self.ranks.len() * spec.width() * systems.len();
        let sparse: usize = systems.iter().map(|sums| sums.class_slots.len()).sum();
        let kept: u64 = kept.iter().map(Kept::size).sum();
        (dense + sparse) as u64 + kept
    }

    fn system(&self, system: usize, arm: &Arm, evidence: &[Evidence]) -> SystemAnswer {
        let accumulator = self.accumulator;
        let spec = &accumulator.spec;
        let values = self.valuer.arm_values(arm).into_iter().enumerate();
        let metrics = values
            .map(|(metric, value)| self.metric(system, metric, value, arm, &evidence[metric]))
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
        evidence: &Evidence,
    ) -> MetricAnswer {
        let metric: &ResolvedMetric = &self.accumulator.spec.metrics[at];
        let failed = self.accumulator.tallies[system].failed;
        let mut estimate = self.value_estimate(metric, value, evidence, [arm.rows, failed]);
        let matrix = match &metric.statistics {
            Statistics::Classes(class) => class.matrix(),
            Statistics::Rows(_) | Statistics::Collected(_) => None,
        };
        if matrix.is_some() {
            estimate.undefined_reason = "a confusion matrix has no single value".into();
        } else if !metric.entry.interval && estimate.undefined_reason.is_empty() {
            estimate.undefined_reason =
                "no interval: the value is no function of resampled rows".into();
        }
        let reference_signature = match (&metric.statistics, self.accumulator.references) {
            (Statistics::Rows(rows), Some(references)) => rows.reference_signature(references),
            _ => None,
        };
        MetricAnswer {
            key: metric.key.clone(),
            signature: metric.signature.clone(),
            row_signature: metric.row_signature.clone(),
            notes: self.metric_notes(system, at, value, arm),
            estimate,
            reference_signature: reference_signature.unwrap_or_default(),
            direction: metric.direction,
            scale: metric.range.1,
            components: self.valuer.components(at, arm),
            confusion: matrix
                .map(|by| self.confusion(&self.accumulator.systems[system], &arm.included, by)),
        }
    }

    pub(super) fn confusion(
        &self,
        sums: &Sums,
        included: &[bool],
        by: Normalize,
    ) -> ConfusionMatrix {
        let mut place = vec![None; included.len()];
        let mut labels = Vec::new();
        for (class, label) in self.valuer.labels.iter().enumerate() {
            if included[class] {
                place[class] = Some(labels.len() as u32);
                labels.push((*label).to_owned());
            }
        }
        if by == Normalize::None
            && let Some((classes, counts)) = sums.whole_matrix()
        {
            let place = |class: &u32| place[self.label_ranks[*class as usize] as usize];
            let places: Vec<Option<u32>> = classes.iter().map(place).collect();
            return ConfusionMatrix {
                counts: placed(counts, &places, labels.len()),
                labels,
                are_counts: true,
                cells: Vec::new(),
            };
        }
        let cells = sums.confusion_numbers(&self.label_ranks);
        let mut cells: Vec<(u32, u32, f64)> = cells
            .filter(|(_, _, count)| *count != 0.0)
            .filter_map(|(gold, predicted, count)| {
                Some((place[gold as usize]?, place[predicted as usize]?, count))
            })
            .collect();
        let key = |cell: &(u32, u32, f64)| (cell.0, cell.1);
        if !cells.is_sorted_by_key(key) {
            cells.sort_unstable_by_key(key);
        }
        join_equal(&mut cells);
        normalize(&mut cells, labels.len(), by);
        ConfusionMatrix {
            labels,
            are_counts: by == Normalize::None,
            counts: Arc::default(),
            cells,
        }
    }
}

/// A square matrix with its rows and columns moved to these places of a wider one.
fn placed(counts: &Arc<Vec<u64>>, places: &[Option<u32>], width: usize) -> Arc<Vec<u64>> {
    if places.len() == width && (0..).map(Some).zip(places).all(|(at, place)| at == *place) {
        return Arc::clone(counts);
    }
    let mut moved = vec![0; width * width];
    for (gold, row) in places.iter().zip(counts.chunks(places.len().max(1))) {
        for (predicted, count) in places.iter().zip(row) {
            if let (Some(gold), Some(predicted)) = (gold, predicted) {
                moved[*gold as usize * width + *predicted as usize] = *count;
            }
        }
    }
    Arc::new(moved)
}

/// Adds up neighbours of the same classes.
pub(super) fn join_equal(cells: &mut Vec<(u32, u32, f64)>) {
    cells.dedup_by(|next, kept| {
        let equal = (next.0, next.1) == (kept.0, kept.1);
        if equal {
            kept.2 += next.2;
        }
        equal
    });
}

/// Divides the cells; a row or column without rows stays zero, as in scikit-learn.
fn normalize(cells: &mut [(u32, u32, f64)], labels: usize, by: Normalize) {
    let (mut gold, mut predicted, mut all) = (vec![0.0; labels], vec![0.0; labels], 0.0);
    for (row, column, count) in cells.iter() {
        gold[*row as usize] += count;
        predicted[*column as usize] += count;
        all += count;
    }
    for (row, column, count) in cells {
        *count /= match by {
            Normalize::None => 1.0,
            Normalize::Gold => gold[*row as usize],
            Normalize::Predicted => predicted[*column as usize],
            Normalize::All => all,
        };
    }
}
