//! `precision` of classes, as scikit-learn's `precision_score`.

use super::class_rates::{ClassRate, PARAMS, Rate};
use crate::metrics::{Entry, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "precision",
    summary: "Of the rows predicted as a class, the share that is of the class.",
    params: PARAMS,
    reference: "scikit-learn 1.9.1 precision_score",
    source: "van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7",
    build: |params, _| {
        Ok(Statistics::Classes(Box::new(ClassRate::new(
            Rate::Precision,
            params,
        ))))
    },
    ..Entry::LABELS
};
