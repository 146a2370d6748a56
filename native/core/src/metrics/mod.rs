//! The metric registry: one file a metric, one line here.
//!
//! A metric maps one row to a small vector of statistics; a corpus is the sum of the vectors; the value
//! is a function of the sum ([`TextMetric`]). Classification metrics all share one kind of statistics,
//! counts by class ([`ClassMetric`]).

mod accuracy;
pub mod bleu;
mod class_rates;
mod confusion_matrix;
pub mod contract;
pub mod exact_match;
mod f1;
pub mod params;
mod precision;
mod recall;
pub mod registry;
pub mod resolve;
pub mod rouge;
pub mod text_form;
pub mod token_f1;

pub use contract::{
    ClassMetric, ClassSums, Column, Components, RowFlags, Statistics, TextMetric, TextRow,
};
pub use params::{ParamKind, ParamSpec, ParamValue, Params};
pub use registry::{Direction, Entry, Needs, REGISTRY, find};
pub use resolve::{MetricRequest, ResolvedMetric};
