//! What candidates learned and what they forgot: the tasks of a comparison, each and together.
//!
//! A task is a slice. What needs several tasks is computed from joint replicates of them.

mod measured;

use std::collections::BTreeMap;

use super::finish::{Desk, Scope};
use super::joint::Joint;
use super::resample::bootstrap_by;
use super::{Accumulator, Cancel};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::metrics::{Direction, Estimand};
use crate::result::forgetting::{
    EmarAnswer, ForgettingAnswer, KeptRows, MetricForgetting, TaskChange,
};
use crate::result::{Estimate, Note, PairedAnswer, SliceAnswer};
use crate::spec::{EmarOptions, ForgettingOptions};
use crate::stats::emar::{Variant, improvement};
use crate::stats::interval::Interval;
use measured::{Drawn, Mean, OnTask, Support, note, rate, undefined};

const NO_OTHER_TASK: &str = "every task is one that the candidates were trained for";

/// A task: its desk, and its answer as a slice.
type Task<'a> = (&'a Desk<'a>, &'a SliceAnswer);

/// A pair by its place, and a metric by its.
type Comparison = (usize, usize);

/// What is found of one candidate by one metric.
#[derive(Default)]
struct Suite {
    tasks: Vec<TaskChange>,
    before: Mean,
    after: Mean,
    /// How much worse the candidate is, over the tasks that are no target.
    lost: Mean,
}

impl Accumulator {
    /// Refuses rows of no task if tasks are compared.
    pub(super) fn check_tasks(&self, batch: &Batch<'_>) -> Result<()> {
        if self.spec.forgetting.is_none() {
            return Ok(());
        }
        let mut rows = batch.instances.iter();
        match rows.position(|row| batch.slice(row, "task").is_none_or(str::is_empty)) {
            None => Ok(()),
            Some(row) => Err(Error::invalid(
                "MISSING_TASK",
                format!("instances[{}].task", batch.place(row)),
                "required, as forgetting is found task by task: name the task of every row",
            )),
        }
    }
}

