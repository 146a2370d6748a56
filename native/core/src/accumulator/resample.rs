//! Values of replicates: the bootstrap of every system, the swap test of every pair.

use super::enough::{Enough, Tally, tally};
use super::kept::Kept;
use super::{Accumulator, Cancel, Placement, class_metrics, collected_metrics, row_metrics};
use crate::error::{Error, Result};
use crate::metrics::{ClassSums, CollectedRows, Components, Statistics, Weighted};
use crate::pool;
use crate::result::PValue;
use crate::spec::Spec;
use crate::stats::draws::{BootstrapTable, Draws, LANES, Weights};
use crate::stats::replicate::Columns;

/// Up to this many slots all swaps are enumerated: 4,096 assignments.
const ENUMERATED_SLOTS: usize = 12;

/// Cells x blocks above which a second thread pays.
const PARALLEL_COST: usize = 1_000_000;

/// Two differences closer than this, relative to the values, count as equal: the same sums added in
/// another order of swaps may differ in the last bits.
const TIE_TOLERANCE: f64 = 1e-10;

/// Evaluates the metrics of a call on a vector of sums: the weight of the rows, the dense columns, then true
/// positives, supports and predictions by class in label order; and those that are no sums on weighted rows.
pub struct Valuer<'a> {
    spec: &'a Spec,
    layout: &'a [Placement],
    dense: usize,
    /// Class names in label order.
    pub labels: Vec<&'a str>,
    closed: bool,
}

impl<'a> Valuer<'a> {
    pub fn new(accumulator: &'a Accumulator) -> Self {
        Self {
            spec: &accumulator.spec,
            layout: &accumulator.layout,
            dense: accumulator.spec.width(),
            labels: accumulator.labels.sorted_names().collect(),
            closed: !accumulator.spec.classes.is_empty(),
        }
    }

    /// Classes that averages run over, for these sums.
    pub fn included(&self, sums: &[f64]) -> Vec<bool> {
        let classes = self.labels.len();
        let (support, predicted) = sums[self.dense + classes..].split_at(classes);
        support
            .iter()
            .zip(predicted)
            .map(|(s, p)| self.closed || s + p > 0.0)
            .collect()
    }

    /// The values of these metrics; NaN when undefined.
    pub fn values(&self, sums: &[f64], included: &[bool], wanted: &[bool], out: &mut [f64]) {
        for (at, _, metric) in row_metrics(self.spec).filter(|(at, ..)| wanted[*at]) {
            if let Placement::Columns { start, len } = self.layout[at] {
                out[at] = metric.value(&sums[start..start + len], sums[0]);
            }
        }
        for (at, metric) in class_metrics(self.spec).filter(|(at, _)| wanted[*at]) {
            out[at] = metric.value(&self.class_sums(sums, included));
        }
        if sums[0] == 0.0 {
            out.fill(f64::NAN);
        }
    }

    /// The values of an arm's totals.
    pub fn arm_values(&self, arm: &Arm) -> Vec<f64> {
        let mut values = vec![f64::NAN; self.spec.metrics.len()];
        let all = vec![true; values.len()];
        self.values(&arm.totals, &arm.included, &all, &mut values);
        for (at, prepared) in self.prepared(&arm.kept.rows, |_| true) {
            values[at] = prepared.value(&arm.kept.weights);
        }
        values
    }

