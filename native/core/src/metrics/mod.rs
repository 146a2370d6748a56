//! The metric registry: a folder a field, one file a metric, one line in the folder's `ENTRIES`.
//!
//! There are three kinds of metrics. Most map a row to a small vector of statistics; a corpus is the sum of the
//! vectors, the value a function of the sum ([`RowMetric`]). Metrics over labels share counts by class
//! ([`ClassMetric`]). What is no sum keeps a few numbers of every row ([`CollectedMetric`]).

pub mod agreement;
pub mod answers;
pub mod calibration;
pub mod choices;
pub mod classification;
pub mod collected;
pub mod contract;
pub mod diversity;
pub mod exact;
pub mod field;
pub mod language;
pub mod long_texts;
pub mod own;
pub mod packed;
pub mod params;
pub mod registry;
pub mod regression;
pub mod resolve;
pub mod resources;
pub mod row;
pub mod semantic;
pub mod summarization;
pub mod tagging;
pub mod text_form;
pub mod transcription;
pub mod translation;
pub mod wide;

pub use collected::{CollectedMetric, CollectedRows, Weighted};
pub use contract::{
    ClassMetric, ClassSums, Components, Estimand, Normalize, Problem, ReferenceCounts, RowFlags,
    RowMetric, Statistics,
};
pub use field::{Field, FieldSet};
pub use params::{ParamKind, ParamSpec, ParamValue, Params};
pub use registry::{Context, Direction, Entry, REGISTRY, find};
pub use resolve::{MetricRequest, ResolvedMetric};
pub use resources::{Resource, Resources};
pub use row::{ClassScores, ModelAnswer, Row};
pub use semantic::Measure;
