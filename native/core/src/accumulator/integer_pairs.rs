//! Two columns of integers, counted by (gold, predicted) in a square table that grows with the range of the data.

// What is not inlined is compiled for the plain path.
#![allow(clippy::inline_always)]

use multiversion::multiversion;

use super::label_columns::PairCounts;

/// Rows whose cells are computed at once: few, so that memory is read all the time.
const STEP: usize = 64;

/// Rows that tell how far the table grows.
const AHEAD: usize = 1 << 14;

/// Integers that span at most this many values are counted in a table.
const MAX_SPAN: usize = 2_048;

/// Up to this span two rows are counted at once, by both of their cells: the table of these still fits the caches.
const SMALL_SPAN: usize = 16;

/// Counts two columns of integers, part by part.
#[derive(Default)]
pub struct IntegerPairs {
    low: i64,
    span: usize,
    table: Table,
    /// By gold value, then predicted value: rows that are not in the table. Empty for none.
    others: Vec<u64>,
}

/// Counts in which rows touch a single byte, since the speed is limited by how much of it the caches hold.
#[derive(Default)]
struct Table {
    bytes: Vec<u8>,
    /// How often each byte has wrapped.
    wraps: Vec<u32>,
}

impl Table {
    fn new(cells: usize) -> Self {
        Self {
            bytes: vec![0; cells],
            wraps: vec![0; cells],
        }
    }

    #[inline(always)]
    fn count(&mut self, cells: &[u32]) {
        for cell in cells {
            let byte = &mut self.bytes[*cell as usize];
            *byte = byte.wrapping_add(1);
            if *byte == 0 {
                self.wraps[*cell as usize] += 1;
            }
        }
    }

    fn counts(&self) -> impl Iterator<Item = u64> {
        let cells = self.bytes.iter().zip(&self.wraps);
        cells.map(|(byte, wraps)| (u64::from(*wraps) << 8) + u64::from(*byte))
    }
}

impl IntegerPairs {
    /// No rows yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds rows. When it returns false the values span too many integers for a table, and the counts are good for
    /// nothing.
    #[must_use]
    pub fn add(&mut self, mut gold: &[i64], mut predicted: &[i64]) -> bool {
        loop {
            let done = self.count(gold, predicted);
            (gold, predicted) = (&gold[done..], &predicted[done..]);
            if gold.is_empty() {
                return true;
            }
            let next = AHEAD.min(gold.len());
            if !self.grow(&gold[..next], &predicted[..next]) {
                return false;
            }
        }
    }

    /// Counts rows until a value is outside the table; how many.
    fn count(&mut self, gold: &[i64], predicted: &[i64]) -> usize {
        let (low, span) = (self.low, self.span as u64);
        if self.span > SMALL_SPAN {
            return count_one_by_one(gold, predicted, low, span, &mut self.table);
        }
        let whole = gold.len() - gold.len() % STEP;
        let (steps, rest) = (gold[..whole].as_chunks().0, &gold[whole..]);
        let (others, other_rest) = (predicted[..whole].as_chunks().0, &predicted[whole..]);
        let done = count_two_by_two(steps, others, low, span, &mut self.table);
        if done < whole {
            return done;
        }
        let place =
            |value: &i64| Some(value.wrapping_sub(low) as u64).filter(|place| *place < span);
        for (at, (gold, predicted)) in rest.iter().zip(other_rest).enumerate() {
            let (Some(gold), Some(predicted)) = (place(gold), place(predicted)) else {
                return whole + at;
            };
            self.others[(gold * span + predicted) as usize] += 1;
        }
        gold.len()
    }

    /// Makes room for these values; whether there can be.
    fn grow(&mut self, gold: &[i64], predicted: &[i64]) -> bool {
        let all = || gold.iter().chain(predicted).copied();
        let (Some(mut low), Some(mut high)) = (all().min(), all().max()) else {
            return true;
        };
        let known = self.low.wrapping_add_unsigned(self.span as u64);
        if self.span > 0 {
            (low, high) = (low.min(self.low), high.max(known.wrapping_sub(1)));
        }
        let distance = high.abs_diff(low);
        if distance >= MAX_SPAN as u64 {
            return false;
        }
        if self.span > 0 {
            // More room than is asked for: rows may be sorted by their labels.
            let room = (distance / 4).min((MAX_SPAN as u64 - 1 - distance) / 2);
            low = if low < self.low {
                low.saturating_sub_unsigned(room)
            } else {
                low
            };
            high = if high >= known {
                high.saturating_add_unsigned(room)
            } else {
                high
            };
        }
        let (old, old_span) = (self.settled(), self.span.max(1));
        let shift = self.low.abs_diff(low) as usize;
        self.low = low;
        self.span = high.abs_diff(low) as usize + 1;
        let cells = self.span * self.span;
        let is_small = self.span <= SMALL_SPAN;
        let is_needed = is_small || old.iter().any(|count| *count > 0);
        self.others = vec![0; if is_needed { cells } else { 0 }];
        if is_needed {
            for (gold, row) in old.chunks(old_span).enumerate() {
                let start = (gold + shift) * self.span + shift;
                self.others[start..][..row.len()].copy_from_slice(row);
            }
        }
        self.table = Table::new(if is_small {
            cells * cells
        } else {
            cells + self.span
        });
        true
    }

