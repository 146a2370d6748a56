//! What a metric is: the traits that every metric file implements.

use crate::text::scratch::Scratch;

/// One (row, system) as text metrics see it.
#[derive(Debug, Clone, Copy)]
pub struct TextRow<'a> {
    /// The answer of the system.
    pub prediction: &'a str,
    /// At least one.
    pub references: &'a [&'a str],
    /// Differs from call to call within one [`Scratch`]: metrics that share a tokenizer use it to see
    /// that the tokens of this row are already there.
    pub serial: u64,
}

/// How a column of statistics is summed. Rows give every column as f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// An integer below 2^53; summed exactly.
    Count,
    /// A real number in [-2^32, 2^32]; summed in fixed point at 2^-64, so that sums do not depend on order.
    Real,
}

/// What a row's statistics lost; set bits become notes of the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowFlags(pub u8);

impl RowFlags {
    /// The tokenizer dropped letters or digits that are not ASCII.
    pub const NON_ASCII_DROPPED: u8 = 1;
}

/// The parts of a value: name and number, `None` when undefined.
pub type Components = Vec<(String, Option<f64>)>;

/// A metric over texts: a vector of statistics a row, and the value of a sum of vectors.
pub trait TextMetric: Send + Sync {
    /// The columns of the statistics vector; at least one.
    fn columns(&self) -> &'static [Column];

    /// Computes the statistics of one row into `out`, one number a column.
    fn row(&self, row: &TextRow<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags;

    /// The value for the sums over `n` rows (both may be weighted); NaN when undefined.
    fn value(&self, sums: &[f64], n: f64) -> f64;

    /// The named parts of the value.
    fn components(&self, sums: &[f64], n: f64) -> Components;

    /// The score of one row from its statistics; `None` if rows have none.
    fn row_score(&self, stats: &[f64]) -> Option<f64>;
}

/// Counts by class, in label order.
#[derive(Debug, Clone, Copy)]
pub struct ClassSums<'a> {
    /// Class names in label order.
    pub labels: &'a [&'a str],
    /// Rows where prediction and gold label are the class.
    pub true_positive: &'a [f64],
    /// Rows whose gold label is the class.
    pub support: &'a [f64],
    /// Rows whose prediction is the class.
    pub predicted: &'a [f64],
    /// Classes that averages run over: all classes that the caller names, else those that occur as a gold
    /// or predicted label, as in scikit-learn.
    pub included: &'a [bool],
    /// Rows.
    pub n: f64,
}

/// A metric over labels: the value of counts by class.
pub trait ClassMetric: Send + Sync {
    /// Checks once, before any value is asked for, that the metric is defined for these classes.
    /// The error names the parameter and says what to do.
    fn check(&self, labels: &[&str]) -> Result<(), (&'static str, String)>;

    /// The value; NaN when undefined.
    fn value(&self, sums: &ClassSums<'_>) -> f64;

    /// The named parts of the value.
    fn components(&self, sums: &ClassSums<'_>) -> Components;

    /// The score of one row; `None` if rows have none.
    fn row_score(&self, correct: bool) -> Option<f64>;

    /// Whether the result carries the confusion matrix.
    fn wants_matrix(&self) -> bool {
        false
    }
}

/// Which statistics a metric rests on.
pub enum Statistics {
    /// Its own vector of statistics.
    Text(Box<dyn TextMetric>),
    /// Counts by class.
    Classes(Box<dyn ClassMetric>),
}
