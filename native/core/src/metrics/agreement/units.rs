//! Units that several raters judged: how often each value was given.

/// One unit's ratings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unit {
    /// Each value that occurs, by its index, and how often; ascending.
    pub counts: Vec<(usize, f64)>,
    /// All ratings.
    pub ratings: f64,
}

impl Unit {
    /// From the values of the ratings, in any order.
    pub fn of(values: &[usize]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let equal = sorted.chunk_by(|left, right| left == right);
        Self {
            counts: equal.map(|equal| (equal[0], equal.len() as f64)).collect(),
            ratings: values.len() as f64,
        }
    }

    /// Ordered pairs of ratings that agree.
    pub fn agreeing(&self) -> f64 {
        let pairs = self.counts.iter().map(|(_, count)| count * (count - 1.0));
        pairs.sum()
    }

    /// Ordered pairs of ratings.
    pub fn pairs(&self) -> f64 {
        self.ratings * (self.ratings - 1.0)
    }

    /// Sum over ordered pairs of ratings of the squared difference of the values' positions.
    pub fn squared_differences(&self, positions: &[f64]) -> f64 {
        let weighted = self
            .counts
            .iter()
            .map(|(value, count)| (positions[*value], *count));
        2.0 * self.ratings * squared_deviations(weighted)
    }

    /// Sum over ordered pairs of ratings of the distance of their values.
    pub fn distances(&self, distance: impl Fn(usize, usize) -> f64) -> f64 {
        let mut sum = 0.0;
        for (at, (left, count)) in self.counts.iter().enumerate() {
            for (right, other) in &self.counts[..at] {
                sum += 2.0 * count * other * distance(*left, *right);
            }
        }
        sum
    }
}

/// Sum of weighted squared deviations from the mean; exactly 0 for equal numbers, as all are first taken relative to
/// one of them.
pub fn squared_deviations(weighted: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let weighted = weighted.filter(|(_, weight)| *weight > 0.0);
    let Some((origin, _)) = weighted.clone().next() else {
        return 0.0;
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for (number, weight) in weighted.clone() {
        sum += (number - origin) * weight;
        weights += weight;
    }
    let mean = sum / weights;
    let squares = weighted.map(|(number, weight)| {
        let deviation = number - origin - mean;
        weight * deviation * deviation
    });
    squares.sum()
}

/// How often each of `values` values was given, all units counted by their weights.
pub fn value_counts<'u>(units: impl Iterator<Item = (&'u Unit, f64)>, values: usize) -> Vec<f64> {
    let mut totals = vec![0.0; values];
    for (unit, weight) in units {
        for (value, count) in &unit.counts {
            totals[*value] += weight * count;
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_ordered_and_of_different_raters() {
        let unit = Unit::of(&[2, 0, 2, 2]);
        assert_eq!(unit.counts, [(0, 1.0), (2, 3.0)]);
        assert_eq!((unit.agreeing(), unit.pairs()), (6.0, 12.0));
        // Three pairs of 1 and 4, both ways.
        assert_eq!(unit.squared_differences(&[1.0, 9.0, 4.0]), 6.0 * 9.0);
        assert_eq!(unit.distances(|left, right| (left - right) as f64), 12.0);
    }

    #[test]
    fn no_ratings_have_no_pairs() {
        let unit = Unit::of(&[]);
        assert_eq!((unit.agreeing(), unit.squared_differences(&[])), (0.0, 0.0));
    }

    #[test]
    fn equal_numbers_do_not_deviate() {
        assert_eq!(squared_deviations([(0.1, 1.0); 3].into_iter()), 0.0);
        assert_eq!(
            squared_deviations([(5.0, 0.0), (0.1, 3.0)].into_iter()),
            0.0
        );
    }
}
