//! `confusion_matrix`: rows counted by gold and predicted label. It has no value of its own; the matrix
//! is in the result.

use crate::metrics::{
    ClassMetric, ClassSums, Components, Direction, Entry, Normalize, ParamKind, ParamSpec,
    Statistics,
};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "confusion_matrix",
    summary: "Rows counted by gold and predicted label; it has no value of its own.",
    params: &[ParamSpec {
        name: "normalize",
        summary: "What counts are divided by: nothing (none), the rows of the gold class (true), of the predicted \
                  class (pred), or all rows (all).",
        kind: ParamKind::Choice(&["none", "true", "pred", "all"]),
    }],
    direction: Direction::None,
    range: (0.0, 0.0),
    reference: "scikit-learn 1.9.1 confusion_matrix",
    source: "the definition",
    build: |params, _| {
        Ok(Statistics::Classes(Box::new(Matrix(
            match params.text("normalize") {
                "true" => Normalize::Gold,
                "pred" => Normalize::Predicted,
                "all" => Normalize::All,
                _ => Normalize::None,
            },
        ))))
    },
    ..Entry::LABELS
};

#[derive(Debug)]
struct Matrix(Normalize);

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
        Some(self.0)
    }
}
