//! Whole columns of labels: gold and predicted labels of many rows, counted without looking at rows one by one.
//!
//! Only what needs no row goes this way: counts by class of one system, without ids, intervals and row reports.

use multiversion::multiversion;

use super::Accumulator;
use super::sums::whole;
use crate::error::{Error, Result};
use crate::spec::{Question, RowReport, UnknownLabels};

/// Rows whose cells are computed at once: their buffers stay in the first-level cache.
pub const CHUNK: usize = 1_024;

/// Integers that span at most this many values are counted in a table.
const MAX_SPAN: usize = 2_048;

/// Up to this span a cell number fits one byte.
const SMALL_SPAN: usize = 16;

/// Counts by (gold, predicted) of two columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairCounts {
    labels: Vec<String>,
    /// labels x labels, a row a gold label.
    counts: Vec<u64>,
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

/// Counts two columns of integers, chunk by chunk, in a square table that grows with the range of the data.
pub struct IntegerPairs {
    low: i64,
    span: usize,
    /// Numbers of cells in a row: the span, or 16 for a small one.
    stride: usize,
    counts: Vec<u64>,
    /// For small spans: neighbouring rows count in different tables, so that equal cells do not wait for each other.
    small: [[u32; 256]; 4],
    /// For other spans.
    large: Vec<u32>,
    /// Rows since the 32-bit counts were moved.
    pending: usize,
}

impl Default for IntegerPairs {
    fn default() -> Self {
        Self::new()
    }
}

impl IntegerPairs {
    /// No rows yet.
    pub fn new() -> Self {
        Self {
            low: 0,
            span: 0,
            stride: SMALL_SPAN,
            counts: Vec::new(),
            small: [[0; 256]; 4],
            large: Vec::new(),
            pending: 0,
        }
    }

    /// Adds up to [`CHUNK`] rows. When it returns false the values span too many integers for a table, and the
    /// counts are good for nothing.
    #[must_use]
    pub fn add(&mut self, gold: &[i64], predicted: &[i64]) -> bool {
        let mut cells = [0_u32; CHUNK];
        let rows = gold.len();
        let placed = self.place(gold, predicted, &mut cells)
            || (self.grow(gold, predicted) && self.place(gold, predicted, &mut cells));
        if !placed {
            return false;
        }
        if self.pending + rows > u32::MAX as usize {
            self.settle();
        }
        self.pending += rows;
        if self.stride == SMALL_SPAN {
            count_small(&cells[..rows], &mut self.small);
        } else {
            for cell in &cells[..rows] {
                self.large[*cell as usize] += 1;
            }
        }
        true
    }

    /// Computes the cell of each row; whether all values are in the table.
    fn place(&self, gold: &[i64], predicted: &[i64], cells: &mut [u32; CHUNK]) -> bool {
        cells_of(
            gold,
            predicted,
            self.low,
            self.span as u64,
            self.stride as u32,
            cells,
        )
    }

    /// Makes room for the values of a chunk; whether there can be.
    fn grow(&mut self, gold: &[i64], predicted: &[i64]) -> bool {
        let all = || gold.iter().chain(predicted).copied();
        let (Some(mut low), Some(mut high)) = (all().min(), all().max()) else {
            return true;
        };
        if self.span > 0 {
            low = low.min(self.low);
            high = high.max(self.low.wrapping_add_unsigned(self.span as u64 - 1));
        }
        let distance = high.abs_diff(low);
        if distance >= MAX_SPAN as u64 {
            return false;
        }
        self.settle();
        let mut span = distance as usize + 1;
        if span > SMALL_SPAN {
            // Room on both sides, as the next chunks will hold values a little beyond.
            let room = if span < MAX_SPAN / 2 { span / 8 } else { 0 };
            let ends = (
                low.checked_sub_unsigned(room as u64),
                high.checked_add_unsigned(room as u64),
            );
            if let (Some(lower), Some(_)) = ends {
                low = lower;
                span += 2 * room;
            }
        }
        let mut counts = vec![0; span * span];
        let shift = if self.span > 0 {
            self.low.abs_diff(low) as usize
        } else {
            0
        };
        for (at, count) in self.counts.iter().enumerate() {
            let (gold, predicted) = (at / self.span + shift, at % self.span + shift);
            counts[gold * span + predicted] = *count;
        }
        self.counts = counts;
        self.low = low;
        self.span = span;
        self.stride = span.max(SMALL_SPAN);
        self.large = if span > SMALL_SPAN {
            vec![0; span * span]
        } else {
            Vec::new()
        };
        true
    }

    /// Moves the 32-bit counts to the 64-bit ones.
    fn settle(&mut self) {
        self.pending = 0;
        if self.stride == SMALL_SPAN {
            for gold in 0..self.span {
                for predicted in 0..self.span {
                    let cell = gold * SMALL_SPAN + predicted;
                    let tables = self.small.iter().map(|table| u64::from(table[cell]));
                    self.counts[gold * self.span + predicted] += tables.sum::<u64>();
                }
            }
            self.small = [[0; 256]; 4];
        } else {
            for (count, new) in self.counts.iter_mut().zip(&mut self.large) {
                *count += u64::from(std::mem::take(new));
            }
        }
    }

