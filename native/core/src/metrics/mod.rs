//! The metric registry: one file a metric, one line here.
//!
//! A metric maps one row to a small vector of statistics; a corpus is the sum of the vectors; the value
//! is a function of the sum ([`TextMetric`]). Classification metrics all share one kind of statistics,
//! counts by class ([`ClassMetric`]).

pub mod bleu;
pub mod contract;
pub mod exact_match;
pub mod params;
pub mod registry;
pub mod rouge;
pub mod token_f1;

pub use contract::{
    ClassMetric, ClassSums, Column, Components, RowFlags, Statistics, TextMetric, TextRow,
};
pub use params::{ParamKind, ParamSpec, ParamValue, Params};
pub use registry::{Entry, REGISTRY, find};
