//! Fleiss' kappa of units that count as often as their weights say.

use super::units::{Unit, value_counts};

/// Agreement that was seen and that chance would bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Mean share of agreeing pairs of ratings of a unit.
    pub observed: f64,
    /// The share of chance.
    pub expected: f64,
}

impl Agreement {
    /// 1 for perfect agreement, 0 for chance; NaN where chance agrees always.
    pub fn kappa(self) -> f64 {
        if self.expected < 1.0 {
            (self.observed - self.expected) / (1.0 - self.expected)
        } else {
            f64::NAN
        }
    }
}

/// How chance would rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chance {
    /// Every value as often as all raters together (Fleiss 1971).
    Marginals,
    /// Every value equally often (Randolph 2005).
    Uniform,
}

/// The agreement of units that all have the same number of ratings, at least two, of `values` values.
pub fn agreement(units: &[Unit], values: usize, chance: Chance, weights: &[f64]) -> Agreement {
    let rows: f64 = weights.iter().sum();
    let shares = units
        .iter()
        .zip(weights)
        .map(|(unit, weight)| weight * unit.agreeing() / unit.pairs());
    let expected = match chance {
        Chance::Uniform => 1.0 / values as f64,
        Chance::Marginals => {
            let counts = value_counts(units.iter().zip(weights.iter().copied()), values);
            let ratings: f64 = counts.iter().sum();
            counts
                .iter()
                .map(|count| (count / ratings) * (count / ratings))
                .sum()
        }
    };
    Agreement {
        observed: shares.sum::<f64>() / rows,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wikipedia's example: ten subjects, fourteen raters, five categories; kappa 0.210.
    fn worked_example() -> Vec<Unit> {
        let table = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ];
        let values = |row: &[usize; 5]| -> Vec<usize> {
            (0..5).flat_map(|value| vec![value; row[value]]).collect()
        };
        table.iter().map(|row| Unit::of(&values(row))).collect()
    }

    #[test]
    fn the_worked_example() {
        let found = agreement(&worked_example(), 5, Chance::Marginals, &[1.0; 10]);
        assert!((found.observed - 0.378).abs() < 5e-4);
        assert!((found.expected - 0.213).abs() < 5e-4);
        assert!((found.kappa() - 0.210).abs() < 5e-4);
        let uniform = agreement(&worked_example(), 5, Chance::Uniform, &[1.0; 10]);
        assert_eq!(uniform.kappa(), (uniform.observed - 0.2) / 0.8);
    }

    #[test]
    fn one_value_has_no_kappa() {
        let units = [Unit::of(&[0, 0]), Unit::of(&[0, 0])];
        assert!(
            agreement(&units, 1, Chance::Marginals, &[1.0, 1.0])
                .kappa()
                .is_nan()
        );
        assert!(agreement(&[], 0, Chance::Marginals, &[]).kappa().is_nan());
    }
}
