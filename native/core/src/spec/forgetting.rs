//! What is asked of the tasks of a comparison.

use crate::stats::emar::Variant;

/// Asks what candidates learned and forgot, task by task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgettingOptions {
    /// The tasks that candidates were trained for.
    pub targets: Vec<String>,
    /// All tasks that are named, each with the field that names it.
    pub names: Vec<(String, String)>,
    /// Rates of adaptation.
    pub emar: Vec<EmarOptions>,
    /// Place of the slicing by task.
    pub slicing: usize,
    /// Whether the slices by task were asked for as such, too.
    pub shows_slices: bool,
}

impl ForgettingOptions {
    /// Whether the candidates were trained for a task.
    pub fn is_target(&self, task: &str) -> bool {
        self.targets.iter().any(|target| target == task)
    }
}

/// Asks for a rate of adaptation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmarOptions {
    /// Place of the metric.
    pub metric: usize,
    /// The task that candidates were trained for.
    pub target: String,
    /// The task whose value before the improvement is measured by.
    pub benchmark: String,
    /// The definitions that are wanted.
    pub variants: Vec<Variant>,
}

impl EmarOptions {
    /// Whether it is computed from a metric's values on a task.
    pub fn needs(&self, metric: usize, task: &str) -> bool {
        self.metric == metric && (self.target == task || self.benchmark == task)
    }
}
