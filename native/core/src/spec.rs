//! What to evaluate and how: the checked header of a call.

mod forgetting;

use std::fmt::Write;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::gate::Policy;
use crate::metrics::{Field, FieldSet, Measure, ResolvedMetric, Statistics, text_form};
use crate::slicing::Slicing;
use crate::stats::interval::Method;
use crate::stats::paired_test::PairedTest;

pub use forgetting::{EmarOptions, ForgettingOptions};

/// Which rows to report one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowReport {
    /// None.
    None,
    /// Rows that failed.
    Failed,
    /// Failed rows and the scores of every row.
    All,
}

/// Correction for several tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Holm's step-down procedure.
    Holm,
    /// Holm's procedure with Sidak's bound.
    HolmSidak,
    /// The false discovery rate, by Benjamini and Hochberg.
    BenjaminiHochberg,
    /// The false discovery rate under any dependence, by Benjamini and Yekutieli.
    BenjaminiYekutieli,
    /// None.
    None,
}

impl Correction {
    /// Its name in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holm => "holm",
            Self::HolmSidak => "holm-sidak",
            Self::BenjaminiHochberg => "benjamini-hochberg",
            Self::BenjaminiYekutieli => "benjamini-yekutieli",
            Self::None => "no correction",
        }
    }
}

/// Where the predictions of a system come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// From the rows.
    Inline,
    /// From a model of the server, named by alias, fed from the named input.
    Model {
        /// Alias of the model.
        alias: String,
        /// Key of the rows' inputs.
        input: String,
        /// Key of the input that is the second text of a pair; empty: texts are no pairs.
        pair_input: String,
        /// Tokens that a later window of a long text keeps as context.
        context_tokens: u32,
        /// How it writes, if the request says so.
        generation: Option<Generation>,
    },
    /// From an endpoint of the server's settings, named by alias, fed from the named input.
    Remote {
        /// Alias of the endpoint.
        alias: String,
        /// Key of the rows' inputs.
        input: String,
    },
    /// From a baseline that learns from the rows of the split [`TRAINING_SPLIT`].
    Baseline {
        /// What to train.
        kind: String,
        /// Key of the rows' inputs.
        input: String,
    },
}

/// How a language model writes, as the request says; whoever runs it checks it and knows the defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Most tokens of an answer.
    pub max_tokens: Option<u32>,
    /// What logits are divided by; 0 takes the likeliest token.
    pub temperature: Option<f64>,
    /// Share of probability that tokens are drawn from.
    pub top_p: Option<f64>,
    /// Of the draws.
    pub seed: Option<u64>,
    /// Texts before which an answer ends.
    pub stop: Vec<String>,
}

impl Source {
    /// The key of the rows' inputs, if the server has the rows answered.
    pub fn input(&self) -> Option<&str> {
        match self {
            Self::Inline => None,
            Self::Model { input, .. }
            | Self::Remote { input, .. }
            | Self::Baseline { input, .. } => Some(input),
        }
    }
}

/// The split whose rows baselines learn from.
pub const TRAINING_SPLIT: &str = "train";

/// A system under evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Unique name.
    pub name: String,
    /// Where its predictions come from.
    pub source: Source,
}

/// What to do with labels that are none of the named classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownLabels {
    /// Refuse the rows.
    #[default]
    Reject,
    /// Count them as one more class.
    Bucket,
    /// Leave the rows out; of a set of labels, leave out the label.
    Drop,
}

