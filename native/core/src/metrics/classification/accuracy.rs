//! `accuracy`: the share of rows whose predicted label is the gold label, or whose sets of labels are equal.

use super::averages::MULTILABEL;
use super::label_sets::SubsetAccuracy;
use crate::metrics::{ClassMetric, ClassSums, Components, Entry, Estimand, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "accuracy",
    summary: "The share of rows whose predicted label is the gold label; of sets of labels, the share that is equal.",
    params: &[MULTILABEL],
    row_score: true,
    reference: "scikit-learn 1.9.1 accuracy_score",
    source: "the definition",
    build: |params, _| {
        Ok(if params.bool(MULTILABEL.name) {
            Statistics::Rows(Box::new(SubsetAccuracy))
        } else {
            Statistics::Classes(Box::new(Accuracy))
        })
    },
    ..Entry::LABELS
};

#[derive(Debug)]
struct Accuracy;

impl ClassMetric for Accuracy {
    fn check(&self, _labels: &[&str]) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        // The sum of supports, not `sums.n`: a perfect score of weighted rows is then exactly 1. Without rows this
        // is 0 / 0: undefined.
        sums.true_positive.iter().sum::<f64>() / sums.support.iter().sum::<f64>()
    }

    fn components(&self, sums: &ClassSums<'_>) -> Components {
        vec![("correct".into(), Some(sums.true_positive.iter().sum()))]
    }

    fn estimand(&self) -> Estimand {
        Estimand::Proportion
    }

    fn row_score(&self, correct: bool) -> Option<f64> {
        Some(f64::from(u8::from(correct)))
    }
}
