//! Krippendorff's alpha of units that count as often as their weights say.

use super::units::{Unit, squared_deviations, value_counts};

/// Most distinct values of the ratio level, whose expected disagreement looks at every pair of values.
const MAX_RATIO_VALUES: usize = 1024;

/// What differences of values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Values are the same or not.
    Nominal,
    /// Values have an order.
    Ordinal,
    /// Differences mean something.
    Interval,
    /// Differences in relation to the values mean something.
    Ratio,
}

/// Disagreement that was seen and that chance would bring, each a mean over pairs of ratings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disagreement {
    /// Within units.
    pub observed: f64,
    /// Among all ratings of units with two or more.
    pub expected: f64,
    /// Ratings of units with two or more.
    pub ratings: f64,
}

impl Disagreement {
    /// 1 for perfect agreement, 0 for chance; NaN where ratings do not vary.
    pub fn alpha(self) -> f64 {
        if self.expected > 0.0 {
            1.0 - self.observed / self.expected
        } else {
            f64::NAN
        }
    }
}

/// Units whose ratings can be paired, ready for weights.
#[derive(Debug)]
pub struct Ratings {
    level: Level,
    units: Vec<Unit>,
    /// The values as numbers, ascending; for the nominal level only their number matters.
    values: Vec<f64>,
    /// What each unit adds to the observed disagreement, if that does not depend on the weights.
    observed: Vec<f64>,
}

impl Ratings {
    /// `values` are ascending; units hold their indexes.
    pub fn new(level: Level, units: Vec<Unit>, values: Vec<f64>) -> Self {
        let observed = units
            .iter()
            .map(|unit| match level {
                Level::Nominal => unit.pairs() - unit.agreeing(),
                Level::Interval => unit.squared_differences(&values),
                Level::Ratio => unit.distances(|left, right| ratio(values[left], values[right])),
                Level::Ordinal => 0.0,
            })
            .collect();
        Self {
            level,
            units,
            values,
            observed,
        }
    }

    /// Both disagreements; units with one rating have no part in either.
    pub fn disagreement(&self, weights: &[f64]) -> Disagreement {
        let paired = || {
            let all = self.units.iter().zip(weights).enumerate();
            all.filter(|(_, (unit, weight))| unit.ratings >= 2.0 && **weight > 0.0)
        };
        let counts = value_counts(
            paired().map(|(_, (unit, weight))| (unit, *weight)),
            self.values.len(),
        );
        let ratings: f64 = counts.iter().sum();
        let ranks = (self.level == Level::Ordinal).then(|| middle_ranks(&counts));
        let observed: f64 = paired()
            .map(|(at, (unit, weight))| {
                let of_unit = ranks
                    .as_ref()
                    .map_or(self.observed[at], |ranks| unit.squared_differences(ranks));
                weight * of_unit / (unit.ratings - 1.0)
            })
            .sum();
        let of_all = self.distances_of_all(&counts, ranks.as_deref());
        Disagreement {
            observed: observed / ratings,
            expected: of_all / (ratings * (ratings - 1.0)),
            ratings,
        }
    }

    /// Sum over all ordered pairs of ratings of the distance of their values.
    fn distances_of_all(&self, counts: &[f64], ranks: Option<&[f64]>) -> f64 {
        let total: f64 = counts.iter().sum();
        match self.level {
            Level::Nominal => total * total - counts.iter().map(|count| count * count).sum::<f64>(),
            Level::Ordinal | Level::Interval => {
                let positions = ranks.unwrap_or(&self.values);
                let weighted = positions.iter().copied().zip(counts.iter().copied());
                2.0 * total * squared_deviations(weighted)
            }
            Level::Ratio if self.values.len() > MAX_RATIO_VALUES => f64::NAN,
            Level::Ratio => {
                let given = self
                    .values
                    .iter()
                    .zip(counts)
                    .filter(|(_, count)| **count > 0.0);
                let given: Vec<(&f64, &f64)> = given.collect();
                let mut sum = 0.0;
                for (at, (left, count)) in given.iter().enumerate() {
                    for (right, other) in &given[..at] {
                        sum += 2.0 * *count * *other * ratio(**left, **right);
                    }
                }
                sum
            }
        }
    }
}

/// The squared difference of two values in relation to their sum; 0 if that is 0.
fn ratio(left: f64, right: f64) -> f64 {
    let sum = left + right;
    if sum == 0.0 {
        return 0.0;
    }
    let ratio = (left - right) / sum;
    ratio * ratio
}

/// The middle of the ranks that all ratings of a value take up.
fn middle_ranks(counts: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    let rank = |count: &f64| {
        below += count;
        below - count / 2.0
    };
    counts.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: usize = usize::MAX;

    /// Hayes and Krippendorff 2007: four observers, twelve units, values 1 to 5.
    fn worked_example() -> Vec<Unit> {
        let raters = [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
            [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
        ];
        let unit = |at: usize| {
            let values = raters.iter().map(|rater| rater[at]);
            let given: Vec<usize> = values.filter(|v| *v != NONE).map(|v| v - 1).collect();
            Unit::of(&given)
        };
        (0..12).map(unit).collect()
    }

    fn alpha(level: Level, units: Vec<Unit>, weights: &[f64]) -> f64 {
        Ratings::new(level, units, vec![1.0, 2.0, 3.0, 4.0, 5.0])
            .disagreement(weights)
            .alpha()
    }

    #[test]
    fn the_worked_example_of_every_level() {
        for (level, expected) in [
            (Level::Nominal, 0.743),
            (Level::Ordinal, 0.815),
            (Level::Interval, 0.849),
            (Level::Ratio, 0.797),
        ] {
            let found = alpha(level, worked_example(), &[1.0; 12]);
            assert!((found - expected).abs() < 5e-4, "{level:?} {found}");
        }
    }

    #[test]
    fn a_weight_is_so_many_units() {
        let weights = [0.0, 2.0, 1.0, 3.0, 0.0, 1.0, 1.0, 2.0, 5.0, 1.0, 0.0, 4.0];
        let repeated: Vec<Unit> = (worked_example().into_iter().zip(weights))
            .flat_map(|(unit, times)| vec![unit; times as usize])
            .collect();
        let ones = vec![1.0; repeated.len()];
        for level in [
            Level::Nominal,
            Level::Ordinal,
            Level::Interval,
            Level::Ratio,
        ] {
            let weighted = alpha(level, worked_example(), &weights);
            let plain = alpha(level, repeated.clone(), &ones);
            assert!((weighted - plain).abs() < 1e-14, "{level:?}");
        }
    }

    #[test]
    fn without_variation_or_pairs_there_is_no_alpha() {
        for units in [
            vec![Unit::of(&[1, 1]), Unit::of(&[1, 1, 1])],
            vec![Unit::of(&[1]), Unit::of(&[2])],
            vec![],
        ] {
            let weights = vec![1.0; units.len()];
            for level in [
                Level::Nominal,
                Level::Ordinal,
                Level::Interval,
                Level::Ratio,
            ] {
                assert!(alpha(level, units.clone(), &weights).is_nan(), "{level:?}");
            }
        }
    }
}
