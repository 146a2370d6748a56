//! Rates of one class, or of one row's set of labels.

/// A rate of counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// True positives over predictions.
    Precision,
    /// True positives over support.
    Recall,
    /// (1 + beta^2) tp / (beta^2 support + predictions): the harmonic mean of the two, weighed by beta squared.
    F {
        /// Beta squared.
        beta2: f64,
    },
    /// True positives over everything that is gold or predicted.
    Jaccard,
}

impl Rate {
    /// The rate of counts; `otherwise` where the denominator is zero.
    pub fn of(self, counts: Counts, otherwise: f64) -> f64 {
        let Counts {
            tp,
            support,
            predicted,
        } = counts;
        match self {
            Self::Precision => ratio(tp, predicted, otherwise),
            Self::Recall => ratio(tp, support, otherwise),
            Self::F { beta2 } => ratio((1.0 + beta2) * tp, beta2 * support + predicted, otherwise),
            Self::Jaccard => ratio(tp, support + predicted - tp, otherwise),
        }
    }

    /// F of a precision and a recall that are means of several.
    pub fn f_of_rates(beta2: f64, precision: f64, recall: f64, otherwise: f64) -> f64 {
        ratio(
            (1.0 + beta2) * precision * recall,
            beta2 * precision + recall,
            otherwise,
        )
    }
}

fn ratio(numerator: f64, denominator: f64, otherwise: f64) -> f64 {
    if denominator == 0.0 {
        otherwise
    } else {
        numerator / denominator
    }
}

/// What rates are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Predicted and gold.
    pub tp: f64,
    /// Gold.
    pub support: f64,
    /// Predicted.
    pub predicted: f64,
}

/// Named rates, one of which is the metric's value; all are told as components.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Names and rates.
    pub parts: Vec<(&'static str, Rate)>,
    /// The place of the metric's own.
    pub own: usize,
}

impl Rates {
    /// Precision, recall and F under a name; one of them is the metric's own.
    pub fn with_f(own: usize, name: &'static str, beta: f64) -> Self {
        let f = Rate::F { beta2: beta * beta };
        Self {
            parts: vec![
                ("precision", Rate::Precision),
                ("recall", Rate::Recall),
                (name, f),
            ],
            own,
        }
    }

    /// Jaccard's index alone.
    pub fn jaccard() -> Self {
        Self {
            parts: vec![("jaccard", Rate::Jaccard)],
            own: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Counts = Counts {
        tp: 2.0,
        support: 4.0,
        predicted: 3.0,
    };

    #[test]
    fn rates_of_counts() {
        assert_eq!(Rate::Precision.of(HALF, 0.0), 2.0 / 3.0);
        assert_eq!(Rate::Recall.of(HALF, 0.0), 0.5);
        assert_eq!(Rate::F { beta2: 1.0 }.of(HALF, 0.0), 4.0 / 7.0);
        assert_eq!(Rate::F { beta2: 4.0 }.of(HALF, 0.0), 10.0 / 19.0);
        assert_eq!(Rate::Jaccard.of(HALF, 0.0), 0.4);
        // Beta 0 is precision.
        assert_eq!(Rate::F { beta2: 0.0 }.of(HALF, 0.0), 2.0 / 3.0);
    }

    #[test]
    fn without_a_denominator_the_given_value_counts() {
        let none = Counts::default();
        for rate in [
            Rate::Precision,
            Rate::Recall,
            Rate::F { beta2: 1.0 },
            Rate::Jaccard,
        ] {
            assert_eq!(rate.of(none, 1.0), 1.0);
            assert!(rate.of(none, f64::NAN).is_nan());
        }
        // Predicted but never gold: recall has no denominator, F has one.
        let wrong = Counts {
            predicted: 3.0,
            ..none
        };
        assert!(Rate::Recall.of(wrong, f64::NAN).is_nan());
        assert_eq!(Rate::F { beta2: 1.0 }.of(wrong, f64::NAN), 0.0);
    }

    #[test]
    fn f_of_means_is_the_harmonic_mean() {
        assert_eq!(Rate::f_of_rates(1.0, 0.5, 0.25, 0.0), 1.0 / 3.0);
        assert_eq!(Rate::f_of_rates(1.0, 0.0, 0.0, 1.0), 1.0);
        assert!(Rate::f_of_rates(1.0, f64::NAN, 0.5, 0.0).is_nan());
    }
}
