//! `precision` of classes, as scikit-learn's `precision_score`.

use super::averages::{RATE_PARAMS, build};
use super::rate::Rates;
use crate::metrics::Entry;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "precision",
    summary: "Of the rows predicted as a class, the share that is of the class.",
    params: RATE_PARAMS,
    reference: "scikit-learn 1.9.1 precision_score",
    source: "van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7",
    build: |params, _| build(Rates::with_f(0, "f1", 1.0), params),
    ..Entry::LABELS
};
