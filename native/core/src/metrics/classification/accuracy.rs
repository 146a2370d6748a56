//! `accuracy`: the share of rows whose predicted label is the gold label.

use crate::metrics::{ClassMetric, ClassSums, Components, Entry, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "accuracy",
    summary: "The share of rows whose predicted label is the gold label.",
    row_score: true,
    reference: "scikit-learn 1.9.1 accuracy_score",
    source: "the definition",
    build: |_, _| Ok(Statistics::Classes(Box::new(Accuracy))),
    ..Entry::LABELS
};

#[derive(Debug)]
struct Accuracy;

impl ClassMetric for Accuracy {
    fn check(&self, _labels: &[&str]) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        // Without rows this is 0 / 0: undefined.
        sums.true_positive.iter().sum::<f64>() / sums.n
    }

    fn components(&self, sums: &ClassSums<'_>) -> Components {
        vec![("correct".into(), Some(sums.true_positive.iter().sum()))]
    }

    fn row_score(&self, correct: bool) -> Option<f64> {
        Some(f64::from(u8::from(correct)))
    }
}
