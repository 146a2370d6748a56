//! Metrics that are no function of sums: ranks, thresholds, samples of one id. What they need of a row is kept as
//! a few numbers; the value is computed from all rows, each with a weight, so that the bootstrap and the swap test
//! work as for sums.

use super::contract::{Components, Problem, RowFlags};
use super::field::Field;
use super::row::Row;
use crate::text::scratch::Scratch;

/// A metric over kept numbers.
pub trait CollectedMetric: Send + Sync {
    /// What it needs of a row, if parameters change what the registry says.
    fn needs(&self) -> Option<&'static [Field]> {
        None
    }

    /// The name in [`Field::Scores`] that it needs.
    fn score_name(&self) -> Option<&str> {
        None
    }

    /// Whether [`CollectedMetric::check_row`] may refuse rows.
    fn checks_rows(&self) -> bool {
        false
    }

    /// Refuses a row whose fields are there but make no sense for the metric.
    fn check_row(&self, _row: &Row<'_>) -> Result<(), Problem> {
        Ok(())
    }

    /// Appends the numbers to keep of one row.
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags;

    /// Gets all rows ready for values: what does not depend on weights is done once, here.
    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r>;

    /// The score of one row from its numbers; `None` if rows have none.
    fn row_score(&self, _numbers: &[f64]) -> Option<f64> {
        None
    }
}

/// All rows of one system, ready for values.
pub trait Weighted: Send + Sync {
    /// The value when every row counts as often as its weight says (a weight is at least 0); NaN when undefined.
    fn value(&self, weights: &[f64]) -> f64;

    /// The named parts of the value.
    fn components(&self, weights: &[f64]) -> Components;
}

/// The numbers of all rows, in an order that depends on the set of rows alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CollectedRows {
    groups: Vec<u64>,
    ends: Vec<usize>,
    numbers: Vec<f64>,
}

impl CollectedRows {
    /// Adds a row; `group` is the hash of its id, or of its position if it has none.
    pub fn push(&mut self, group: u64, numbers: &[f64]) {
        self.groups.push(group);
        self.numbers.extend_from_slice(numbers);
        self.ends.push(self.numbers.len());
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The numbers of a row.
    pub fn numbers(&self, row: usize) -> &[f64] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.numbers[start..self.ends[row]]
    }

    /// The numbers of each row, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.len()).map(|row| self.numbers(row))
    }

    /// The hash of a row's id: samples of one id share it.
    pub fn group(&self, row: usize) -> u64 {
        self.groups[row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_numbers_and_groups() {
        let mut rows = CollectedRows::default();
        rows.push(7, &[1.0, 2.0]);
        rows.push(8, &[]);
        rows.push(7, &[3.0]);
        let all: Vec<&[f64]> = rows.iter().collect();
        assert_eq!(all, [&[1.0, 2.0][..], &[], &[3.0]]);
        assert_eq!((rows.len(), rows.group(2)), (3, 7));
    }
}