/// How to compute intervals and tests.
#[derive(Debug, Clone, PartialEq)]
pub struct StatisticsOptions {
    /// Level of the intervals; 1 - level is the level of the tests.
    pub confidence: f64,
    /// Bootstrap replicates; 0 turns intervals off.
    pub replicates: u32,
    /// Method of the intervals; `None` for the one that fits the metric and its rows.
    pub interval: Option<Method>,
    /// Seed of all draws.
    pub seed: u64,
    /// The paired test of all metrics; `None`: what suits each.
    pub test: Option<PairedTest>,
    /// Correction over metrics x candidates.
    pub correction: Correction,
    /// Differences smaller than these do not matter, by metric; empty: no metric has one.
    pub margins: Vec<Option<f64>>,
    /// Refuse rows without a prediction instead of counting them.
    pub fail_on_missing: bool,
    /// The slice key whose values are clusters; empty: those of the rows.
    pub cluster: String,
    /// Smaller slices have values only, no intervals and no tests.
    pub min_slice_size: u64,
}

impl Default for StatisticsOptions {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            replicates: 1_000,
            interval: None,
            seed: 12_345,
            test: None,
            correction: Correction::Holm,
            margins: Vec::new(),
            fail_on_missing: false,
            cluster: String::new(),
            min_slice_size: 30,
        }
    }
}

/// Longest n-grams that an error analysis counts.
pub const LONGEST_NGRAMS: u32 = 4;

/// What an error analysis lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnalysisOptions {
    /// Rows named of every kind.
    pub samples: u32,
    /// Confused pairs of labels and n-grams that are listed.
    pub top: u32,
    /// Longest n-grams; 0 for none.
    pub ngrams: u32,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            samples: 5,
            top: 10,
            ngrams: 0,
        }
    }
}

/// Limits of one call; each is named in the error that it causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most rows.
    pub max_rows: u64,
    /// Most bytes of one row: texts, and 8 bytes a number.
    pub max_row_bytes: u64,
    /// Most systems.
    pub max_systems: u32,
    /// Most metrics.
    pub max_metrics: u32,
    /// Most classes.
    pub max_classes: u32,
    /// Most replicates x non-empty (slot, column) cells.
    pub max_resampling_cost: u64,
    /// Most bytes of the answer.
    pub max_response_bytes: u64,
    /// Most numbers kept for metrics that are no sums.
    pub max_collected_numbers: u64,
    /// Most slices, over all slicings.
    pub max_slices: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_rows: 1_000_000,
            max_row_bytes: 1 << 20,
            max_systems: 16,
            max_metrics: 64,
            max_classes: 1_000,
            max_resampling_cost: 20_000_000_000,
            max_response_bytes: 4 << 20,
            max_collected_numbers: 20_000_000,
            max_slices: 100,
        }
    }
}

/// What is asked of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The value of every metric for every system.
    Evaluate,
    /// That, and every other system against the baseline.
    Compare {
        /// Index of the baseline.
        baseline: usize,
    },
}

/// The checked header of a call.
#[derive(Debug)]
pub struct Spec {
    /// What is asked.
    pub question: Question,
    /// The systems, in the order of the rows' predictions.
    pub systems: Vec<System>,
    /// The metrics, in the order of the answer.
    pub metrics: Vec<ResolvedMetric>,
    /// The class set if the caller names it.
    pub classes: Vec<String>,
    /// What to do with other labels.
    pub unknown_labels: UnknownLabels,
    /// Intervals and tests.
    pub statistics: StatisticsOptions,
    /// What to slice the rows by.
    pub slices: Vec<Slicing>,
    /// Which rows to report.
    pub row_report: RowReport,
    /// What to list of errors; `None` for no analysis.
    pub analysis: Option<AnalysisOptions>,
    /// Limits of the call.
    pub limits: Limits,
    /// What candidates must show.
    pub gate: Option<Policy>,
    /// What is asked of tasks; `None` for nothing.
    pub forgetting: Option<ForgettingOptions>,
    /// The digest, once it was asked for.
    pub digest: OnceLock<String>,
}

impl Spec {
    /// What the metrics need of the rows.
    pub fn needs(&self) -> FieldSet {
        let mut all = FieldSet::default();
        let fields = self.metrics.iter().flat_map(|metric| metric.needs);
        fields.for_each(|field| all.add(*field));
        all
    }