    /// The counts of all rows.
    fn settled(&self) -> Vec<u64> {
        let span = self.span;
        let mut all: Vec<u64>;
        if span > SMALL_SPAN {
            all = self.table.counts().skip(span).collect();
            for (value, count) in self.table.counts().take(span).enumerate() {
                all[value * span + value] += count;
            }
        } else {
            let cells = span * span;
            all = vec![0; cells];
            for (at, count) in self.table.counts().enumerate() {
                all[at / cells] += count;
                all[at % cells] += count;
            }
        }
        for (count, other) in all.iter_mut().zip(&self.others) {
            *count += other;
        }
        all
    }

    /// The counts of the values that occur.
    pub fn finish(self) -> PairCounts {
        let (all, span) = (self.settled(), self.span);
        let occurs = |value: &usize| {
            let row = &all[value * span..][..span];
            row.iter().any(|count| *count > 0) || (0..span).any(|gold| all[gold * span + value] > 0)
        };
        let values: Vec<usize> = (0..span).filter(occurs).collect();
        let label = |value: &usize| self.low.wrapping_add_unsigned(*value as u64).to_string();
        let labels = values.iter().map(label).collect();
        if values.len() == span {
            return PairCounts {
                labels,
                counts: all,
            };
        }
        let mut counts = Vec::with_capacity(values.len() * values.len());
        for gold in &values {
            let row = &all[gold * span..][..span];
            counts.extend(values.iter().map(|predicted| row[*predicted]));
        }
        PairCounts { labels, counts }
    }
}

/// Counts rows by their cells, until a value is outside the table; how many. The cells of equal labels come first in
/// the table and lie together, since most rows should be there.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn count_one_by_one(
    gold: &[i64],
    predicted: &[i64],
    low: i64,
    span: u64,
    table: &mut Table,
) -> usize {
    let mut cells = [0; STEP];
    let steps = gold.chunks(STEP).zip(predicted.chunks(STEP));
    for (step, (gold, predicted)) in steps.enumerate() {
        let cell = |gold: u32, predicted: u32| {
            let row = if gold == predicted {
                0
            } else {
                gold.wrapping_add(1)
            };
            row.wrapping_mul(span as u32).wrapping_add(predicted)
        };
        if !place(gold, predicted, low, span, cell, &mut cells) {
            return step * STEP;
        }
        table.count(&cells[..gold.len()]);
    }
    gold.len()
}

/// The same by the cells of two rows.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn count_two_by_two(
    gold: &[[i64; STEP]],
    predicted: &[[i64; STEP]],
    low: i64,
    span: u64,
    table: &mut Table,
) -> usize {
    let mut cells = [0; STEP];
    let width = span as u32;
    for (step, (gold, predicted)) in gold.iter().zip(predicted).enumerate() {
        let cell = |gold: u32, predicted: u32| gold.wrapping_mul(width).wrapping_add(predicted);
        if !place(gold, predicted, low, span, cell, &mut cells) {
            return step * STEP;
        }
        let (first, second) = cells.split_at_mut(STEP / 2);
        for (first, second) in first.iter_mut().zip(second) {
            *first = first.wrapping_mul(width * width).wrapping_add(*second);
        }
        table.count(first);
    }
    gold.len() * STEP
}

/// Computes the cell of each row; whether all values are in the range.
#[inline(always)]
fn place(
    gold: &[i64],
    predicted: &[i64],
    low: i64,
    span: u64,
    cell: impl Fn(u32, u32) -> u32,
    cells: &mut [u32; STEP],
) -> bool {
    let mut outside = false;
    for ((gold, predicted), to) in gold.iter().zip(predicted).zip(cells) {
        let gold = gold.wrapping_sub(low) as u64;
        let predicted = predicted.wrapping_sub(low) as u64;
        outside |= gold.max(predicted) >= span;
        *to = cell(gold as u32, predicted as u32);
    }
    !outside
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn count(gold: &[i64], predicted: &[i64]) -> Option<PairCounts> {
        let mut pairs = IntegerPairs::new();
        let mut chunks = gold.chunks(777).zip(predicted.chunks(777));
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
