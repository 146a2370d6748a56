//! `confusion_matrix`: rows counted by gold and predicted label. It has no value of its own; the matrix
//! is in the result.

use super::contract::{ClassMetric, ClassSums, Components, Statistics};
use super::registry::{Direction, Entry, Needs};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "confusion_matrix",
    summary: "Rows counted by gold and predicted label; it has no value of its own.",
    params: &[],
    profiles: &[],
    needs: Needs::Labels,
    direction: Direction::None,
    range: (0.0, 0.0),
    row_score: false,
    row_params: &[],
    reference: "scikit-learn 1.9.1 confusion_matrix",
    source: "the definition",
    build: |_| Ok(Statistics::Classes(Box::new(Matrix))),
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

    fn wants_matrix(&self) -> bool {
        true
    }
}
