//! `hamming_loss`: the share of labels that are wrong; of rows with one label, of rows that are wrong.

use super::averages::MULTILABEL;
use crate::metrics::{ClassMetric, ClassSums, Components, Direction, Entry, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "hamming_loss",
    summary: "The share of (row, class) pairs that are wrong; with one label a row, the share of rows.",
    params: &[MULTILABEL],
    direction: Direction::Lower,
    reference: "scikit-learn 1.9.1 hamming_loss",
    source: "Tsoumakas and Katakis 2007, https://doi.org/10.4018/jdwm.2007070101",
    build: |params, _| {
        Ok(Statistics::Classes(Box::new(HammingLoss {
            multilabel: params.bool(MULTILABEL.name),
        })))
    },
    ..Entry::LABELS
};

struct HammingLoss {
    multilabel: bool,
}

impl HammingLoss {
    /// What is wrong, and what could be.
    fn parts(&self, sums: &ClassSums<'_>) -> (f64, f64) {
        let total = |counts: &[f64]| -> f64 { counts.iter().sum() };
        let correct = total(sums.true_positive);
        if self.multilabel {
            // A class that is missed and a class that is predicted for nothing are one error each.
            let wrong = total(sums.support) + total(sums.predicted) - 2.0 * correct;
            let classes = sums.included.iter().filter(|included| **included).count();
            (wrong, sums.n * classes as f64)
        } else {
            let rows = total(sums.support);
            (rows - correct, rows)
        }
    }
}

impl ClassMetric for HammingLoss {
    fn multilabel(&self) -> bool {
        self.multilabel
    }

    fn check(&self, _labels: &[&str]) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        // Without rows or classes this is 0 / 0: undefined.
        let (wrong, all) = self.parts(sums);
        wrong / all
    }

    fn components(&self, sums: &ClassSums<'_>) -> Components {
        vec![("wrong".into(), Some(self.parts(sums).0))]
    }

    fn row_score(&self, _correct: bool) -> Option<f64> {
        None
    }
}