impl Desk<'_> {
    /// The tasks by every candidate and metric that has a direction.
    pub(super) fn forgetting(
        &self,
        asked: &ForgettingOptions,
        tasks: &[Task<'_>],
        cancel: Cancel<'_>,
    ) -> Result<ForgettingAnswer> {
        check_names(asked, tasks)?;
        let rows = tasks.iter().map(|(desk, _)| desk.accumulator);
        let joint = Joint::new(self.accumulator, rows);
        let mut decided = self.decided(tasks).into_iter();
        let mut suites: Vec<Suite> = Vec::new();
        suites.resize_with(self.comparisons().count(), Suite::default);
        let mut kept = BTreeMap::new();
        for (desk, slice) in tasks {
            let values = desk.on_task(slice, &joint, cancel)?;
            let found = self.comparisons().zip(values).zip(decided.by_ref());
            for (suite, ((comparison, values), change)) in suites.iter_mut().zip(found) {
                let task = desk.task_change(slice, comparison, &values, change, asked);
                let metric = comparison.1;
                suite.add(self.direction(metric), task, &values);
                if asked
                    .emar
                    .iter()
                    .any(|one| one.needs(metric, &slice.values[0]))
                {
                    kept.insert((comparison, &slice.values[0][..]), values);
                }
            }
        }
        let suites = self.comparisons().zip(suites);
        Ok(ForgettingAnswer {
            changes: suites
                .map(|(comparison, suite)| self.suite(comparison, suite))
                .collect(),
            emar: self.rates(asked, &kept),
        })
    }

    /// Pairs and metrics in the order of the answer.
    fn comparisons(&self) -> impl Iterator<Item = Comparison> {
        let pairs = 0..self.accumulator.pairs.len();
        pairs.flat_map(|pair| self.tested().map(move |(metric, _)| (pair, metric)))
    }

    fn direction(&self, metric: usize) -> Direction {
        self.accumulator.spec.metrics[metric].direction
    }

    /// Key of the metric, and name of the candidate.
    fn names(&self, (pair, metric): Comparison) -> (String, String) {
        let Accumulator { spec, pairs, .. } = self.accumulator;
        let candidate = &spec.systems[pairs[pair].candidate].name;
        (spec.metrics[metric].key.clone(), candidate.clone())
    }

    /// The comparisons of all tasks, decided as one family: that nothing was forgotten is a claim about all of them.
    fn decided(&self, tasks: &[Task<'_>]) -> Vec<PairedAnswer> {
        let comparisons = tasks.iter().flat_map(|(_, slice)| &slice.comparisons);
        let mut comparisons: Vec<PairedAnswer> = comparisons.cloned().collect();
        let correction = self.accumulator.spec.statistics.correction;
        self.decide_family(&mut comparisons, correction, "tasks x metrics x candidates");
        comparisons
    }

    /// The values of this task, with joint replicates.
    fn on_task(
        &self,
        slice: &SliceAnswer,
        joint: &Joint,
        cancel: Cancel<'_>,
    ) -> Result<Vec<OnTask>> {
        let task = &slice.values[0];
        let least = self.accumulator.spec.statistics.min_slice_size;
        let unsure = (self.scope == Scope::SmallSlice).then(|| {
            let rows = slice.rows;
            format!("the task {task} has {rows} rows, fewer than min_slice_size = {least}")
        });
        let (arms, pair_arms) = self.arms();
        let mut wanted = vec![false; self.accumulator.spec.metrics.len()];
        for (at, metric) in self.tested() {
            wanted[at] = self.has_intervals(metric);
        }
        let replicates = if wanted.contains(&true) {
            let draws = joint.draws(self.accumulator);
            let slots = self.ranks.len();
            bootstrap_by(&draws, &self.valuer, &arms, &wanted, slots, cancel)?
        } else {
            vec![vec![Vec::new(); wanted.len()]; arms.len()]
        };
        let values: Vec<Vec<f64>> = arms.iter().map(|arm| self.valuer.arm_values(arm)).collect();
        let drawn = |arm: usize, metric: usize| Drawn {
            value: values[arm][metric],
            replicates: replicates[arm][metric].clone(),
        };
        let on_task = |(pair, metric): Comparison| {
            let (base, cand) = pair_arms[pair];
            let (before, after) = (drawn(base, metric), drawn(cand, metric));
            let is_defined = !(before.value.is_nan() || after.value.is_nan());
            let undefined = || format!("there is no value on the rows of the task {task}");
            let rows = arms[base].rows;
            OnTask {
                before,
                after,
                support: Support {
                    rows,
                    failed: slice.rows - rows,
                    slots: arms[base].columns.slots_with_rows(),
                    undefined: (!is_defined).then(undefined),
                    unsure: unsure.clone(),
                },
            }
        };
        Ok(self.comparisons().map(on_task).collect())
    }

    fn task_change(
        &self,
        slice: &SliceAnswer,
        (pair, metric): Comparison,
        values: &OnTask,
        change: PairedAnswer,
        asked: &ForgettingOptions,
    ) -> TaskChange {
        let task = slice.values[0].clone();
        let small = slice.notes.iter().filter(|note| note.code == "SMALL_SLICE");
        let mut notes: Vec<Note> = small.cloned().collect();
        let (relative_improvement, more) = rate(
            Variant::RelativeImprovement,
            self.direction(metric),
            values,
            values,
            self.accumulator.spec.statistics.confidence,
        );
        notes.extend(more);
        TaskChange {
            is_target: asked.is_target(&task),
            task,
            rows: slice.rows,
            kept: self.kept_rows(pair, metric, values.before.value),
            change,
            relative_improvement,
            notes,
        }
    }

    /// Rows by which of the two systems got them right. Their numbers follow from the rows won and lost, and from the
    /// share that the baseline gets right, as long as every row counts once.
    fn kept_rows(&self, pair: usize, metric: usize, before: f64) -> Option<KeptRows> {
        let Accumulator {
            spec,
            pairs,
            design,
            ..
        } = self.accumulator;
        let metric_ = &spec.metrics[metric];
        let counts = metric_.estimand == Estimand::Proportion && metric_.entry.row_score;
        if !counts || design.is_weighted() || before.is_nan() {
            return None;
        }
        let [gained, lost, ties] = pairs[pair].outcomes[metric];
        let share = before / metric_.range.1;
        let share = if metric_.direction == Direction::Lower {
            1.0 - share
        } else {
            share
        };
        let right = (share * (gained + lost + ties) as f64).round() as u64;
        let retained = right.checked_sub(lost)?;
        Some(KeptRows {
            retained,
            gained,
            lost,
            never: ties.checked_sub(retained)?,
        })
    }

    fn suite(&self, comparison: Comparison, suite: Suite) -> MetricForgetting {
        let (metric, candidate) = self.names(comparison);
        let confidence = self.accumulator.spec.statistics.confidence;
        let average_forgetting = suite.lost.estimate(confidence, NO_OTHER_TASK);
        let before = suite.before.drawn();
        let after = suite.after.drawn();
        let difference = before.zip(after).map(|((before, support), (after, _))| {
            let difference = after.with(&before, |after, before| after - before);
            support.estimate(&difference, confidence)
        });
        let notes = if average_forgetting.undefined_reason == NO_OTHER_TASK {
            let text = format!("{NO_OTHER_TASK}: rows of other tasks would show what they forgot");
            Vec::from([note("NO_OTHER_TASK", &text)])
        } else {
            Vec::new()
        };
        MetricForgetting {
            metric,
            candidate,
            backward_transfer: negative(&average_forgetting),
            average_forgetting,
            macro_baseline: suite.before.estimate(confidence, ""),
            macro_candidate: suite.after.estimate(confidence, ""),
            macro_difference: difference.unwrap_or_else(|| undefined("")),
            tasks: suite.tasks,
            notes,
        }
    }

    /// The rates that are asked for, from the values that they need.
    fn rates(
        &self,
        asked: &ForgettingOptions,
        values: &BTreeMap<(Comparison, &str), OnTask>,
    ) -> Vec<EmarAnswer> {
        let mut rates = Vec::new();
        for one in &asked.emar {
            for comparison in self.comparisons().filter(|(_, at)| *at == one.metric) {
                let of = |task| values.get(&(comparison, task));
                if let Some((target, benchmark)) = of(&one.target[..]).zip(of(&one.benchmark[..])) {
                    let variants = one.variants.iter();
                    rates
                        .extend(variants.map(|variant| {
                            self.emar(comparison, one, *variant, target, benchmark)
                        }));
                }
            }
        }
        rates
    }

    fn emar(
        &self,
        comparison: Comparison,
        asked: &EmarOptions,
        variant: Variant,
        target: &OnTask,
        benchmark: &OnTask,
    ) -> EmarAnswer {
        let (metric, candidate) = self.names(comparison);
        let direction = self.direction(comparison.1);
        let confidence = self.accumulator.spec.statistics.confidence;
        let (estimate, notes) = rate(variant, direction, target, benchmark, confidence);
        let values = [&target.before, &target.after, &benchmark.before];
        EmarAnswer {
            metric,
            candidate,
            target_task: asked.target.clone(),
            benchmark_task: asked.benchmark.clone(),
            variant,
            definition: variant.definition(direction),
            estimate,
            values: values.map(|drawn| Some(drawn.value).filter(|value| !value.is_nan())),
            notes,
        }
    }
}

impl Suite {
    fn add(&mut self, direction: Direction, task: TaskChange, values: &OnTask) {
        let OnTask {
            before,
            after,
            support,
        } = values;
        self.before.add(before, support);
        self.after.add(after, support);
        if !task.is_target {
            let lost = after.with(before, |after, before| {
                improvement(direction, after, before)
            });
            self.lost.add(&lost, support);
        }
        self.tasks.push(task);
    }
}

/// Every task that is named occurs.
fn check_names(asked: &ForgettingOptions, tasks: &[Task<'_>]) -> Result<()> {
    let is_known = |name: &str| tasks.iter().any(|(_, slice)| slice.values[0] == name);
    let mut named = asked.names.iter();
    match named.find(|(name, _)| !is_known(name)) {
        None => Ok(()),
        Some((_, field)) => Err(Error::invalid(
            "UNKNOWN_TASK",
            field.as_str(),
            "no row has this task: write it as in the field task of the rows",
        )),
    }
}

/// The estimate of minus the value.
fn negative(estimate: &Estimate) -> Estimate {
    Estimate {
        value: estimate.value.map(|value| 0.0 - value),
        interval: estimate.interval.map(|found| Interval {
            low: 0.0 - found.high,
            high: 0.0 - found.low,
            ..found
        }),
        ..estimate.clone()
    }
}
