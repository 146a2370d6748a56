//! Pairs of rows that two rankings order alike or not, each row counted as often as its weight says.

use super::ranks::Ranking;

/// Numbers of pairs of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairs {
    /// All pairs.
    pub all: f64,
    /// Both sides order them alike.
    pub concordant: f64,
    /// The sides order them differently.
    pub discordant: f64,
    /// Tied on the left side, perhaps on the right one too.
    pub tied_left: f64,
    /// Tied on the right side, perhaps on the left one too.
    pub tied_right: f64,
    /// Rows.
    pub rows: f64,
    /// The smaller number of distinct values of the two sides.
    pub distinct: usize,
}

impl Pairs {
    /// Kendall's tau-b, which allows for ties; NaN if one side is constant.
    pub fn tau_b(&self) -> f64 {
        let (left, right) = (self.all - self.tied_left, self.all - self.tied_right);
        if left > 0.0 && right > 0.0 {
            ((self.concordant - self.discordant) / left.sqrt() / right.sqrt()).clamp(-1.0, 1.0)
        } else {
            f64::NAN
        }
    }

    /// Stuart's tau-c, for tables that are not square; NaN if one side is constant.
    pub fn tau_c(&self) -> f64 {
        if self.distinct < 2 {
            return f64::NAN;
        }
        let classes = self.distinct as f64;
        let most = self.rows * self.rows * (classes - 1.0) / classes;
        (2.0 * (self.concordant - self.discordant) / most).clamp(-1.0, 1.0)
    }
}

/// Two rankings of the same rows, ready to count pairs.
#[derive(Debug)]
pub struct PairCounter {
    left: Ranking,
    right: Ranking,
    /// Rows by their left place.
    order: Vec<u32>,
}

impl PairCounter {
    /// Sorts the rows once.
    pub fn new(left: Ranking, right: Ranking) -> Self {
        let mut order: Vec<u32> = (0..left.places.len() as u32).collect();
        order.sort_unstable_by_key(|row| (left.places[*row as usize], *row));
        Self { left, right, order }
    }

    /// Counts the pairs in O(n log n). A row of weight w is w equal rows.
    pub fn count(&self, weights: &[f64]) -> Pairs {
        let rows: f64 = weights.iter().sum();
        let (tied_left, distinct_left) = tied(&self.left.place_weights(weights));
        let (tied_right, distinct_right) = tied(&self.right.place_weights(weights));
        let (concordant, discordant) = self.ordered(weights);
        Pairs {
            all: pairs(rows),
            concordant,
            discordant,
            tied_left,
            tied_right,
            rows,
            distinct: distinct_left.min(distinct_right),
        }
    }

    /// Pairs that both sides order: rows come by left place, and each meets those of lower left places, which a
    /// tree of sums holds by right place.
    fn ordered(&self, weights: &[f64]) -> (f64, f64) {
        let mut seen = PrefixSums::new(self.right.distinct);
        let (mut concordant, mut discordant) = (0.0, 0.0);
        let same_left =
            |a: &u32, b: &u32| self.left.places[*a as usize] == self.left.places[*b as usize];
        for tied in self.order.chunk_by(same_left) {
            let with_weight = || {
                tied.iter()
                    .map(|row| *row as usize)
                    .filter(|row| weights[*row] > 0.0)
            };
            for row in with_weight() {
                let place = self.right.places[row] as usize;
                concordant += weights[row] * seen.below(place);
                discordant += weights[row] * (seen.total - seen.below(place + 1));
            }
            for row in with_weight() {
                seen.add(self.right.places[row] as usize, weights[row]);
            }
        }
        (concordant, discordant)
    }
}

/// Pairs of so many rows.
fn pairs(rows: f64) -> f64 {
    rows * (rows - 1.0) / 2.0
}

/// Pairs within the places, and the number of places that have rows.
fn tied(place_weights: &[f64]) -> (f64, usize) {
    let with_rows = || place_weights.iter().filter(|weight| **weight > 0.0);
    (
        with_rows().map(|weight| pairs(*weight)).sum(),
        with_rows().count(),
    )
}

/// Sums of the first k numbers of a list that changes (Fenwick 1994).
struct PrefixSums {
    nodes: Vec<f64>,
    total: f64,
}

impl PrefixSums {
    fn new(len: usize) -> Self {
        Self {
            nodes: vec![0.0; len + 1],
            total: 0.0,
        }
    }

    fn add(&mut self, at: usize, number: f64) {
        self.total += number;
        let mut node = at + 1;
        while let Some(sum) = self.nodes.get_mut(node) {
            *sum += number;
            node += node & node.wrapping_neg();
        }
    }

    /// The sum of the numbers before `end`.
    fn below(&self, end: usize) -> f64 {
        let (mut node, mut sum) = (end, 0.0);
        while node > 0 {
            sum += self.nodes[node];
            node &= node - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(left: &[f64], right: &[f64], weights: &[f64]) -> Pairs {
        PairCounter::new(Ranking::of(left), Ranking::of(right)).count(weights)
    }

    /// The example of scipy's documentation.
    #[test]
    fn tau_of_a_worked_example() {
        let pairs = count(
            &[12.0, 2.0, 1.0, 12.0, 2.0],
            &[1.0, 4.0, 7.0, 1.0, 0.0],
            &[1.0; 5],
        );
        assert_eq!((pairs.concordant, pairs.discordant), (2.0, 6.0));
        assert_eq!((pairs.tied_left, pairs.tied_right), (2.0, 1.0));
        assert!((pairs.tau_b() + 0.471_404_520_791_031_7).abs() < 1e-15);
        assert!((pairs.tau_c() + 0.48).abs() < 1e-15);
    }

    #[test]
    fn a_constant_side_has_no_tau() {
        let pairs = count(&[1.0, 1.0, 2.0], &[1.0, 2.0, 3.0], &[1.0, 1.0, 0.0]);
        assert!(pairs.tau_b().is_nan() && pairs.tau_c().is_nan());
        assert!(count(&[], &[], &[]).tau_b().is_nan());
    }

    /// Every pair looked at, every row repeated.
    fn slowly(left: &[f64], right: &[f64], weights: &[f64]) -> (f64, f64) {
        let repeated: Vec<(f64, f64)> = (left.iter().zip(right).zip(weights))
            .flat_map(|((x, y), times)| vec![(*x, *y); *times as usize])
            .collect();
        let (mut concordant, mut discordant) = (0.0, 0.0);
        for (at, (x, y)) in repeated.iter().enumerate() {
            for (other_x, other_y) in &repeated[..at] {
                let sign = (x - other_x) * (y - other_y);
                concordant += f64::from(u8::from(sign > 0.0));
                discordant += f64::from(u8::from(sign < 0.0));
            }
        }
        (concordant, discordant)
    }

    proptest! {
        #[test]
        fn counting_is_looking_at_every_pair(rows in prop::collection::vec((0_u8..6, 0_u8..6, 0_u8..4), 0..30)) {
            let column = |of: fn(&(u8, u8, u8)) -> u8| -> Vec<f64> { rows.iter().map(|row| f64::from(of(row))).collect() };
            let (left, right, weights) = (column(|row| row.0), column(|row| row.1), column(|row| row.2));
            let pairs = count(&left, &right, &weights);
            prop_assert_eq!((pairs.concordant, pairs.discordant), slowly(&left, &right, &weights));
        }
    }
}
