//! `balanced_accuracy`: the mean recall of the classes that occur as gold labels.

use crate::metrics::{
    ClassMetric, ClassSums, Components, Direction, Entry, ParamKind, ParamSpec, Params, Statistics,
};

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "balanced_accuracy",
    summary: "The mean recall of the classes that occur as gold labels.",
    params: &[ParamSpec {
        name: "adjusted",
        summary: "Rescale so that guessing scores 0 and a perfect prediction 1.",
        kind: ParamKind::Bool(false),
    }],
    adjust: Some(|params: &Params| {
        // The worst adjusted value is that of two classes: -1.
        let low = if params.bool("adjusted") { -1.0 } else { 0.0 };
        (Direction::Higher, (low, 1.0))
    }),
    undefined: "only one class is gold, which leaves nothing to adjust for",
    reference: "scikit-learn 1.9.1 balanced_accuracy_score",
    source: "Brodersen et al. 2010, https://doi.org/10.1109/ICPR.2010.764",
    build: |params, _| {
        Ok(Statistics::Classes(Box::new(BalancedAccuracy {
            adjusted: params.bool("adjusted"),
        })))
    },
    ..Entry::LABELS
};

struct BalancedAccuracy {
    adjusted: bool,
}

impl ClassMetric for BalancedAccuracy {
    fn check(&self, _labels: &[&str]) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        let (mut recalls, mut classes) = (0.0, 0.0);
        for (correct, support) in sums.true_positive.iter().zip(sums.support) {
            if *support > 0.0 {
                recalls += correct / support;
                classes += 1.0;
            }
        }
        // Without classes this is 0 / 0: undefined.
        let mean = recalls / classes;
        let chance = 1.0 / classes;
        match self.adjusted {
            false => mean,
            // Guessing one class of one is always right: there is no scale.
            true if classes == 1.0 => f64::NAN,
            true => (mean - chance) / (1.0 - chance),
        }
    }

    fn components(&self, sums: &ClassSums<'_>) -> Components {
        let classes = sums.support.iter().filter(|support| **support > 0.0);
        vec![("classes".into(), Some(classes.count() as f64))]
    }

    fn row_score(&self, _correct: bool) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(adjusted: bool, true_positive: &[f64], support: &[f64]) -> f64 {
        let classes = support.len();
        BalancedAccuracy { adjusted }.value(&ClassSums {
            labels: &["a", "b", "c"][..classes],
            true_positive,
            support,
            predicted: true_positive,
            included: &[true; 3][..classes],
            n: support.iter().sum(),
        })
    }

    #[test]
    fn classes_count_the_same_whatever_their_size() {
        assert_eq!(value(false, &[90.0, 1.0], &[90.0, 10.0]), 0.55);
        // A class that is never gold has no recall.
        assert_eq!(value(false, &[90.0, 1.0, 0.0], &[90.0, 10.0, 0.0]), 0.55);
    }

    #[test]
    fn guessing_adjusts_to_zero_and_one_class_to_nothing() {
        assert_eq!(value(true, &[10.0, 0.0], &[10.0, 10.0]), 0.0);
        assert_eq!(value(true, &[0.0, 0.0], &[10.0, 10.0]), -1.0);
        assert!(value(true, &[5.0], &[10.0]).is_nan());
        assert!(value(false, &[0.0], &[0.0]).is_nan());
    }
}
