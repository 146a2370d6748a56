//! What candidates learned and forgot, as plain data.

use super::{Estimate, Note, PairedAnswer};
use crate::stats::emar::Variant;

/// The tasks of a comparison.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForgettingAnswer {
    /// One a candidate and metric, candidates first.
    pub changes: Vec<MetricForgetting>,
    /// Rates of adaptation in the order of the request, then by candidate and definition.
    pub emar: Vec<EmarAnswer>,
}

/// One candidate by one metric on all tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricForgetting {
    /// Key of the metric.
    pub metric: String,
    /// Name of the candidate.
    pub candidate: String,
    /// Task by task, in the order of their names.
    pub tasks: Vec<TaskChange>,
    /// How much worse the candidate is, on average over the tasks that are no target.
    pub average_forgetting: Estimate,
    /// Its negative.
    pub backward_transfer: Estimate,
    /// Mean of the baseline's values over all tasks.
    pub macro_baseline: Estimate,
    /// Mean of the candidate's values over all tasks.
    pub macro_candidate: Estimate,
    /// The difference of these means.
    pub macro_difference: Estimate,
    /// About the whole.
    pub notes: Vec<Note>,
}

/// One candidate by one metric on one task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskChange {
    /// Name of the task.
    pub task: String,
    /// Whether candidates were trained for it.
    pub is_target: bool,
    /// Number of rows.
    pub rows: u64,
    /// Candidate against baseline.
    pub change: PairedAnswer,
    /// Improvement as a share of the baseline's value.
    pub relative_improvement: Estimate,
    /// Rows by what the systems got right; `None` if rows are not right or wrong.
    pub kept: Option<KeptRows>,
    /// What to know before trusting the numbers.
    pub notes: Vec<Note>,
}

/// Rows by which of two systems got them right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptRows {
    /// Both.
    pub retained: u64,
    /// Only the candidate.
    pub gained: u64,
    /// Only the baseline.
    pub lost: u64,
    /// Neither.
    pub never: u64,
}

/// A rate of adaptation of one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct EmarAnswer {
    /// Key of the metric.
    pub metric: String,
    /// Name of the candidate.
    pub candidate: String,
    /// The task that candidates were trained for.
    pub target_task: String,
    /// The task that the improvement is measured by.
    pub benchmark_task: String,
    /// The definition.
    pub variant: Variant,
    /// The same as a formula.
    pub definition: &'static str,
    /// The rate.
    pub estimate: Estimate,
    /// Values before, after and of the benchmark.
    pub values: [Option<f64>; 3],
    /// What to know before trusting it.
    pub notes: Vec<Note>,
}
