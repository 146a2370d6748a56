//! `mcc`: Matthews' correlation of gold and predicted classes, for any number of classes.

use crate::metrics::{ClassMetric, ClassSums, Components, Entry, Statistics};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "mcc",
    summary: "Matthews correlation coefficient of gold and predicted labels; 0 if either side has one class only.",
    range: (-1.0, 1.0),
    reference: "scikit-learn 1.9.1 matthews_corrcoef",
    source: "Matthews 1975, https://doi.org/10.1016/0005-2795(75)90109-9; \
             many classes: Gorodkin 2004, https://doi.org/10.1016/j.compbiolchem.2004.09.006",
    build: |_, _| Ok(Statistics::Classes(Box::new(Mcc))),
    ..Entry::LABELS
};

struct Mcc;

impl ClassMetric for Mcc {
    fn check(&self, _labels: &[&str]) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        let n: f64 = sums.support.iter().sum();
        if n == 0.0 {
            return f64::NAN;
        }
        // The spread of one class is 0; asked of the counts, since weighted sums may be off in the last bit.
        if [sums.support, sums.predicted].into_iter().any(is_one_class) {
            return 0.0;
        }
        let correct: f64 = sums.true_positive.iter().sum();
        let spread = |counts: &[f64]| n * n - dot(counts, counts);
        (correct * n - dot(sums.support, sums.predicted))
            / (spread(sums.predicted) * spread(sums.support)).sqrt()
    }

    fn components(&self, _sums: &ClassSums<'_>) -> Components {
        Components::new()
    }

    fn row_score(&self, _correct: bool) -> Option<f64> {
        None
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}

fn is_one_class(counts: &[f64]) -> bool {
    counts.iter().filter(|count| **count > 0.0).count() < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mcc(true_positive: &[f64], support: &[f64], predicted: &[f64]) -> f64 {
        Mcc.value(&ClassSums {
            labels: &["a", "b", "c"][..support.len()],
            true_positive,
            support,
            predicted,
            included: &[true; 3][..support.len()],
            n: support.iter().sum(),
        })
    }

    #[test]
    fn two_classes_give_the_correlation_of_two_truth_values() {
        // Of 8 positives 6 are found, of 4 negatives 3: (6 * 3 - 1 * 2) / sqrt(7 * 8 * 4 * 5).
        let value = mcc(&[6.0, 3.0], &[8.0, 4.0], &[7.0, 5.0]);
        assert!((value - 16.0 / 1120.0f64.sqrt()).abs() < 1e-15);
        assert_eq!(mcc(&[2.0, 3.0], &[2.0, 3.0], &[2.0, 3.0]), 1.0);
        assert_eq!(mcc(&[0.0, 0.0], &[3.0, 3.0], &[3.0, 3.0]), -1.0);
    }

    #[test]
    fn one_class_on_a_side_counts_as_no_correlation() {
        assert_eq!(mcc(&[4.0, 0.0], &[4.0, 2.0], &[6.0, 0.0]), 0.0);
        assert_eq!(mcc(&[0.3, 0.0], &[0.3, 0.0], &[0.1 + 0.2, 0.0]), 0.0);
        assert!(mcc(&[0.0, 0.0], &[0.0, 0.0], &[0.0, 0.0]).is_nan());
    }
}
