//! What a metric is: the traits that every metric file implements, one for each kind of statistics.

use super::collected::CollectedMetric;
use super::field::Field;
use super::row::Row;
use super::semantic::Measure;
use crate::stats::sacrebleu::Number;
use crate::text::UNICODE_VERSION;
use crate::text::scratch::Scratch;

/// What a row's statistics lost; set bits become notes of the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowFlags(pub u8);

impl RowFlags {
    /// The tokenizer dropped letters or digits that are not ASCII.
    pub const NON_ASCII_DROPPED: u8 = 1;
    /// A text of several sentences has no newline, so it counts as one sentence.
    pub const NO_NEWLINE: u8 = 2;
    /// A text was cut at a limit that a parameter sets.
    pub const TRUNCATED: u8 = 4;

    /// Number of flags.
    pub const COUNT: usize = 3;

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The parts of a value: name and number, `None` when undefined.
pub type Components = Vec<(String, Option<f64>)>;

/// Why a metric refuses a row. Refused rows make the call fail, with the path of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Upper-case word of a closed set.
    pub reason: &'static str,
    /// Path within the row, for example `references[1]`; a field of the prediction begins with `prediction.`.
    pub field: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl Problem {
    /// A problem.
    pub fn new(reason: &'static str, field: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            reason,
            field: field.into(),
            text: text.into(),
        }
    }
}

/// What the references of a call's rows were like, for signatures of other tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceCounts {
    /// Fewest references of a row.
    pub fewest: u32,
    /// Most references of a row.
    pub most: u32,
}

/// What a metric's value is of the scores of its rows: it decides which intervals and tests there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimand {
    /// The share of rows that are right: their weighted mean, where a score is 0 or the top of the scale.
    Proportion,
    /// The weighted mean of the rows' scores.
    Mean,
    /// Any other function of the rows.
    Function,
}

/// A metric whose corpus value is a function of the sum of its rows' statistics.
pub trait RowMetric: Send + Sync {
    /// Numbers in the statistics vector; at least one.
    fn width(&self) -> usize;

    /// What it needs of a row, if parameters change what the registry says.
    fn needs(&self) -> Option<&'static [Field]> {
        None
    }

    /// Parameters of the per-row score where they differ from the metric's own, if parameters or the profile change what
    /// the registry says.
    fn row_params(&self) -> Option<&'static [(&'static str, &'static str)]> {
        None
    }

    /// The version of Unicode that the definition rests on, or versions joined by `+`; part of the signature.
    fn unicode(&self) -> &'static str {
        UNICODE_VERSION
    }

    /// The name in [`Field::Scores`] that it needs.
    fn score_name(&self) -> Option<&str> {
        None
    }

    /// What a model must compute of every row.
    fn measure(&self) -> Option<&Measure> {
        None
    }

    /// Whether [`RowMetric::check_row`] may refuse rows.
    fn checks_rows(&self) -> bool {
        false
    }

    /// Refuses a row whose fields are there but make no sense for the metric.
    fn check_row(&self, _row: &Row<'_>) -> Result<(), Problem> {
        Ok(())
    }

    /// Computes the statistics of one row into `out`, all zero before. Numbers are in [-2^32, 2^32] and are
    /// summed exactly, in fixed point at 2^-64; see [`super::wide`] for others.
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags;

    /// The value for the sums over `n` rows (both may be weighted); NaN when undefined.
    fn value(&self, sums: &[f64], n: f64) -> f64;

    /// The named parts of the value.
    fn components(&self, sums: &[f64], n: f64) -> Components;

    /// The score of one row from its statistics; `None` if rows have none.
    fn row_score(&self, stats: &[f64]) -> Option<f64>;

    /// What the value is of the rows' scores.
    fn estimand(&self) -> Estimand {
        Estimand::Function
    }

    /// The value as sacrebleu computes it from sums in single precision; `None` for metrics that are not sacrebleu's.
    fn single_precision(&self, _sums: &[f64]) -> Option<Number> {
        None
    }

    /// The signature that the reference implementation gives this definition.
    fn reference_signature(&self, _references: ReferenceCounts) -> Option<String> {
        None
    }
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
    /// Rows; weighted if rows have weights.
    pub n: f64,
}

/// A metric over labels: the value of counts by class.
pub trait ClassMetric: Send + Sync {
    /// Whether rows have sets of labels instead of exactly one. All label metrics of a call agree.
    fn multilabel(&self) -> bool {
        false
    }

    /// Checks once, before any value is asked for, that the metric is defined for these classes.
    /// The error names the parameter and says what to do.
    fn check(&self, labels: &[&str]) -> Result<(), (&'static str, String)>;

    /// The value; NaN when undefined.
    fn value(&self, sums: &ClassSums<'_>) -> f64;

    /// The named parts of the value.
    fn components(&self, sums: &ClassSums<'_>) -> Components;

    /// The score of one row, whose labels are right or not; `None` if rows have none.
    fn row_score(&self, correct: bool) -> Option<f64>;

    /// What the value is of the rows' scores.
    fn estimand(&self) -> Estimand {
        Estimand::Function
    }

    /// Whether the result carries the confusion matrix, and divided by what.
    fn matrix(&self) -> Option<Normalize> {
        None
    }
}

/// What the cells of a confusion matrix are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalize {
    /// Nothing.
    None,
    /// The rows of the gold class.
    Gold,
    /// The rows of the predicted class.
    Predicted,
    /// All rows.
    All,
}

/// Which statistics a metric rests on.
pub enum Statistics {
    /// Its own vector of statistics a row.
    Rows(Box<dyn RowMetric>),
    /// Counts by class.
    Classes(Box<dyn ClassMetric>),
    /// Numbers that are kept for every row.
    Collected(Box<dyn CollectedMetric>),
}
