//! What metrics that are no sums keep of every row, for one system.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::metrics::CollectedRows;

/// What identifies a kept row.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct KeptKey {
    /// Hash that decides the slot.
    pub slot: u64,
    /// Hash of the id, shared by the samples of one id.
    pub group: u64,
    /// Hash of (id, sample) or of the position.
    pub row: u64,
    /// Weight of the row.
    pub weight: f64,
}

/// The numbers that one metric keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// End of each row's numbers.
    pub ends: Vec<usize>,
    /// The numbers of all rows.
    pub numbers: Vec<f64>,
}

impl Numbers {
    fn of(&self, row: usize) -> &[f64] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.numbers[start..self.ends[row]]
    }

    fn push(&mut self, numbers: &[f64]) {
        self.numbers.extend_from_slice(numbers);
        self.ends.push(self.numbers.len());
    }
}

/// Kept rows of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// One a row.
    pub keys: Vec<KeptKey>,
    /// One a metric.
    pub metrics: Vec<Numbers>,
}

impl Kept {
    /// Nothing, for this many metrics.
    pub fn new(metrics: usize) -> Self {
        Self {
            keys: Vec::new(),
            metrics: vec![Numbers::default(); metrics],
        }
    }

    /// Adds a row: the numbers of each metric.
    pub fn push<'n>(&mut self, key: KeptKey, numbers: impl Iterator<Item = &'n [f64]>) {
        self.keys.push(key);
        for (metric, numbers) in self.metrics.iter_mut().zip(numbers) {
            metric.push(numbers);
        }
    }

    /// How many numbers are kept, keys included.
    pub fn size(&self) -> u64 {
        let numbers = self.metrics.iter().map(|metric| metric.numbers.len());
        (4 * self.keys.len() + numbers.sum::<usize>()) as u64
    }

    /// The same rows in an order that depends on the set of rows alone.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.sort_by(|a, b| {
            let by_key = self.keys[*a].partial_cmp(&self.keys[*b]);
            let bits = |row: usize| {
                let numbers = self.metrics.iter().flat_map(move |metric| metric.of(row));
                numbers.map(|number| number.to_bits())
            };
            by_key
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| bits(*a).cmp(bits(*b)))
        });
        let mut sorted = Self::new(self.metrics.len());
        for row in order {
            let numbers = self.metrics.iter().map(|metric| metric.of(row));
            sorted.push(self.keys[row], numbers);
        }
        sorted
    }

    /// The rows that another system has, too.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let theirs: FxHashSet<u64> = other.keys.iter().map(|key| key.row).collect();
        let mut common = Self::new(self.metrics.len());
        for (row, key) in self.keys.iter().enumerate() {
            if theirs.contains(&key.row) {
                common.push(*key, self.metrics.iter().map(|metric| metric.of(row)));
            }
        }
        common
    }

    /// Adds the rows of another shard.
    pub fn merge(&mut self, other: &Self) {
        for (row, key) in other.keys.iter().enumerate() {
            self.push(*key, other.metrics.iter().map(|metric| metric.of(row)));
        }
    }

    /// Whether the parts fit together, for this many metrics; a state from elsewhere may hold anything.
    pub fn is_sound(&self, metrics: usize) -> bool {
        let sound = |metric: &Numbers| {
            metric.ends.len() == self.keys.len()
                && metric.ends.is_sorted()
                && metric.ends.last().copied().unwrap_or(0) == metric.numbers.len()
        };
        let weight = |key: &KeptKey| key.weight.is_finite() && key.weight > 0.0;
        self.metrics.len() == metrics
            && self.metrics.iter().all(sound)
            && self.keys.iter().all(weight)
    }

    /// The numbers of one metric, as it takes them.
    pub fn rows_of(&self, metric: usize) -> CollectedRows {
        let mut rows = CollectedRows::default();
        for (row, key) in self.keys.iter().enumerate() {
            rows.push(key.group, self.metrics[metric].of(row));
        }
        rows
    }
}
