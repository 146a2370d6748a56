//! Two columns of integers, counted by (gold, predicted) in a square table that grows with the range of the data.

// What is not inlined is compiled for the plain path.
#![allow(clippy::inline_always)]

use super::label_columns::PairCounts;
use crate::text::simd::{self, Simd, Work};

/// Rows whose cells are computed before they are counted: counting touches memory here and there, and columns are read
/// twice as fast as long as nothing else does. While rows are counted the next ones are fetched.
const STEP: usize = 1 << 14;

/// Rows of a column that are fetched at once.
const LINE: usize = 8;

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
    /// By gold value, then predicted value: rows that were counted before the table grew. Empty for none.
    before: Vec<u64>,
    /// The cells of a step; kept for its memory.
    cells: Vec<u32>,
}

/// Counts in which rows touch a single byte, since the speed is limited by how much of it the caches hold.
#[derive(Default)]
struct Table {
    bytes: Vec<u8>,
    /// The cells whose byte has wrapped, once for every time.
    wraps: Vec<u32>,
}

impl Table {
    fn new(cells: usize) -> Self {
        Self {
            bytes: vec![0; cells],
            wraps: Vec::new(),
        }
    }

    /// Counts rows by their cells and fetches the next rows meanwhile, a line for every N cells.
    #[inline(always)]
    fn count<const N: usize>(&mut self, cells: &[u32], gold: &[i64], predicted: &[i64]) {
        // A slice, whose place the compiler need not look up again after every write to it.
        let bytes = &mut self.bytes[..];
        let mut add = |cell: &u32| {
            let byte = &mut bytes[*cell as usize];
            *byte = byte.wrapping_add(1);
            if *byte == 0 {
                self.wraps.push(*cell);
            }
        };
        let (groups, rest) = cells.as_chunks::<N>();
        let gold = gold.as_chunks::<LINE>().0.iter();
        let mut lines = gold.zip(predicted.as_chunks::<LINE>().0);
        for group in groups {
            if let Some((gold, predicted)) = lines.next() {
                simd::prefetch(gold);
                simd::prefetch(predicted);
            }
            group.iter().for_each(&mut add);
        }
        rest.iter().for_each(add);
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
            let done = simd::run(Count {
                gold,
                predicted,
                pairs: self,
            });
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
        self.before.clear();
        if !old.is_empty() {
            self.before.resize(cells, 0);
            for (gold, row) in old.chunks(old_span).enumerate() {
                let start = (gold + shift) * self.span + shift;
                self.before[start..][..row.len()].copy_from_slice(row);
            }
        }
        self.table = Table::new(if self.span > SMALL_SPAN {
            self.span + cells
        } else {
            cells * cells + cells
        });
        true
    }

    /// The counts of all rows.
    fn settled(&self) -> Vec<u64> {
        let (span, cells) = (self.span, self.span * self.span);
        let bytes = self.table.bytes.iter().map(|byte| u64::from(*byte));
        let wraps = self.table.wraps.iter();
        let wraps = wraps.map(|cell| (*cell as usize, 1 << u8::BITS));
        let mut all: Vec<u64>;
        if span > SMALL_SPAN {
            all = bytes.clone().skip(span).collect();
            for (cell, count) in bytes.take(span).enumerate().chain(wraps) {
                let equal = cell * span + cell;
                all[if cell < span { equal } else { cell - span }] += count;
            }
        } else {
            all = vec![0; cells];
            for (cell, count) in bytes.enumerate().chain(wraps) {
                all[cell % cells] += count;
                if cell < cells * cells {
                    all[cell / cells] += count;
                }
            }
        }
        for (count, before) in all.iter_mut().zip(&self.before) {
            *count += before;
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

/// Counts rows until a value is outside the table; how many.
struct Count<'a> {
    gold: &'a [i64],
    predicted: &'a [i64],
    pairs: &'a mut IntegerPairs,
}

impl Work for Count<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        let pairs = self.pairs;
        let (low, span) = (pairs.low, pairs.span as u64);
        pairs.cells.resize(STEP, 0);
        let steps = self.gold.chunks(STEP).zip(self.predicted.chunks(STEP));
        let mut done = 0;
        for (gold, predicted) in steps {
            let is_small = pairs.span <= SMALL_SPAN;
            let placed = if is_small {
                place_pairs(gold, predicted, low, span, &mut pairs.cells)
            } else {
                place_rows(gold, predicted, low, span, &mut pairs.cells)
            };
            let Some(placed) = placed else {
                return done;
            };
            done += gold.len();
            let (gold, predicted) = (&self.gold[done..], &self.predicted[done..]);
            let cells = &pairs.cells[..placed];
            if is_small {
                pairs.table.count::<{ LINE / 2 }>(cells, gold, predicted);
            } else {
                pairs.table.count::<LINE>(cells, gold, predicted);
            }
        }
        done
    }
}

