//! `recall` of classes, as scikit-learn's `recall_score`.

use super::class_rates::{ClassRate, PARAMS, Rate};
use super::contract::Statistics;
use super::registry::{Direction, Entry, Needs};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "recall",
    summary: "Of the rows of a class, the share that is predicted as the class.",
    params: PARAMS,
    profiles: &[],
    needs: Needs::Labels,
    direction: Direction::Higher,
    range: (0.0, 1.0),
    row_score: false,
    row_params: &[],
    reference: "scikit-learn 1.9.1 recall_score",
    source: "van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7",
    build: |params| {
        Ok(Statistics::Classes(Box::new(ClassRate::new(
            Rate::Recall,
            params,
        ))))
    },
};
