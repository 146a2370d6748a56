//! `jaccard`: what gold and predicted labels share, as scikit-learn's `jaccard_score`.

use super::averages::{JACCARD_PARAMS, build};
use super::rate::Rates;
use crate::metrics::Entry;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "jaccard",
    summary: "Of the rows that are of a class or predicted as it, the share that is both.",
    params: JACCARD_PARAMS,
    reference: "scikit-learn 1.9.1 jaccard_score",
    source: "Jaccard 1912, https://doi.org/10.1111/j.1469-8137.1912.tb05611.x",
    build: |params, _| build(Rates::jaccard(), params),
    ..Entry::LABELS
};