/// Finds a cell for every row. The cells of equal labels come first in the table and lie together, since most rows
/// should be there. Returns the number of cells; `None` if a value is outside the table.
#[inline(always)]
fn place_rows(
    gold: &[i64],
    predicted: &[i64],
    low: i64,
    span: u64,
    cells: &mut [u32],
) -> Option<usize> {
    let mut outside = false;
    for ((gold, predicted), cell) in gold.iter().zip(predicted).zip(cells) {
        let (gold, predicted) = place(*gold, *predicted, low, span, &mut outside);
        let row = if gold == predicted {
            0
        } else {
            gold.wrapping_add(1)
        };
        *cell = row.wrapping_mul(span as u32).wrapping_add(predicted);
    }
    (!outside).then_some(gold.len())
}

/// Finds a cell for every two rows: one of the first half, one of the second. A row that is left over has a cell
/// behind those of all pairs.
#[inline(always)]
fn place_pairs(
    gold: &[i64],
    predicted: &[i64],
    low: i64,
    span: u64,
    cells: &mut [u32],
) -> Option<usize> {
    let mut outside = false;
    let (width, square) = (span as u32, (span * span) as u32);
    let mut cell_of = |(gold, predicted): (&i64, &i64)| {
        let (gold, predicted) = place(*gold, *predicted, low, span, &mut outside);
        gold.wrapping_mul(width).wrapping_add(predicted)
    };
    let half = gold.len() / 2;
    let (first_gold, gold) = gold.split_at(half);
    let (first_predicted, predicted) = predicted.split_at(half);
    let first = first_gold.iter().zip(first_predicted);
    let second = gold.iter().zip(predicted);
    for ((first, second), cell) in first.zip(second).zip(&mut *cells) {
        let first = cell_of(first).wrapping_mul(square);
        *cell = first.wrapping_add(cell_of(second));
    }
    if let (Some(gold), Some(predicted)) = (gold.get(half), predicted.get(half)) {
        cells[half] = (square * square).wrapping_add(cell_of((gold, predicted)));
    }
    (!outside).then_some(gold.len())
}

/// The places of a row's values in the range of the table; sets `outside` if they are not in it.
#[inline(always)]
fn place(gold: i64, predicted: i64, low: i64, span: u64, outside: &mut bool) -> (u32, u32) {
    let [gold, predicted] = [gold, predicted].map(|value| value.wrapping_sub(low) as u64);
    *outside |= gold.max(predicted) >= span;
    (gold as u32, predicted as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Counts as many rows at a time.
    fn count(gold: &[i64], predicted: &[i64], rows: usize) -> Option<PairCounts> {
        let mut pairs = IntegerPairs::new();
        let mut chunks = gold.chunks(rows).zip(predicted.chunks(rows));
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
        for rows in [777, usize::MAX] {
            let pairs = count(gold, predicted, rows).expect("it fits");
            assert_eq!(cells(&pairs), expected, "{rows} rows at a time");
        }
    }

    #[test]
    fn integers_are_counted_over_any_range() {
        check(&[], &[]);
        check(&[5], &[5]);
        check(&[i64::MIN, i64::MIN + 1], &[i64::MIN + 1, i64::MIN]);
        let draw = |classes: i64, low: i64| -> Vec<i64> {
            let mut state = 88_172_645_463_325_252_u64;
            (0..2 * STEP + 77)
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
        let mut gold = vec![3; STEP];
        gold.extend(std::iter::repeat_n(-9, STEP + 777));
        gold.extend(std::iter::repeat_n(1_500, STEP));
        let predicted: Vec<i64> = gold.iter().rev().copied().collect();
        check(&gold, &predicted);
    }

    #[test]
    fn a_wide_range_is_left_to_rows() {
        assert!(count(&[0], &[1 << 40], 1).is_none());
        assert!(count(&[i64::MAX], &[i64::MIN], 1).is_none());
    }
}
