//! Counts of entities by type, and rates from them as seqeval computes them.

use super::entity::{Entity, common};

/// Entities of one type, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Predicted where they are.
    pub right: f64,
    /// Predicted.
    pub predicted: f64,
    /// In the reference.
    pub support: f64,
}

/// Precision, recall and F1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Share of the predicted entities that are right.
    pub precision: f64,
    /// Share of the reference's entities that were found.
    pub recall: f64,
    /// Their harmonic mean; 0 if both are 0.
    pub f1: f64,
}

impl Counts {
    /// Adds other counts, weighted.
    pub fn add(&mut self, other: Self, weight: f64) {
        self.right += weight * other.right;
        self.predicted += weight * other.predicted;
        self.support += weight * other.support;
    }

    /// Whether there are no entities.
    pub fn is_empty(self) -> bool {
        self.predicted == 0.0 && self.support == 0.0
    }

    /// The rates; `zero_division` is what a rate without denominator is.
    pub fn rates(self, zero_division: f64) -> Rates {
        let share = |whole: f64| {
            if whole == 0.0 {
                zero_division
            } else {
                self.right / whole
            }
        };
        Rates::of(share(self.predicted), share(self.support))
    }
}

impl Rates {
    fn of(precision: f64, recall: f64) -> Self {
        let sum = precision + recall;
        Self {
            precision,
            recall,
            f1: if sum == 0.0 {
                0.0
            } else {
                2.0 * precision * recall / sum
            },
        }
    }

    /// The means of rates with weights; NaN without any weight.
    pub fn mean(weighted: impl Iterator<Item = (Self, f64)>) -> Self {
        let (mut sums, mut weights) = ([0.0; 3], 0.0);
        for (rates, weight) in weighted {
            let of_type = [rates.precision, rates.recall, rates.f1];
            sums.iter_mut()
                .zip(of_type)
                .for_each(|(sum, rate)| *sum += weight * rate);
            weights += weight;
        }
        let [precision, recall, f1] = sums.map(|sum| sum / weights);
        Self {
            precision,
            recall,
            f1,
        }
    }
}

/// The counts of a sentence by type, in the order of the types.
pub fn by_type<'a>(predicted: &[Entity<'a>], gold: &[Entity<'a>]) -> Vec<(&'a str, Counts)> {
    let mut all: Vec<(&str, Counts)> = Vec::with_capacity(2 * predicted.len() + gold.len());
    let mut count = |entity: &Entity<'a>, right, predicted, support| {
        let counts = Counts {
            right,
            predicted,
            support,
        };
        all.push((entity.kind, counts));
    };
    common(predicted, gold).for_each(|entity| count(entity, 1.0, 0.0, 0.0));
    for entity in predicted {
        count(entity, 0.0, 1.0, 0.0);
    }
    for entity in gold {
        count(entity, 0.0, 0.0, 1.0);
    }
    all.sort_by_key(|(kind, _)| *kind);
    let same = |left: &(&str, Counts), right: &(&str, Counts)| left.0 == right.0;
    let sum = |equal: &[(&'a str, Counts)]| {
        let mut counts = Counts::default();
        for (_, one) in equal {
            counts.add(*one, 1.0);
        }
        (equal[0].0, counts)
    };
    all.chunk_by(same).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_counted_by_type() {
        let entity = |kind, start, end| Entity { kind, start, end };
        let predicted = [entity("P", 0, 1), entity("L", 2, 4), entity("P", 5, 6)];
        let gold = [entity("P", 0, 1), entity("L", 2, 3), entity("M", 5, 6)];
        let counts = |right, predicted, support| Counts {
            right,
            predicted,
            support,
        };
        assert_eq!(
            by_type(&predicted, &gold),
            [
                ("L", counts(0.0, 1.0, 1.0)),
                ("M", counts(0.0, 0.0, 1.0)),
                ("P", counts(1.0, 2.0, 1.0)),
            ]
        );
    }

    #[test]
    fn rates_without_denominator_are_what_was_asked_for() {
        let none = Counts::default();
        assert_eq!(none.rates(1.0).f1, 1.0);
        assert_eq!(none.rates(0.0).f1, 0.0);
        let missed = Counts {
            support: 2.0,
            ..none
        };
        assert_eq!(
            missed.rates(1.0),
            Rates {
                precision: 1.0,
                recall: 0.0,
                f1: 0.0
            }
        );
    }
}