    /// The metrics that are no sums, ready for these rows, with their places.
    fn prepared<'r>(
        &'r self,
        rows: &'r [CollectedRows],
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Box<dyn Weighted + 'r>)> {
        let metrics = collected_metrics(self.spec).zip(rows);
        metrics
            .filter(|((at, _), rows)| wanted(*at) && !rows.is_empty())
            .map(|((at, metric), rows)| (at, metric.prepare(rows)))
            .collect()
    }

    /// The parts of one metric's value.
    pub fn components(&self, metric: usize, arm: &Arm) -> Components {
        let sums = &arm.totals;
        if sums[0] == 0.0 {
            return Vec::new();
        }
        match (&self.spec.metrics[metric].statistics, self.layout[metric]) {
            (Statistics::Rows(rows), Placement::Columns { start, len }) => {
                rows.components(&sums[start..start + len], sums[0])
            }
            (Statistics::Classes(class), _) => {
                class.components(&self.class_sums(sums, &arm.included))
            }
            _ => self
                .prepared(&arm.kept.rows, |at| at == metric)
                .first()
                .map_or_else(Vec::new, |(_, prepared)| {
                    prepared.components(&arm.kept.weights)
                }),
        }
    }

    /// The metrics whose replicates mean anything.
    pub fn resampled(&self) -> Vec<bool> {
        let metrics = self.spec.metrics.iter();
        metrics.map(|metric| metric.entry.interval).collect()
    }

    /// The columns of sums that these metrics are computed from.
    pub fn columns_of(&self, wanted: &[bool]) -> Vec<bool> {
        let mut columns = vec![false; self.dense + 3 * self.labels.len()];
        columns[0] = true;
        for (at, _, _) in row_metrics(self.spec).filter(|(at, ..)| wanted[*at]) {
            if let Placement::Columns { start, len } = self.layout[at] {
                columns[start..start + len].fill(true);
            }
        }
        if class_metrics(self.spec).any(|(at, _)| wanted[at]) {
            columns[self.dense..].fill(true);
        }
        columns
    }

    /// How many numbers one replicate of these metrics reads.
    pub fn cost(&self, arm: &Arm, wanted: &[bool]) -> usize {
        let kept = collected_metrics(self.spec).zip(&arm.kept.rows);
        let kept = kept.filter(|((at, _), _)| wanted[*at]);
        let kept = kept.map(|(_, rows)| rows.len() + rows.iter().map(<[f64]>::len).sum::<usize>());
        arm.columns.cost(&self.columns_of(wanted)) + kept.sum::<usize>()
    }

    /// Rows of each class, from a vector of sums.
    pub fn supports<'s>(&self, sums: &'s [f64]) -> &'s [f64] {
        let classes = self.labels.len();
        &sums[self.dense + classes..][..classes]
    }

    fn class_sums<'s>(&'s self, sums: &'s [f64], included: &'s [bool]) -> ClassSums<'s> {
        let classes = self.labels.len();
        let (true_positive, rest) = sums[self.dense..].split_at(classes);
        let (support, predicted) = rest.split_at(classes);
        ClassSums {
            labels: &self.labels,
            true_positive,
            support,
            predicted,
            included,
            n: sums[0],
        }
    }
}

/// Sums of one system (on all rows or on those of a pair), ready for replicates.
pub struct Arm {
    /// Totals.
    pub totals: Vec<f64>,
    /// Classes that averages run over; the full sample's set, in every replicate.
    pub included: Vec<bool>,
    /// Sums by slot.
    pub columns: Columns,
    /// Number of rows.
    pub rows: u64,
    /// What metrics that are no sums keep of the rows.
    pub kept: ArmRows,
}

/// Kept rows of one arm, in canonical order.
#[derive(Debug, Default, Clone)]
pub struct ArmRows {
    /// The rows of each metric.
    pub rows: Vec<CollectedRows>,
    /// Weight of each row.
    pub weights: Vec<f64>,
    /// Slot of each row.
    pub ranks: Vec<u32>,
}

impl ArmRows {
    /// From what a system keeps; `rank` gives the slot of a key hash.
    pub fn new(kept: &Kept, rank: impl Fn(u64) -> u32) -> Self {
        let kept = kept.sorted();
        Self {
            rows: (0..kept.metrics.len()).map(|at| kept.rows_of(at)).collect(),
            weights: kept.keys.iter().map(|key| key.weight).collect(),
            ranks: kept.keys.iter().map(|key| rank(key.slot)).collect(),
        }
    }

    /// These rows, then others.
    fn with(&self, other: &Self) -> Vec<CollectedRows> {
        let both = self.rows.iter().zip(&other.rows);
        both.map(|(mine, theirs)| {
            let mut all = mine.clone();
            for row in 0..theirs.len() {
                all.push(theirs.group(row), theirs.numbers(row));
            }
            all
        })
        .collect()
    }
}

/// Bootstrap values: one vector of replicates for each arm and metric, empty for metrics that are not wanted.
pub fn bootstrap(
    valuer: &Valuer<'_>,
    arms: &[Arm],
    wanted: &[bool],
    slots: usize,
    cancel: Cancel<'_>,
) -> Result<Vec<Vec<Vec<f64>>>> {
    if !wanted.contains(&true) {
        return Ok(vec![vec![Vec::new(); wanted.len()]; arms.len()]);
    }
    let statistics = &valuer.spec.statistics;
    let table = BootstrapTable::get(statistics.seed, slots, statistics.replicates as usize);
    bootstrap_by(
        &Draws::Bootstrap(table),
        valuer,
        arms,
        wanted,
        slots,
        cancel,
    )
}

