//! Precision, recall, F and Jaccard from counts by class, as scikit-learn 1.9.1 computes them.

use super::positive::Positive;
use super::rate::{Counts, Rate, Rates};
use crate::metrics::{ClassMetric, ClassSums, Components};

/// How classes are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// The positive class alone.
    Binary,
    /// The rate of all counts together.
    Micro,
    /// The mean of the classes' rates.
    Macro,
    /// F of the classes' mean precision and mean recall.
    MacroOfMeans,
    /// The mean of the classes' rates, weighed by support.
    Weighted,
}

/// One of the metrics with its parameters.
#[derive(Debug)]
pub struct ClassRates {
    /// The rates.
    pub rates: Rates,
    /// How classes are averaged.
    pub average: Average,
    /// Whether rows have sets of labels.
    pub multilabel: bool,
    /// The positive class of [`Average::Binary`].
    pub positive: Positive,
    /// Whether macro averages leave out classes that are neither gold nor predicted.
    pub skip_absent: bool,
    /// The value of a rate without denominator; NaN leaves the class out of averages.
    pub zero_division: f64,
}

impl ClassRates {
    fn averaged(&self, rate: Rate, sums: &ClassSums<'_>) -> f64 {
        match (self.average, rate) {
            (Average::Binary, _) => self.binary(rate, sums),
            (Average::Micro, _) => rate.of(total(sums), self.zero_division),
            (Average::MacroOfMeans, Rate::F { beta2 }) => {
                let mean = |rate| self.plain_mean(rate, sums);
                let (precision, recall) = (mean(Rate::Precision), mean(Rate::Recall));
                Rate::f_of_rates(beta2, precision, recall, self.zero_division)
            }
            (Average::Macro | Average::MacroOfMeans, _) => self.plain_mean(rate, sums),
            (Average::Weighted, _) => self.mean(rate, sums, |counts| counts.support),
        }
    }

    /// A positive class that never occurs has only zero denominators.
    fn binary(&self, rate: Rate, sums: &ClassSums<'_>) -> f64 {
        let mut labels = sums.labels.iter();
        let positive = labels.position(|label| self.positive.is(label));
        let counts = positive.map_or_else(Counts::default, |class| counts(sums, class));
        rate.of(counts, self.zero_division)
    }

    fn plain_mean(&self, rate: Rate, sums: &ClassSums<'_>) -> f64 {
        self.mean(rate, sums, |counts| {
            let absent = counts.support + counts.predicted == 0.0;
            f64::from(u8::from(!(absent && self.skip_absent)))
        })
    }

    /// Mean over the included classes; undefined rates leave it, and weights that are all zero are ignored
    /// (scikit-learn's `_nanaverage`).
    fn mean(&self, rate: Rate, sums: &ClassSums<'_>, weight: impl Fn(Counts) -> f64) -> f64 {
        let (mut sum, mut weights, mut plain, mut count) = (0.0, 0.0, 0.0, 0.0);
        for (class, _) in included(sums) {
            let counts = counts(sums, class);
            let value = rate.of(counts, self.zero_division);
            if !value.is_nan() {
                sum += value * weight(counts);
                weights += weight(counts);
                plain += value;
                count += 1.0;
            }
        }
        // Without any defined rate this is 0 / 0: undefined.
        if weights > 0.0 {
            sum / weights
        } else {
            plain / count
        }
    }
}

/// Classes that averages run over, with their names.
fn included<'s>(sums: &ClassSums<'s>) -> impl Iterator<Item = (usize, &'s str)> {
    let named = sums.labels.iter().copied().enumerate().zip(sums.included);
    named.filter_map(|(class, included)| included.then_some(class))
}

fn counts(sums: &ClassSums<'_>, class: usize) -> Counts {
    Counts {
        tp: sums.true_positive[class],
        support: sums.support[class],
        predicted: sums.predicted[class],
    }
}

fn total(sums: &ClassSums<'_>) -> Counts {
    Counts {
        tp: sums.true_positive.iter().sum(),
        support: sums.support.iter().sum(),
        predicted: sums.predicted.iter().sum(),
    }
}

fn defined(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

impl ClassMetric for ClassRates {
    fn multilabel(&self) -> bool {
        self.multilabel
    }

    fn check(&self, labels: &[&str]) -> Result<(), (&'static str, String)> {
        if self.average == Average::Binary {
            self.positive.check(labels)
        } else {
            Ok(())
        }
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        self.averaged(self.rates.parts[self.rates.own].1, sums)
    }

    fn components(&self, sums: &ClassSums<'_>) -> Components {
        let averaged = self.rates.parts.iter();
        let mut parts: Components = averaged
            .map(|(name, rate)| ((*name).to_owned(), defined(self.averaged(*rate, sums))))
            .collect();
        for (class, label) in included(sums) {
            let counts = counts(sums, class);
            for (name, rate) in &self.rates.parts {
                let value = defined(rate.of(counts, self.zero_division));
                parts.push((format!("class.{label}.{name}"), value));
            }
            parts.push((format!("class.{label}.support"), Some(counts.support)));
        }
        parts
    }

    fn row_score(&self, _correct: bool) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::classification::rate::Rates;

    fn value(average: Average, skip_absent: bool, zero_division: f64) -> f64 {
        let metric = ClassRates {
            rates: Rates::with_f(2, "f1", 1.0),
            average,
            multilabel: false,
            positive: Positive::named("a"),
            skip_absent,
            zero_division,
        };
        // Class c is named but neither gold nor predicted.
        metric.value(&ClassSums {
            labels: &["a", "b", "c"],
            true_positive: &[1.0, 1.0, 0.0],
            support: &[1.0, 4.0, 0.0],
            predicted: &[4.0, 1.0, 0.0],
            included: &[true; 3],
            n: 5.0,
        })
    }

    #[test]
    fn the_mean_of_f_is_not_f_of_the_means() {
        assert_eq!(value(Average::Binary, false, 0.0), 0.4);
        assert_eq!(value(Average::Micro, false, 0.0), 0.4);
        assert_eq!(value(Average::Macro, true, 0.0), 0.4);
        // Mean precision and mean recall are (1/4 + 1) / 2 each.
        assert_eq!(value(Average::MacroOfMeans, true, 0.0), 0.625);
    }

    #[test]
    fn absent_classes_count_unless_skipped_or_undefined() {
        assert!((value(Average::Macro, false, 0.0) - 0.8 / 3.0).abs() < 1e-15);
        assert!((value(Average::Macro, false, 1.0) - 1.8 / 3.0).abs() < 1e-15);
        assert_eq!(value(Average::Macro, false, f64::NAN), 0.4);
        assert_eq!(value(Average::Weighted, false, 1.0), 0.4);
    }
}
