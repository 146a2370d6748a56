//! The weighted longest common subsequence (Lin 2004, section 3.3): a run of k tokens that are equal one after the other
//! weighs f(k) = k^w, so that with w above 1 one run weighs more than its parts.
//!
//! As in the paper, equal tokens are always taken, even where that weighs less than dropping one of them. The order of the
//! additions is part of the definition, because rounding decides between ways of equal weight.

use super::masks::WORD;
use super::union_lcs::{is_set, set};

/// Weights that are kept even if no run is so long.
const KEPT: usize = 4096;

/// The weights f(k), made on demand.
#[derive(Debug, Clone)]
pub struct Weights {
    power: f64,
    of_runs: Vec<f64>,
}

impl Weights {
    /// The weights k^power.
    pub fn new(power: f64) -> Self {
        Self {
            power,
            of_runs: vec![0.0],
        }
    }

    /// The power.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// f(length) of any length.
    pub fn of(&self, length: f64) -> f64 {
        length.powf(self.power)
    }

    /// f(length) of a number of tokens.
    pub fn of_tokens(&mut self, length: usize) -> f64 {
        if length < KEPT {
            self.of_runs(length)[length]
        } else {
            self.of(length as f64)
        }
    }

    /// The length whose weight this is.
    pub fn inverse(&self, weight: f64) -> f64 {
        weight.powf(1.0 / self.power)
    }

    /// f(0) to f(longest).
    fn of_runs(&mut self, longest: usize) -> &[f64] {
        for length in self.of_runs.len()..=longest {
            self.of_runs.push((length as f64).powf(self.power));
        }
        &self.of_runs
    }
}

/// Reused memory.
///
/// A row of the table changes only at the prediction's tokens that equal the reference's, and to their right as long as
/// they weigh more; so most cells are never looked at. That needs a row that never falls. Where equal tokens weigh less
/// than what they replace, it does fall, and the next row is computed cell by cell.
#[derive(Debug, Default)]
pub struct WeightedLcs {
    /// One row of the table: the weight so far and the run that ends there, for each token of the prediction.
    weights: Vec<f64>,
    runs: Vec<u32>,
    falls: bool,
    /// One bit a cell: the way back drops the prediction's token.
    left: Vec<u64>,
    /// The last place of each number in the prediction; out of date where another number is there.
    last: Vec<u32>,
    /// The place before each place where the same number is.
    before: Vec<u32>,
}

/// The tokens of a pair as numbers. Those of the reference are below `bound`, the prediction may have others.
#[derive(Debug, Clone, Copy)]
pub struct NumberedPair<'a> {
    /// Tokens of the prediction.
    pub prediction: &'a [u32],
    /// Tokens of the reference.
    pub reference: &'a [u32],
    /// Above all numbers of the reference.
    pub bound: usize,
}

/// No place.
const NONE: u32 = u32::MAX;

impl WeightedLcs {
    /// The weight of the whole subsequence.
    pub fn weight(&mut self, pair: NumberedPair<'_>, weights: &mut Weights) -> f64 {
        self.fill(pair, weights, |_, _, _| {});
        self.weights.last().copied().unwrap_or(0.0)
    }

    /// Sets the bits, from `first` on, of the reference tokens that lie in the subsequence.
    pub fn mark(
        &mut self,
        pair: NumberedPair<'_>,
        weights: &mut Weights,
        first: usize,
        hits: &mut [u64],
    ) {
        let words = pair.prediction.len().div_ceil(WORD);
        let mut left = std::mem::take(&mut self.left);
        left.clear();
        left.resize(words * pair.reference.len(), 0);
        self.fill(pair, weights, |row, start, end| {
            set_range(&mut left[row * words..][..words], start, end);
        });
        let (mut i, mut j) = (pair.reference.len(), pair.prediction.len());
        while i > 0 && j > 0 {
            if pair.reference[i - 1] == pair.prediction[j - 1] {
                (i, j) = (i - 1, j - 1);
                set(hits, first + i);
            } else if is_set(&left[(i - 1) * words..][..words], j - 1) {
                j -= 1;
            } else {
                i -= 1;
            }
        }
        self.left = left;
    }

