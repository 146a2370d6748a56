//! Answers as plain data; the wire layer encodes them.

pub mod analysis;
pub mod forgetting;

use std::borrow::Cow;
use std::sync::Arc;

use crate::gate::GateAnswer;
use crate::metrics::{Components, Direction};
use crate::stats::effect::EffectSize;
use crate::stats::interval::Interval;
use crate::stats::margin::Beyond;
use crate::stats::paired_test::PairedTest;
use crate::stats::sacrebleu::ResampledMean;

/// Why a row failed for a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// Position of the row.
    pub row: u64,
    /// Id, or `#position`.
    pub id: String,
    /// Upper-case word of a closed set.
    pub reason: Cow<'static, str>,
    /// The reason in words.
    pub message: String,
}

/// Something a reader should know about a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Upper-case word of a closed set.
    pub code: &'static str,
    /// The note in words.
    pub text: String,
    /// Rows concerned; 0 for the whole.
    pub count: u64,
    /// Some of the rows concerned.
    pub row_ids: Vec<String>,
}

/// A value and how sure it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// `None` when undefined.
    pub value: Option<f64>,
    /// `None` when there is none.
    pub interval: Option<Interval>,
    /// Rows it rests on.
    pub n: u64,
    /// Rows left out.
    pub n_failed: u64,
    /// Why value or interval is missing.
    pub undefined_reason: String,
}

/// Rows by (gold, predicted).
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionMatrix {
    /// Classes in label order.
    pub labels: Vec<String>,
    /// Whether the numbers are of rows, not shares of them.
    pub are_counts: bool,
    /// Number of rows of every cell, gold by gold; empty if `cells` holds the matrix.
    pub counts: Arc<Vec<u64>>,
    /// The cells that are not zero: gold, predicted, number (weight, share) of rows; by gold, then predicted.
    pub cells: Vec<(u32, u32, f64)>,
}

/// One metric of one system.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricAnswer {
    /// Key of the request.
    pub key: String,
    /// The whole definition.
    pub signature: String,
    /// Definition of row scores where it differs.
    pub row_signature: String,
    /// The reference implementation's own signature; may be empty.
    pub reference_signature: String,
    /// Which way is better.
    pub direction: Direction,
    /// The value.
    pub estimate: Estimate,
    /// Highest value of the scale.
    pub scale: f64,
    /// Parts of the value.
    pub components: Components,
    /// For the metric `confusion_matrix`.
    pub confusion: Option<ConfusionMatrix>,
    /// What to know before trusting the value.
    pub notes: Vec<Note>,
}

/// One system.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemAnswer {
    /// Name.
    pub name: String,
    /// Metrics in the order of the request.
    pub metrics: Vec<MetricAnswer>,
    /// Row scores by metric key, if asked.
    pub row_scores: Vec<(String, Vec<f64>)>,
    /// Failed rows, if asked.
    pub row_errors: Vec<RowError>,
}

/// The verdict by one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Significantly better.
    Improved,
    /// Significantly worse.
    Regressed,
    /// Surely neither better nor worse by the margin.
    Equivalent,
    /// Surely not worse by the margin.
    NotWorse,
    /// The data do not tell.
    Inconclusive,
}

/// A p-value with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PValue {
    /// Two-sided.
    pub value: f64,
    /// No draw was as extreme as the data.
    pub at_floor: bool,
    /// Draws, or all assignments that were enumerated; 0 for a formula.
    pub draws: u64,
}

