//! Two columns of integers, counted by (gold, predicted) in a square table that grows with the range of the data.

use multiversion::multiversion;

use super::label_columns::PairCounts;

/// Rows whose cells are computed at once: their buffers stay in the first-level cache.
pub const CHUNK: usize = 512;

/// Integers that span at most this many values are counted in a table.
const MAX_SPAN: usize = 2_048;

/// Up to this span two rows are counted at once, by both of their cells: the table of these still fits the caches.
const SMALL_SPAN: usize = 16;

/// Counts two columns of integers, chunk by chunk.
///
/// The counts that rows touch are single bytes, since what limits the speed is how much of the table the caches hold;
/// a byte that wraps adds 256 to the wide count of its cell.
#[derive(Default)]
pub struct IntegerPairs {
    low: i64,
    span: usize,
    /// By gold value, then predicted value: rows, less those in `bytes` and `twos`.
    counts: Vec<u64>,
    /// By cell, or by two cells for a small span.
    bytes: Vec<u8>,
    /// For a small span: the wide counts of `bytes`.
    twos: Vec<u64>,
}

impl IntegerPairs {
    /// No rows yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds up to [`CHUNK`] rows. When it returns false the values span too many integers for a table, and the
    /// counts are good for nothing.
    #[must_use]
    pub fn add(&mut self, gold: &[i64], predicted: &[i64]) -> bool {
        let mut cells = [0_u32; CHUNK];
        let placed = self.place(gold, predicted, &mut cells)
            || (self.grow(gold, predicted) && self.place(gold, predicted, &mut cells));
        if !placed {
            return false;
        }
        let cells = &mut cells[..gold.len()];
        if self.span > SMALL_SPAN {
            count(cells, &mut self.bytes, &mut self.counts);
            return true;
        }
        let (first, rest) = cells.split_at_mut(gold.len() / 2);
        let (second, odd) = rest.split_at(first.len());
        join(first, second, self.counts.len() as u32);
        count(first, &mut self.bytes, &mut self.twos);
        for cell in odd {
            self.counts[*cell as usize] += 1;
        }
        true
    }

    /// Computes the cell of each row; whether all values are in the table.
    fn place(&self, gold: &[i64], predicted: &[i64], cells: &mut [u32; CHUNK]) -> bool {
        cells_of(gold, predicted, self.low, self.span as u64, cells)
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
        if high.abs_diff(low) >= MAX_SPAN as u64 {
            return false;
        }
        self.settle();
        let span = high.abs_diff(low) as usize + 1;
        if (SMALL_SPAN..MAX_SPAN / 2).contains(&span) {
            // The next chunks will hold values a little beyond; few data have labels below zero.
            let room = span as i64 / 64 + 1;
            let floor = if low < 0 { i64::MIN } else { 0 };
            low = low.saturating_sub(room).max(floor);
            high = high.saturating_add(room);
        }
        let span = high.abs_diff(low) as usize + 1;
        let mut counts = vec![0; span * span];
        let shift = if self.span > 0 {
            self.low.abs_diff(low) as usize
        } else {
            0
        };
        for (gold, row) in self.counts.chunks(self.span.max(1)).enumerate() {
            counts[(gold + shift) * span + shift..][..row.len()].copy_from_slice(row);
        }
        let cells = counts.len();
        self.low = low;
        self.span = span;
        self.counts = counts;
        if span > SMALL_SPAN {
            (self.bytes, self.twos) = (vec![0; cells], Vec::new());
        } else {
            (self.bytes, self.twos) = (vec![0; cells * cells], vec![0; cells * cells]);
        }
        true
    }

    /// Moves all counts to the wide ones of single cells.
    fn settle(&mut self) {
        if self.span > SMALL_SPAN {
            for (count, byte) in self.counts.iter_mut().zip(&mut self.bytes) {
                *count += u64::from(std::mem::take(byte));
            }
            return;
        }
        let cells = self.counts.len();
        for (at, (wide, byte)) in self.twos.iter_mut().zip(&mut self.bytes).enumerate() {
            let both = std::mem::take(wide) + u64::from(std::mem::take(byte));
            self.counts[at / cells] += both;
            self.counts[at % cells] += both;
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
        // Wider than the values by the room that growing left at the ends, seldom by more.
        let mut counts = Vec::with_capacity(values.len() * values.len());
        for gold in &values {
            let row = &self.counts[gold * span..][..span];
            counts.extend(values.iter().map(|predicted| row[*predicted]));
        }
        PairCounts {
            counts,
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
    cells: &mut [u32; CHUNK],
) -> bool {
    let mut outside = false;
    for ((gold, predicted), cell) in gold.iter().zip(predicted).zip(cells) {
        let gold = gold.wrapping_sub(low) as u64;
        let predicted = predicted.wrapping_sub(low) as u64;
        outside |= gold.max(predicted) >= span;
        *cell = (gold as u32)
            .wrapping_mul(span as u32)
            .wrapping_add(predicted as u32);
    }
    !outside
}

/// The number of two cells, of so many each, in place of the first.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn join(first: &mut [u32], second: &[u32], cells: u32) {
    for (first, second) in first.iter_mut().zip(second) {
        *first = first.wrapping_mul(cells).wrapping_add(*second);
    }
}

fn count(cells: &[u32], bytes: &mut [u8], wide: &mut [u64]) {
    for cell in cells {
        let byte = &mut bytes[*cell as usize];
        *byte = byte.wrapping_add(1);
        if *byte == 0 {
            wide[*cell as usize] += 256;
        }
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
}
