//! `f1` of classes, as scikit-learn's `f1_score`.

use super::class_rates::{ClassRate, PARAMS, Rate};
use crate::metrics::{Entry, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "f1",
    summary: "Harmonic mean of precision and recall.",
    params: PARAMS,
    reference: "scikit-learn 1.9.1 f1_score",
    source: "van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7",
    build: |params, _| {
        Ok(Statistics::Classes(Box::new(ClassRate::new(
            Rate::F1,
            params,
        ))))
    },
    ..Entry::LABELS
};
