//! `f_beta` of classes, as scikit-learn's `fbeta_score`.

use super::averages::{F_BETA_PARAMS, build};
use super::rate::Rates;
use crate::metrics::Entry;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "f_beta",
    summary: "Harmonic mean of precision and recall, with recall counting beta times as much.",
    params: F_BETA_PARAMS,
    reference: "scikit-learn 1.9.1 fbeta_score",
    source: "van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7",
    build: |params, _| build(Rates::with_f(2, "f_beta", params.number("beta")), params),
    ..Entry::LABELS
};
