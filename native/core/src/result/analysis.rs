//! The answer of an error analysis.

use super::{ConfusionMatrix, Note};

/// What is wrong, where, and what another system changes.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorAnalysis {
    /// Systems in the order of the request.
    pub systems: Vec<SystemErrors>,
    /// Candidates in the order of the request; none for Evaluate.
    pub pairs: Vec<PairErrors>,
    /// By metric that has row scores: rows whose mean score over all systems is the worst, worst first.
    pub hardest: Vec<(String, Vec<ListedRow>)>,
    /// What a reader should know.
    pub notes: Vec<Note>,
}

/// A row as an example.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRow {
    /// Id, or `#position`.
    pub id: String,
    /// Row scores of the systems concerned.
    pub scores: Vec<f64>,
}

/// Two labels that were confused.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    /// Gold label.
    pub gold: String,
    /// Predicted label.
    pub predicted: String,
    /// Number (weight) of rows.
    pub count: f64,
    /// Its share of the rows of the gold label.
    pub share: f64,
    /// Some of the rows.
    pub rows: Vec<ListedRow>,
}

/// Words in a row, with how often they occur.
#[derive(Debug, Clone, PartialEq)]
pub struct Ngram {
    /// The words, with a space between.
    pub text: String,
    /// Occurrences in texts of the system.
    pub produced: u32,
    /// Occurrences in the first references of the same rows.
    pub referenced: u32,
    /// Log-likelihood ratio of equal shares.
    pub log_likelihood: f64,
}

/// Errors of one system.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemErrors {
    /// Name.
    pub system: String,
    /// If a metric counts labels.
    pub confusion: Option<ConfusionMatrix>,
    /// The pairs of labels that were confused most often.
    pub confusions: Vec<Confusion>,
    /// By metric that has row scores.
    pub metrics: Vec<MetricErrors>,
    /// N-grams that it produces more often than references do, most telling first.
    pub overproduced: Vec<Ngram>,
    /// N-grams that it produces less often than references do.
    pub underproduced: Vec<Ngram>,
}

/// Row scores of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricErrors {
    /// Key of the request.
    pub metric: String,
    /// Rows of the best score; `None` if there is no best score.
    pub right: Option<u64>,
    /// The other rows, worst first; only bands that have rows.
    pub bands: Vec<ScoreBand>,
    /// Rows by words of the first reference.
    pub by_reference_length: Vec<LengthBucket>,
    /// Rows by words of the prediction.
    pub by_prediction_length: Vec<LengthBucket>,
}

/// Rows of similar scores that are not right.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreBand {
    /// Worst and best score; `None` if the scale has no ends.
    pub ends: Option<(f64, f64)>,
    /// Number of rows.
    pub rows: u64,
    /// Some of them.
    pub samples: Vec<ListedRow>,
}

/// Rows of similar length.
#[derive(Debug, Clone, PartialEq)]
pub struct LengthBucket {
    /// Fewest words.
    pub low: u32,
    /// Most words; `None` for no end.
    pub high: Option<u32>,
    /// Number of rows.
    pub rows: u64,
    /// Mean row score; `None` if scores are too large to be summed.
    pub mean_score: Option<f64>,
    /// Share of rows that are not right; `None` if there is no best score.
    pub error_rate: Option<f64>,
}

/// What a candidate changes.
#[derive(Debug, Clone, PartialEq)]
pub struct PairErrors {
    /// Name of the candidate.
    pub candidate: String,
    /// Confusion matrix of the candidate minus the baseline's, on common rows; if a metric counts labels.
    pub confusion: Option<ConfusionMatrix>,
    /// By metric that has row scores.
    pub metrics: Vec<RowChanges>,
}

/// Rows whose scores differ by one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct RowChanges {
    /// Key of the request.
    pub metric: String,
    /// Rows by whether the baseline and whether the candidate is right; `None` if there is no best score.
    pub right: Option<[[u64; 2]; 2]>,
    /// Rows with the largest gains, scores of baseline and candidate.
    pub gains: Vec<ListedRow>,
    /// Rows with the largest losses.
    pub losses: Vec<ListedRow>,
}
