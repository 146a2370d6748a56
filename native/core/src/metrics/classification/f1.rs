//! `f1` of classes, as scikit-learn's `f1_score`.

use super::averages::{F1_PARAMS, build};
use super::rate::Rates;
use crate::metrics::Entry;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "f1",
    summary: "Harmonic mean of precision and recall.",
    params: F1_PARAMS,
    reference: "scikit-learn 1.9.1 f1_score",
    source: "van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7; macro_of_means: Sokolova and Lapalme 2009, https://doi.org/10.1016/j.ipm.2009.03.002",
    build: |params, _| build(Rates::with_f(2, "f1", 1.0), params),
    ..Entry::LABELS
};