    /// The counts of the values that occur.
    pub fn finish(mut self) -> PairCounts {
        self.settle();
        let span = self.span;
        let occurs = |value: &usize| {
            let row = &self.counts[value * span..][..span];
            row.iter().any(|count| *count > 0)
                || (0..span).any(|gold| self.counts[gold * span + value] > 0)
        };
        let values: Vec<usize> = (0..span).filter(occurs).collect();
        let pairs = values
            .iter()
            .flat_map(|gold| values.iter().map(move |predicted| gold * span + predicted));
        PairCounts {
            counts: pairs.map(|cell| self.counts[cell]).collect(),
            labels: values
                .iter()
                .map(|value| self.low.wrapping_add_unsigned(*value as u64).to_string())
                .collect(),
        }
    }
}

/// The number of each row's cell; whether all values are in the range.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn cells_of(
    gold: &[i64],
    predicted: &[i64],
    low: i64,
    span: u64,
    stride: u32,
    cells: &mut [u32; CHUNK],
) -> bool {
    let mut outside = false;
    for ((gold, predicted), cell) in gold.iter().zip(predicted).zip(cells) {
        let gold = gold.wrapping_sub(low) as u64;
        let predicted = predicted.wrapping_sub(low) as u64;
        outside |= gold.max(predicted) >= span;
        *cell = (gold as u32)
            .wrapping_mul(stride)
            .wrapping_add(predicted as u32);
    }
    !outside
}

fn count_small(cells: &[u32], tables: &mut [[u32; 256]; 4]) {
    let [a, b, c, d] = tables;
    let (fours, rest) = cells.as_chunks::<4>();
    for four in fours {
        a[usize::from(four[0] as u8)] += 1;
        b[usize::from(four[1] as u8)] += 1;
        c[usize::from(four[2] as u8)] += 1;
        d[usize::from(four[3] as u8)] += 1;
    }
    for cell in rest {
        a[usize::from(*cell as u8)] += 1;
    }
}

impl Accumulator {
    /// Whether columns of labels can be counted whole.
    pub fn takes_columns(&self) -> bool {
        let spec = &self.spec;
        spec.question == Question::Evaluate
            && spec.systems.len() == 1
            && !spec.resamples()
            && spec.row_report != RowReport::All
            && spec.counts_classes()
            && !spec.multilabel()
            && spec
                .metrics
                .iter()
                .all(|metric| matches!(metric.statistics, crate::metrics::Statistics::Classes(_)))
            && spec.unknown_labels != UnknownLabels::Drop
    }

    /// Adds rows without ids by their counts. When a label is refused nothing was added.
    pub fn push_columns(&mut self, pairs: &PairCounts) -> Result<()> {
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
        sums.add_matrix(&numbers, &pairs.counts);
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
    use std::collections::BTreeMap;

    fn count(gold: &[i64], predicted: &[i64]) -> Option<PairCounts> {
        let mut pairs = IntegerPairs::new();
        let mut chunks = gold.chunks(CHUNK).zip(predicted.chunks(CHUNK));
        chunks
            .all(|(gold, predicted)| pairs.add(gold, predicted))
            .then(|| pairs.finish())
    }

    /// The cells that are not zero.
    fn cells(pairs: &PairCounts) -> BTreeMap<(String, String), u64> {
        let width = pairs.labels.len();
        let counts = pairs.counts.iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .map(|(at, count)| {
                let names = (
                    pairs.labels[at / width].clone(),
                    pairs.labels[at % width].clone(),
                );
                (names, *count)
            })
            .collect()
    }

    fn check(gold: &[i64], predicted: &[i64]) {
        let mut expected = BTreeMap::new();
        for pair in gold.iter().zip(predicted) {
            *expected
                .entry((pair.0.to_string(), pair.1.to_string()))
                .or_default() += 1;
        }
        assert_eq!(cells(&count(gold, predicted).expect("it fits")), expected);
    }

    #[test]
    fn integers_are_counted_over_any_range() {
        check(&[], &[]);
        check(&[5], &[5]);
        check(&[i64::MIN, i64::MIN + 1], &[i64::MIN + 1, i64::MIN]);
        let draw = |classes: i64, low: i64| -> Vec<i64> {
            let mut state = 88_172_645_463_325_252_u64;
            (0..20_000)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    low + i64::from((state >> 33) as u32) % classes
                })
                .collect()
        };
        for (classes, low) in [
            (2, 0),
            (10, -3),
            (16, 7),
            (17, 0),
            (1_000, -500),
            (2_048, 1),
        ] {
            let (gold, mut predicted) = (draw(classes, low), draw(classes, low));
            predicted.rotate_left(77);
            check(&gold, &predicted);
        }
    }

    #[test]
    fn the_table_grows_when_later_values_are_outside() {
        let mut gold = vec![3; 5_000];
        gold.extend(std::iter::repeat_n(-9, 5_000));
        gold.extend(std::iter::repeat_n(1_500, 5_000));
        let predicted: Vec<i64> = gold.iter().rev().copied().collect();
        check(&gold, &predicted);
    }

    #[test]
    fn a_wide_range_is_left_to_rows() {
        assert!(count(&[0], &[1 << 40]).is_none());
        assert!(count(&[i64::MAX], &[i64::MIN]).is_none());
    }

    #[test]
    fn codes_are_counted() {
        let labels = vec!["b".to_owned(), "a".to_owned()];
        let pairs = PairCounts::of_codes(labels, &[0, 1, 1], &[0, 0, 1]);
        assert_eq!(pairs.counts, [1, 0, 1, 1]);
    }
}