/// The same with these weights.
pub fn bootstrap_by(
    draws: &Draws,
    valuer: &Valuer<'_>,
    arms: &[Arm],
    wanted: &[bool],
    slots: usize,
    cancel: Cancel<'_>,
) -> Result<Vec<Vec<Vec<f64>>>> {
    let replicates = valuer.spec.statistics.replicates as usize;
    let metrics = wanted.len();
    let cells: usize = arms.iter().map(|arm| valuer.cost(arm, wanted)).sum();
    let columns = valuer.columns_of(wanted);
    let prepared: Vec<_> = arms
        .iter()
        .map(|arm| valuer.prepared(&arm.kept.rows, |at| wanted[at]))
        .collect();
    let blocks = run_blocks(replicates, cells, cancel, |block, lanes| {
        let weights = draws.weights(block, slots);
        let mut values = vec![f64::NAN; arms.len() * metrics * lanes];
        for (at, arm) in arms.iter().enumerate() {
            let sums = arm.columns.block_sums(&weights, &columns);
            let mut numbers = vec![0.0; sums.len()];
            for lane in 0..lanes {
                for (number, sums) in numbers.iter_mut().zip(&sums) {
                    *number = sums[lane];
                }
                let out = &mut values[(at * lanes + lane) * metrics..][..metrics];
                valuer.values(&numbers, &arm.included, wanted, out);
                if prepared[at].is_empty() {
                    continue;
                }
                let drawn = arm.kept.weights.iter().zip(&arm.kept.ranks);
                let drawn: Vec<f64> = drawn
                    .map(|(weight, rank)| weight * f64::from(weights[*rank as usize][lane]))
                    .collect();
                for (metric, prepared) in &prepared[at] {
                    out[*metric] = prepared.value(&drawn);
                }
            }
        }
        values
    })?;
    let mut result = vec![vec![Vec::with_capacity(replicates); metrics]; arms.len()];
    for block in blocks {
        let lanes = block.len() / (arms.len() * metrics);
        for (at, value) in block.into_iter().enumerate() {
            if wanted[at % metrics] {
                result[at / (metrics * lanes)][at % metrics].push(value);
            }
        }
    }
    Ok(result)
}

/// Values without one slot each, for every slot with rows: one vector a metric, empty for those that are not wanted.
pub fn leave_out(
    valuer: &Valuer<'_>,
    arm: &Arm,
    wanted: &[bool],
    cancel: Cancel<'_>,
) -> Result<Vec<Vec<f64>>> {
    let mut result = vec![Vec::new(); wanted.len()];
    if !wanted.contains(&true) {
        return Ok(result);
    }
    let prepared = valuer.prepared(&arm.kept.rows, |at| wanted[at]);
    let mut values = vec![f64::NAN; wanted.len()];
    let mut cancelled = false;
    arm.columns.each_slot(|slot, sums| {
        cancelled = cancelled || cancel();
        if cancelled {
            return;
        }
        let rest = arm.totals.iter().zip(sums);
        let rest: Vec<f64> = rest.map(|(total, sum)| total - sum).collect();
        valuer.values(&rest, &arm.included, wanted, &mut values);
        if !prepared.is_empty() {
            let rows = arm.kept.weights.iter().zip(&arm.kept.ranks);
            let rest: Vec<f64> = rows
                .map(|(weight, rank)| if *rank == slot { 0.0 } else { *weight })
                .collect();
            for (metric, prepared) in &prepared {
                values[*metric] = prepared.value(&rest);
            }
        }
        for (metric, value) in values.iter().enumerate().filter(|(at, _)| wanted[*at]) {
            result[metric].push(*value);
        }
    });
    if cancelled {
        return Err(Error::cancelled());
    }
    Ok(result)
}