    /// Whether some rows are there to learn from and are not scored.
    pub fn trains(&self) -> bool {
        let mut systems = self.systems.iter();
        systems.any(|system| matches!(system.source, Source::Baseline { .. }))
    }

    /// The names in `Prediction.scores` that metrics need.
    pub fn score_names(&self) -> impl Iterator<Item = &str> {
        self.metrics
            .iter()
            .filter_map(|metric| metric.score_name.as_deref())
    }

    /// What models must compute for metrics, by the index of the metric.
    pub fn measures(&self) -> impl Iterator<Item = (usize, &Measure)> {
        let metrics = self.metrics.iter().enumerate();
        metrics.filter_map(|(at, metric)| metric.measure.as_ref().map(|measure| (at, measure)))
    }

    /// Whether rows have sets of labels for the metrics over labels.
    pub fn multilabel(&self) -> bool {
        self.needs().has(Field::LabelSet)
    }

    /// Whether labels are numbered: to count them, to compare sets of them, or to find those that are none of the
    /// named classes.
    pub fn numbers_labels(&self) -> bool {
        let named = !self.classes.is_empty() && self.needs().has(Field::Labels);
        self.counts_classes() || self.multilabel() || named
    }

    /// Whether a label is one whose row is to be left out.
    pub fn drops(&self, label: &str) -> bool {
        self.unknown_labels == UnknownLabels::Drop
            && !self.classes.is_empty()
            && !self.classes.iter().any(|class| class == label)
    }

    /// Whether a metric rests on counts by class.
    pub fn counts_classes(&self) -> bool {
        let mut metrics = self.metrics.iter();
        metrics.any(|metric| matches!(metric.statistics, Statistics::Classes(_)))
    }

    /// Columns of one system's vector: the weight of the rows first, then every row metric's columns.
    pub fn width(&self) -> usize {
        let columns = self.metrics.iter().map(|metric| match &metric.statistics {
            Statistics::Rows(rows) => rows.width(),
            Statistics::Classes(_) | Statistics::Collected(_) => 0,
        });
        1 + columns.sum::<usize>()
    }

    /// The slicings that were asked for: tasks may be compared without their slices being shown.
    pub fn shown_slices(&self) -> impl Iterator<Item = &Slicing> {
        let hidden = self.forgetting.as_ref().filter(|asked| !asked.shows_slices);
        let slices = self.slices.iter().enumerate();
        let is_shown = move |at: usize| hidden.is_none_or(|asked| asked.slicing != at);
        slices
            .filter(move |(at, _)| is_shown(*at))
            .map(|(_, slicing)| slicing)
    }

    /// Whether sums by slot are needed at all.
    pub fn resamples(&self) -> bool {
        self.statistics.replicates > 0 || self.question != Question::Evaluate
    }

    /// Digest (sha256, hex) of everything that decides the sums and the answer. States merge only if it
    /// is equal.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| self.compute_digest())
    }

    fn compute_digest(&self) -> String {
        let mut hasher = Sha256::new();
        let mut line = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        line(text_form::VERSION);
        line(&format!("{:?} {:?}", self.question, self.statistics));
        for system in &self.systems {
            line(&format!("{system:?}"));
        }
        line("slices");
        for slicing in &self.slices {
            line(&slicing.name);
        }
        line("metrics");
        for metric in &self.metrics {
            line(&metric.key);
            line(&metric.signature);
        }
        line(&format!("classes {:?}", self.unknown_labels));
        for class in &self.classes {
            line(class);
        }
        if let Some(analysis) = self.analysis {
            line(&format!("{analysis:?}"));
        }
        if let Some(gate) = &self.gate {
            line(&format!("gate {gate:?}"));
        }
        if let Some(forgetting) = &self.forgetting {
            line(&format!("forgetting {forgetting:?}"));
        }
        let mut hex = String::with_capacity(64);
        for byte in hasher.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}
