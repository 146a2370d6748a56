//! Precision, recall and F1 from counts by class, as scikit-learn 1.9.1 computes them; shared by the
//! metrics `precision`, `recall` and `f1`.

use crate::metrics::{ClassMetric, ClassSums, Components, ParamKind, ParamSpec, Params};

/// Which rate of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// True positives over predictions.
    Precision,
    /// True positives over support.
    Recall,
    /// 2 tp / (support + predictions); the harmonic mean of the two.
    F1,
}

impl Rate {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Precision, "precision"),
        (Self::Recall, "recall"),
        (Self::F1, "f1"),
    ];

    /// The rate from counts; `zero_division` where the denominator is zero.
    fn of(self, tp: f64, support: f64, predicted: f64, zero_division: f64) -> f64 {
        let (numerator, denominator) = match self {
            Self::Precision => (tp, predicted),
            Self::Recall => (tp, support),
            Self::F1 => (2.0 * tp, support + predicted),
        };
        if denominator == 0.0 {
            zero_division
        } else {
            numerator / denominator
        }
    }
}

/// How classes are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Average {
    Binary,
    Micro,
    Macro,
    Weighted,
}

/// The parameters of all three metrics.
pub const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "average",
        summary: "How classes are averaged; binary scores the positive class alone.",
        kind: ParamKind::Choice(&["binary", "micro", "macro", "weighted"]),
    },
    ParamSpec {
        name: "positive_label",
        summary: "The positive class of binary averaging; without it the labels must be 0 and 1 or false and true.",
        kind: ParamKind::Text,
    },
    ParamSpec {
        name: "zero_division",
        summary: "The value of a rate whose denominator is zero; nan leaves the class out of averages.",
        kind: ParamKind::Choice(&["0", "1", "nan"]),
    },
];

/// One of the three metrics with its parameters.
#[derive(Debug)]
pub struct ClassRate {
    rate: Rate,
    average: Average,
    positive: String,
    zero_division: f64,
}

impl ClassRate {
    /// From checked parameters.
    pub fn new(rate: Rate, params: &Params) -> Self {
        Self {
            rate,
            average: match params.text("average") {
                "micro" => Average::Micro,
                "macro" => Average::Macro,
                "weighted" => Average::Weighted,
                _ => Average::Binary,
            },
            positive: params.text("positive_label").to_owned(),
            zero_division: match params.text("zero_division") {
                "1" => 1.0,
                "nan" => f64::NAN,
                _ => 0.0,
            },
        }
    }

    fn is_positive(&self, label: &str) -> bool {
        if self.positive.is_empty() {
            is_true(label)
        } else {
            label == self.positive
        }
    }

    fn averaged(&self, rate: Rate, sums: &ClassSums<'_>) -> f64 {
        match self.average {
            Average::Binary => self.binary(rate, sums),
            Average::Micro => self.micro(rate, sums),
            Average::Macro => self.weighted_mean(rate, sums, |_| 1.0),
            Average::Weighted => self.weighted_mean(rate, sums, |class| sums.support[class]),
        }
    }

    /// A positive class that never occurs has only zero denominators.
    fn binary(&self, rate: Rate, sums: &ClassSums<'_>) -> f64 {
        let positive = sums.labels.iter().position(|label| self.is_positive(label));
        positive.map_or(self.zero_division, |class| self.of_class(rate, sums, class))
    }

    fn micro(&self, rate: Rate, sums: &ClassSums<'_>) -> f64 {
        let total = |counts: &[f64]| -> f64 { counts.iter().sum() };
        rate.of(
            total(sums.true_positive),
            total(sums.support),
            total(sums.predicted),
            self.zero_division,
        )
    }

    /// Mean over the included classes; undefined rates leave it, and weights that are all zero are ignored
    /// (scikit-learn's `_nanaverage`).
    fn weighted_mean(
        &self,
        rate: Rate,
        sums: &ClassSums<'_>,
        weight: impl Fn(usize) -> f64,
    ) -> f64 {
        let (mut sum, mut weights, mut plain, mut count) = (0.0, 0.0, 0.0, 0.0);
        for class in (0..sums.labels.len()).filter(|class| sums.included[*class]) {
            let value = self.of_class(rate, sums, class);
            if !value.is_nan() {
                sum += value * weight(class);
                weights += weight(class);
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

    fn of_class(&self, rate: Rate, sums: &ClassSums<'_>, class: usize) -> f64 {
        rate.of(
            sums.true_positive[class],
            sums.support[class],
            sums.predicted[class],
            self.zero_division,
        )
    }
}

fn is_true(label: &str) -> bool {
    matches!(label, "1" | "true" | "True")
}

fn is_false(label: &str) -> bool {
    matches!(label, "0" | "false" | "False")
}

fn defined(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

impl ClassMetric for ClassRate {
    fn check(&self, labels: &[&str]) -> Result<(), (&'static str, String)> {
        if self.average != Average::Binary {
            return Ok(());
        }
        if self.positive.is_empty() {
            if labels.iter().all(|label| is_true(label) || is_false(label)) {
                return Ok(());
            }
            return Err((
                "average",
                "the labels are not 0 and 1 or false and true: name an average (macro, micro, weighted) or a \
                 positive_label"
                    .into(),
            ));
        }
        if labels.len() > 2 {
            return Err((
                "average",
                format!(
                    "there are {} classes: binary averaging needs at most two",
                    labels.len()
                ),
            ));
        }
        if labels.len() == 2 && !labels.contains(&self.positive.as_str()) {
            return Err(("positive_label", "none of the rows has this label".into()));
        }
        Ok(())
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        self.averaged(self.rate, sums)
    }

    fn components(&self, sums: &ClassSums<'_>) -> Components {
        let mut parts: Components = Rate::ALL
            .iter()
            .map(|(rate, name)| ((*name).to_owned(), defined(self.averaged(*rate, sums))))
            .collect();
        for (class, label) in sums
            .labels
            .iter()
            .enumerate()
            .filter(|(class, _)| sums.included[*class])
        {
            for (rate, name) in Rate::ALL {
                let value = defined(self.of_class(rate, sums, class));
                parts.push((format!("class.{label}.{name}"), value));
            }
            parts.push((format!("class.{label}.support"), Some(sums.support[class])));
        }
        parts
    }

    fn row_score(&self, _correct: bool) -> Option<f64> {
        None
    }
}