/// The paired swap test (Fisher 1935; approximate randomisation, Noreen 1989): the answers of baseline and
/// candidate are exchanged slot by slot. One p-value a metric; `None` where the difference is undefined.
pub fn swap_test(
    valuer: &Valuer<'_>,
    baseline: &Arm,
    candidate: &Arm,
    difference: &Columns,
    slots: usize,
    enough: Enough,
    cancel: Cancel<'_>,
) -> Result<Vec<Option<PValue>>> {
    let metrics = valuer.spec.metrics.len();
    if enough == Enough::Draws(0) {
        return Ok(vec![None; metrics]);
    }
    let exact = slots <= ENUMERATED_SLOTS;
    let (source, enough) = if exact {
        (Draws::AllSwaps, Enough::Draws(1 << slots))
    } else {
        (Draws::Swap(valuer.spec.statistics.seed), enough)
    };
    let (base, cand) = (valuer.arm_values(baseline), valuer.arm_values(candidate));
    let both = baseline.kept.with(&candidate.kept);
    let resampled = valuer.resampled();
    let prepared = valuer.prepared(&both, |at| resampled[at]);
    let columns = valuer.columns_of(&vec![true; metrics]);
    let cost = 2 * (valuer.cost(baseline, &resampled) + valuer.cost(candidate, &resampled));
    let block = |block: usize, lanes: usize| {
        let weights = source.weights(block, slots);
        let sums = difference.block_sums(&weights, &columns);
        let mut extreme = vec![0_u32; metrics];
        let mut swapped = Swapped::new(baseline.totals.len(), metrics);
        for lane in 0..lanes {
            swapped.set(baseline, candidate, &sums, lane);
            swapped.evaluate(valuer);
            if !prepared.is_empty() {
                let arms = [&baseline.kept, &candidate.kept];
                swapped.evaluate_kept(&prepared, arms, &weights, lane);
            }
            swapped.mark(&base, &cand, lane, &mut extreme);
        }
        extreme
    };
    let tallies = tally(enough, metrics, |first, draws| {
        run_blocks(draws as usize, cost, cancel, |at, lanes| {
            block(first + at, lanes)
        })
    })?;
    let p_value = |(metric, tally): (usize, &Tally)| {
        let defined = !(cand[metric] - base[metric]).is_nan() && resampled[metric];
        defined.then(|| tally.p_value(exact))
    };
    Ok(tallies.iter().enumerate().map(p_value).collect())
}

/// The two systems after one draw of swaps.
struct Swapped {
    baseline: Vec<f64>,
    candidate: Vec<f64>,
    values: [Vec<f64>; 2],
    /// The metrics that are wanted: all of them.
    all: Vec<bool>,
}

impl Swapped {
    fn new(columns: usize, metrics: usize) -> Self {
        Self {
            baseline: vec![0.0; columns],
            candidate: vec![0.0; columns],
            values: [vec![f64::NAN; metrics], vec![f64::NAN; metrics]],
            all: vec![true; metrics],
        }
    }

    fn set(&mut self, baseline: &Arm, candidate: &Arm, moved: &[[f64; LANES]], lane: usize) {
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
            valuer.values(sums, &valuer.included(sums), &self.all, values);
        }
    }

    /// The values of what is no sum: every row counts for one system or the other.
    fn evaluate_kept(
        &mut self,
        prepared: &[(usize, Box<dyn Weighted + '_>)],
        [baseline, candidate]: [&ArmRows; 2],
        swaps: &Weights,
        lane: usize,
    ) {
        let weights = |of_baseline: bool| -> Vec<f64> {
            let side = |arm: &ArmRows, own: bool| -> Vec<f64> {
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
    fn mark(&self, base: &[f64], cand: &[f64], lane: usize, extreme: &mut [u32]) {
        let [of_baseline, of_candidate] = &self.values;
        for (metric, marks) in extreme.iter_mut().enumerate() {
            let observed = (cand[metric] - base[metric]).abs();
            let tolerance = TIE_TOLERANCE * base[metric].abs().max(cand[metric].abs()).max(1e-300);
            let drawn = (of_candidate[metric] - of_baseline[metric]).abs();
            *marks |= u32::from(drawn.is_nan() || drawn >= observed - tolerance) << lane;
        }
    }
}

/// Runs the blocks of a number of replicates, in parallel when the work is worth it, in order.
fn run_blocks<T: Send>(
    replicates: usize,
    cells: usize,
    cancel: Cancel<'_>,
    block: impl Fn(usize, usize) -> T + Sync,
) -> Result<Vec<T>> {
    let blocks = replicates.div_ceil(LANES);
    let one = |at: usize| {
        if cancel() {
            return Err(Error::cancelled());
        }
        Ok(block(at, LANES.min(replicates - at * LANES)))
    };
    if cells * blocks < PARALLEL_COST {
        return (0..blocks).map(one).collect();
    }
    let mut done: Vec<Option<T>> = Vec::new();
    done.resize_with(blocks, || None);
    let fill = |(): &mut (), (at, block): (usize, &mut Option<T>)| {
        *block = Some(one(at)?);
        Ok(())
    };
    pool::share(done.iter_mut().enumerate(), || (), fill)?;
    Ok(done.into_iter().flatten().collect())
}
