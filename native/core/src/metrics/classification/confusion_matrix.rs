//! `confusion_matrix`: rows counted by gold and predicted label. It has no value of its own; the matrix
//! is in the result.

use crate::metrics::{ClassMetric, ClassSums, Components, Direction, Entry, Normalize, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "confusion_matrix",
    summary: "Rows counted by gold and predicted label; it has no value of its own.",
    direction: Direction::None,
    range: (0.0, 0.0),
    reference: "scikit-learn 1.9.1 confusion_matrix",
    source: "the definition",
    build: |_, _| Ok(Statistics::Classes(Box::new(Matrix))),
    ..Entry::LABELS
};

#[derive(Debug)]
struct Matrix;

impl ClassMetric for Matrix {
    fn check(&self, _labels: &[&str]) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    fn value(&self, _sums: &ClassSums<'_>) -> f64 {
        f64::NAN
    }

    fn components(&self, _sums: &ClassSums<'_>) -> Components {
        Vec::new()
    }

    fn row_score(&self, _correct: bool) -> Option<f64> {
        None
    }

    fn matrix(&self) -> Option<Normalize> {
        Some(Normalize::None)
    }
}