    /// Computes the table row by row; `from_left` hears of the cells of each row that come from the left.
    fn fill(
        &mut self,
        pair: NumberedPair<'_>,
        weights: &mut Weights,
        mut from_left: impl FnMut(usize, usize, usize),
    ) {
        let NumberedPair {
            prediction,
            reference,
            ..
        } = pair;
        let weights = weights.of_runs(prediction.len().min(reference.len()));
        self.start(pair);
        let mut previous = NONE;
        for (row, &token) in reference.iter().enumerate() {
            let from_left = |start, end| from_left(row, start, end);
            if self.falls {
                self.full_row(prediction, token, weights, from_left);
            } else {
                self.sparse_row(prediction, token, previous, weights, from_left);
            }
            previous = token;
        }
    }

    fn start(&mut self, pair: NumberedPair<'_>) {
        self.falls = false;
        self.weights.clear();
        self.weights.resize(pair.prediction.len(), 0.0);
        self.runs.clear();
        self.runs.resize(pair.prediction.len(), 0);
        if self.last.len() < pair.bound {
            self.last.resize(pair.bound, NONE);
        }
        self.before.clear();
        for (at, &number) in pair.prediction.iter().enumerate() {
            let before = self.last_place(&pair.prediction[..at], number);
            self.before.push(before);
            if let Some(last) = self.last.get_mut(number as usize) {
                *last = at as u32;
            }
        }
    }

    fn last_place(&self, prediction: &[u32], number: u32) -> u32 {
        let place = self.last.get(number as usize).copied().unwrap_or(NONE);
        let is_there = prediction.get(place as usize) == Some(&number);
        if is_there { place } else { NONE }
    }

    /// A row after one that never falls: from the right, as each cell needs the old one before it.
    fn sparse_row(
        &mut self,
        prediction: &[u32],
        token: u32,
        previous: u32,
        weights: &[f64],
        mut from_left: impl FnMut(usize, usize),
    ) {
        let mut next = prediction.len();
        let mut at = self.last_place(prediction, token);
        while at != NONE {
            let place = at as usize;
            let (weight, run) = self.diagonal(place);
            let weight = weight + weights[run as usize + 1] - weights[run as usize];
            self.weights[place] = weight;
            self.runs[place] = run + 1;
            let to_right = &mut self.weights[place + 1..next];
            let lower = to_right.iter().take_while(|right| **right < weight).count();
            to_right[..lower].fill(weight);
            from_left(place + 1, place + 1 + lower);
            self.falls |= self
                .weights
                .get(next)
                .is_some_and(|right| *right < self.weights[next - 1]);
            next = place;
            at = self.before[place];
        }
        if previous != token {
            self.end_runs(prediction, previous);
        }
    }

    /// No token of this row equals those of the row before: their runs are over.
    fn end_runs(&mut self, prediction: &[u32], number: u32) {
        let mut at = self.last_place(prediction, number);
        while at != NONE {
            self.runs[at as usize] = 0;
            at = self.before[at as usize];
        }
    }

    /// The old cell before a place.
    fn diagonal(&self, place: usize) -> (f64, u32) {
        match place.checked_sub(1) {
            Some(before) => (self.weights[before], self.runs[before]),
            None => (0.0, 0),
        }
    }

    /// A row cell by cell.
    fn full_row(
        &mut self,
        prediction: &[u32],
        token: u32,
        weights: &[f64],
        mut from_left: impl FnMut(usize, usize),
    ) {
        let (mut diagonal, mut before) = ((0.0, 0), 0.0);
        self.falls = false;
        for (at, &other) in prediction.iter().enumerate() {
            let up = (self.weights[at], self.runs[at]);
            let (weight, run) = if token == other {
                let run: u32 = diagonal.1;
                let weight = diagonal.0 + weights[run as usize + 1] - weights[run as usize];
                self.falls |= weight < before;
                (weight, run + 1)
            } else if up.0 < before {
                from_left(at, at + 1);
                (before, 0)
            } else {
                (up.0, 0)
            };
            self.weights[at] = weight;
            self.runs[at] = run;
            diagonal = up;
            before = weight;
        }
    }
}

