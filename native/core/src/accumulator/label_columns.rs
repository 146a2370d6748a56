//! Whole columns of labels: gold and predicted labels of many rows, counted without looking at rows one by one.
//!
//! Only what needs no row goes this way: counts by class of one system, without ids, intervals and row reports.

use super::Accumulator;
use super::sums::whole;
use crate::error::{Error, Result};
use crate::spec::{Question, RowReport, UnknownLabels};

/// Counts by (gold, predicted) of two columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairCounts {
    pub(super) labels: Vec<String>,
    /// labels x labels, a row a gold label.
    pub(super) counts: Vec<u64>,
}

impl PairCounts {
    /// Counts codes, which are places in `labels`; every code must be one.
    pub fn of_codes(labels: Vec<String>, gold: &[u32], predicted: &[u32]) -> Self {
        let width = labels.len();
        let mut counts = vec![0_u64; width * width];
        for (gold, predicted) in gold.iter().zip(predicted) {
            counts[*gold as usize * width + *predicted as usize] += 1;
        }
        Self { labels, counts }
    }
}

impl Accumulator {
    /// Whether columns of labels can be counted whole.
    pub fn takes_columns(&self) -> bool {
        let spec = &self.spec;
        spec.question == Question::Evaluate
            && spec.systems.len() == 1
            && !spec.resamples()
            && spec.slices.is_empty()
            && spec.row_report != RowReport::All
            && spec.analysis.is_none()
            && spec.counts_classes()
            && !spec.multilabel()
            && spec
                .metrics
                .iter()
                .all(|metric| matches!(metric.statistics, crate::metrics::Statistics::Classes(_)))
            && spec.unknown_labels != UnknownLabels::Drop
    }

    /// Adds rows without ids by their counts. When a label is refused nothing was added.
    pub fn push_columns(&mut self, pairs: PairCounts) -> Result<()> {
        if !self.takes_columns() {
            return Err(Error::internal("these metrics need rows, not columns"));
        }
        let mut labels = self.labels.clone();
        let numbers = pairs.labels.iter().map(|label| {
            let number = labels.number(label, || "references".into())?;
            number.ok_or_else(|| Error::internal("a label was left out"))
        });
        let numbers = numbers.collect::<Result<Vec<u32>>>()?;
        self.labels = labels;
        let rows = pairs.counts.iter().sum::<u64>();
        let sums = &mut self.systems[0];
        sums.add_matrix(numbers, pairs.counts);
        sums.rows += rows.cast_signed();
        sums.totals[0] += whole(rows);
        self.keys.position += rows;
        let first = self.next_position;
        self.next_position += rows;
        match self.positions.last_mut() {
            Some(range) if range.1 == first => range.1 = self.next_position,
            _ => self.positions.push((first, self.next_position)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_counted() {
        let labels = vec!["b".to_owned(), "a".to_owned()];
        let pairs = PairCounts::of_codes(labels, &[0, 1, 1], &[0, 0, 1]);
        assert_eq!(pairs.counts, [1, 0, 1, 1]);
    }
}