/// One candidate against the baseline by one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedAnswer {
    /// Key of the metric.
    pub metric: String,
    /// Name of the candidate.
    pub candidate: String,
    /// Candidate minus baseline on common rows.
    pub difference: Estimate,
    /// Value of the baseline on common rows.
    pub baseline_value: Option<f64>,
    /// Value of the candidate on common rows.
    pub candidate_value: Option<f64>,
    /// `None` when undefined.
    pub p: Option<PValue>,
    /// Name of the test.
    pub test: &'static str,
    /// After correction.
    pub p_adjusted: Option<f64>,
    /// The family in words.
    pub family: String,
    /// Smallest difference that these rows would most likely show, where they show none.
    pub mde: Option<f64>,
    /// Effect sizes by name; none without row scores.
    pub effect_sizes: Vec<EffectSize>,
    /// Wins, losses, ties of rows; `None` without row scores.
    pub outcomes: Option<[u64; 3]>,
    /// Differences smaller than this do not matter.
    pub margin: Option<f64>,
    /// One-sided p-values of a difference beyond the margin, before correction.
    pub beyond_margin: Option<Beyond>,
    /// That of being worse by the margin, after correction.
    pub p_not_worse: Option<f64>,
    /// That of being better or worse by the margin, after correction.
    pub p_equivalent: Option<f64>,
    /// Significant, and yet surely smaller than the margin.
    pub within_margin: bool,
    /// Means of baseline and candidate as sacrebleu's bootstrap gives them, if it is asked.
    pub resampled: Option<[ResampledMean; 2]>,
    /// Lowest and highest difference that rows missing on one side leave possible.
    pub possible: Option<(f64, f64)>,
    /// The verdict.
    pub decision: Decision,
}

/// A system among all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemRank {
    /// Name.
    pub system: String,
    /// From 1, the best; equal systems share the better rank.
    pub rank: u32,
    /// Best and worst rank that the replicates leave likely.
    pub interval: Option<(u32, u32)>,
}

/// All systems by one metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// Key of the metric.
    pub metric: String,
    /// Best first; systems without a value are left out.
    pub ranks: Vec<SystemRank>,
}

impl PairedAnswer {
    /// Whether what was tested points the same way as this change of the value. Rows of the sign test may not, and
    /// sacrebleu's tests call no change at all significant.
    pub fn points_one_way(&self, change: f64) -> bool {
        match self.outcomes {
            _ if change == 0.0 => false,
            Some([wins, losses, _]) if self.test == PairedTest::Sign.name() => {
                (wins > losses) == (change > 0.0)
            }
            _ => true,
        }
    }
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Systems in the order of the request.
    pub systems: Vec<SystemAnswer>,
    /// Ids of the rows, if their scores are asked and they have ids.
    pub row_ids: Vec<String>,
    /// Name of the baseline; empty for Evaluate.
    pub baseline: String,
    /// Comparisons, candidates first, then metrics.
    pub comparisons: Vec<PairedAnswer>,
    /// All systems in order, by metric, if there are at least three.
    pub rankings: Vec<Ranking>,
    /// About the comparison as a whole.
    pub notes: Vec<Note>,
    /// If it was asked for.
    pub analysis: Option<analysis::ErrorAnalysis>,
    /// The verdict of the gate, if there is one.
    pub gate: Option<GateAnswer>,
    /// What candidates learned and forgot, if it was asked for.
    pub forgetting: Option<forgetting::ForgettingAnswer>,
    /// Number of resampling slots; 0 when nothing was resampled.
    pub slots: u32,
    /// What identified rows.
    pub row_key: &'static str,
    /// Digest of the specification.
    pub spec_digest: String,
    /// In the order of slicings and values.
    pub slices: Vec<SliceAnswer>,
    /// How well slices agree, by slicing, candidate and metric.
    pub consistency: Vec<ConsistencyAnswer>,
}

/// One slice.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceAnswer {
    /// Canonical form of the slicing.
    pub by: String,
    /// The value of each crossed part.
    pub values: Vec<String>,
    /// Number of rows.
    pub rows: u64,
    /// Systems in the order of the request.
    pub systems: Vec<SystemAnswer>,
    /// Comparisons on the slice, candidates first.
    pub comparisons: Vec<PairedAnswer>,
    /// About the slice as a whole.
    pub notes: Vec<Note>,
}

/// How well the slices of one slicing agree about a candidate by one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsistencyAnswer {
    /// Canonical form of the slicing.
    pub by: String,
    /// Key of the metric.
    pub metric: String,
    /// Name of the candidate.
    pub candidate: String,
    /// Slices with a difference and enough rows.
    pub slices: u64,
    /// Of these, those where the candidate is better, whether significantly or not.
    pub improved: u64,
    /// Share of the rows of `slices` that are in `improved`.
    pub improved_rows: f64,
    /// Place in [`Answer::slices`] of the slice where the candidate does worst.
    pub worst: Option<usize>,
    /// Whether the differences of the slices are alike.
    pub heterogeneity: Option<crate::stats::heterogeneity::Heterogeneity>,
    /// What to know before trusting the whole.
    pub notes: Vec<Note>,
}