/// Sets the bits from `start` to `end`.
fn set_range(bits: &mut [u64], start: usize, end: usize) {
    for (word, bits) in bits
        .iter_mut()
        .enumerate()
        .take(end.div_ceil(WORD))
        .skip(start / WORD)
    {
        let below = |at: usize| match at.saturating_sub(word * WORD) {
            at if at < WORD => (1 << at) - 1,
            _ => u64::MAX,
        };
        *bits |= below(end) & !below(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(text: &str) -> Vec<u32> {
        text.bytes().map(u32::from).collect()
    }

    fn with_pair<T>(
        prediction: &str,
        reference: &str,
        ask: impl FnOnce(NumberedPair<'_>) -> T,
    ) -> T {
        ask(NumberedPair {
            prediction: &numbers(prediction),
            reference: &numbers(reference),
            bound: 128,
        })
    }

    fn weight(prediction: &str, reference: &str, power: f64) -> f64 {
        with_pair(prediction, reference, |pair| {
            WeightedLcs::default().weight(pair, &mut Weights::new(power))
        })
    }

    fn marked(prediction: &str, reference: &str) -> Vec<usize> {
        let mut hits = vec![0; 3];
        with_pair(prediction, reference, |pair| {
            WeightedLcs::default().mark(pair, &mut Weights::new(1.2), 3, &mut hits);
        });
        (0..192).filter(|at| is_set(&hits, *at)).collect()
    }

    /// The table as the script has it: weight, and the tokens of the way back.
    fn simple(prediction: &str, reference: &str) -> (f64, Vec<usize>) {
        let (x, y) = (numbers(reference), numbers(prediction));
        let f = |run: u32| f64::from(run).powf(1.2);
        let mut table = vec![vec![(0.0, 0, 'x'); y.len() + 1]; x.len() + 1];
        for i in 1..=x.len() {
            for j in 1..=y.len() {
                table[i][j] = if x[i - 1] == y[j - 1] {
                    let (weight, run, _) = table[i - 1][j - 1];
                    (weight + f(run + 1) - f(run), run + 1, 'd')
                } else if table[i - 1][j].0 >= table[i][j - 1].0 {
                    (table[i - 1][j].0, 0, 'u')
                } else {
                    (table[i][j - 1].0, 0, 'l')
                };
            }
        }
        let (mut i, mut j, mut hits) = (x.len(), y.len(), Vec::new());
        while i > 0 && j > 0 {
            let way = table[i][j].2;
            i -= usize::from(way != 'l');
            j -= usize::from(way != 'u');
            if way == 'd' {
                hits.push(i + 3);
            }
        }
        hits.reverse();
        (table[x.len()][y.len()].0, hits)
    }

    proptest! {
        #[test]
        fn the_same_as_by_the_table(
            prediction in prop_oneof!["[ab]{0,90}", "[a-f]{0,70}", "[a-z]{0,30}"],
            reference in prop_oneof!["[ab]{0,60}", "[a-f]{0,70}", "[a-z]{0,30}"],
        ) {
            let (expected, hits) = simple(&prediction, &reference);
            prop_assert_eq!(weight(&prediction, &reference, 1.2).to_bits(), expected.to_bits());
            prop_assert_eq!(marked(&prediction, &reference), hits);
        }
    }

    /// Lin 2004, section 3.3: X, Y1 and Y2 with f(k) = k^2.
    #[test]
    fn the_example_of_the_paper() {
        assert_eq!(weight("ABCDHIK", "ABCDEFG", 2.0), 16.0);
        assert_eq!(weight("AHBKCID", "ABCDEFG", 2.0), 4.0);
        assert_eq!(weight("AHBKCID", "ABCDEFG", 1.0), 4.0);
    }

    #[test]
    fn the_edges_weigh_nothing() {
        assert_eq!(weight("", "ab", 1.2), 0.0);
        assert_eq!(weight("ab", "", 1.2), 0.0);
        assert_eq!(weight("cd", "ab", 1.2), 0.0);
        assert!(marked("", "ab").is_empty());
        assert!(marked("ab", "").is_empty());
    }

    #[test]
    fn the_way_back_is_marked() {
        assert_eq!(marked("abcd", "abcd"), [3, 4, 5, 6]);
        assert_eq!(marked("xaybz", "ab"), [3, 4]);
        assert_eq!(marked("abxab", "aab"), [3, 4, 5]);
    }

    #[test]
    fn weights_have_an_inverse() {
        let weights = Weights::new(1.2);
        assert!((weights.inverse(weights.of(7.0)) - 7.0).abs() < 1e-12);
        assert_eq!(Weights::new(1.0).inverse(5.0), 5.0);
    }
}
