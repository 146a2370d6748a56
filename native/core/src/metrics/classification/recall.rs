//! `recall` of classes, as scikit-learn's `recall_score`.

use super::class_rates::{ClassRate, PARAMS, Rate};
use crate::metrics::{Entry, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "recall",
    summary: "Of the rows of a class, the share that is predicted as the class.",
    params: PARAMS,
    reference: "scikit-learn 1.9.1 recall_score",
    source: "van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7",
    build: |params, _| {
        Ok(Statistics::Classes(Box::new(ClassRate::new(
            Rate::Recall,
            params,
        ))))
    },
    ..Entry::LABELS
};
