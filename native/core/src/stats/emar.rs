//! EMAR, the *effective model adaptation rate*, and the relative improvement of a task.
//!
//! The article that names EMAR (Ruiz Viquez, *Evaluating the Success of Fine-Tuning Large Language Models*) defines it three
//! times: by a formula, in prose and by an example. They are three different numbers, so each has a name here. It speaks of
//! performance, of which more is better; for metrics of which less is better the improvement is counted that way.

use crate::metrics::Direction;

/// A definition of how far a model adapted to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The article's formula: (improvement - before) / before.
    Formula,
    /// The article's words: improvement / benchmark.
    Prose,
    /// The article's example: improvement / (before - benchmark).
    Example,
    /// No EMAR: improvement / before.
    RelativeImprovement,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Formula,
        Self::Prose,
        Self::Example,
        Self::RelativeImprovement,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Formula => "formula",
            Self::Prose => "prose",
            Self::Example => "example",
            Self::RelativeImprovement => "relative_improvement",
        }
    }

    /// What it divides by what.
    pub fn definition(self, direction: Direction) -> &'static str {
        match (self, direction == Direction::Lower) {
            (Self::Formula, false) => "((after - before) - before) / before",
            (Self::Prose, false) => "(after - before) / benchmark",
            (Self::Example, false) => "(after - before) / (before - benchmark)",
            (Self::RelativeImprovement, false) => "(after - before) / before",
            (Self::Formula, true) => "((before - after) - before) / before",
            (Self::Prose, true) => "(before - after) / benchmark",
            (Self::Example, true) => "(before - after) / (before - benchmark)",
            (Self::RelativeImprovement, true) => "(before - after) / before",
        }
    }

    /// Whether the value of the benchmark counts.
    pub fn has_benchmark(self) -> bool {
        matches!(self, Self::Prose | Self::Example)
    }
}

/// By how much a value is better than another one.
pub fn improvement(direction: Direction, before: f64, after: f64) -> f64 {
    if direction == Direction::Lower {
        before - after
    } else {
        after - before
    }
}

/// The values of one metric, all on the same scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptation {
    /// Of the model on the target task, before it was adapted.
    pub before: f64,
    /// Of the adapted model on the target task.
    pub after: f64,
    /// Of the model on the benchmark task, before it was adapted.
    pub benchmark: f64,
    /// Which way the metric is better.
    pub direction: Direction,
}

impl Adaptation {
    /// What the variant divides by.
    pub fn denominator(&self, variant: Variant) -> f64 {
        match variant {
            Variant::Formula | Variant::RelativeImprovement => self.before,
            Variant::Prose => self.benchmark,
            Variant::Example => self.before - self.benchmark,
        }
    }

    /// The value, or why there is none.
    pub fn value(&self, variant: Variant) -> Result<f64, &'static str> {
        let gain = improvement(self.direction, self.before, self.after);
        let numerator = match variant {
            Variant::Formula => gain - self.before,
            Variant::Prose | Variant::Example | Variant::RelativeImprovement => gain,
        };
        let denominator = self.denominator(variant);
        if denominator == 0.0 {
            return Err(match variant {
                Variant::Formula | Variant::RelativeImprovement => {
                    "the value before is 0, and it is divided by"
                }
                Variant::Prose => "the value of the benchmark is 0, and it is divided by",
                Variant::Example => {
                    "the value before equals that of the benchmark, and their difference is divided by"
                }
            });
        }
        // Nothing by something negative is 0, not -0.
        let value = numerator / denominator + 0.0;
        if value.is_finite() {
            Ok(value)
        } else {
            Err("the value is too large for a number")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(before: f64, after: f64, benchmark: f64) -> [Option<f64>; 4] {
        let adaptation = Adaptation {
            before,
            after,
            benchmark,
            direction: Direction::Higher,
        };
        Variant::ALL.map(|variant| adaptation.value(variant).ok())
    }

    #[test]
    fn the_articles_example_has_three_values() {
        let found = values(70.0, 85.0, 75.0);
        assert_eq!(
            found,
            [Some(-55.0 / 70.0), Some(0.2), Some(-3.0), Some(15.0 / 70.0)]
        );
    }

    #[test]
    fn a_zero_denominator_has_no_value() {
        assert_eq!(values(0.0, 1.0, 2.0), [None, Some(0.5), Some(-0.5), None]);
        assert_eq!(
            values(2.0, 1.0, 0.0),
            [Some(-1.5), None, Some(-0.5), Some(-0.5)]
        );
        assert_eq!(
            values(2.0, 1.0, 2.0),
            [Some(-1.5), Some(-0.5), None, Some(-0.5)]
        );
        assert_eq!(values(1e-300, 1e300, 1e-300), [None, None, None, None]);
    }

    /// A word error rate that falls from 10 to 8 beside one of 5.
    #[test]
    fn less_may_be_better() {
        let adaptation = Adaptation {
            before: 10.0,
            after: 8.0,
            benchmark: 5.0,
            direction: Direction::Lower,
        };
        let found = Variant::ALL.map(|variant| adaptation.value(variant).ok());
        assert_eq!(found, [Some(-0.8), Some(0.4), Some(0.4), Some(0.2)]);
    }
}
