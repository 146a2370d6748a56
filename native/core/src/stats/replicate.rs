//! Sums of replicates: a small matrix product of weights (slots x replicates) and statistics
//! (slots x columns), vectorised over replicates, slots in index order, without fused multiply-add, so
//! that every machine gets the same bits.

// What is not inlined is compiled for the plain path.
#![allow(clippy::inline_always)]

use std::ops::{AddAssign, Mul};

use super::draws::{LANES, MOST_WEIGHT};
use crate::text::simd::{self, Simd, Work};

/// Columns of a dense matrix that are summed together, sharing each load of weights.
const TILE: usize = 4;

/// Slots that all tiles sum before the next ones: their weights stay in the nearest cache.
const RUN: usize = 128;

/// Single precision is exact for whole numbers up to here, 2^24.
const EXACT_IN_SINGLE: f64 = 16_777_216.0;

/// Statistics by slot: some columns dense, some sparse (counts by class). Dense columns come first.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    dense_width: usize,
    /// Slots x dense columns, each slot padded to whole tiles.
    dense: Vec<f64>,
    /// By tile, the same in single precision where that gives the same sums, in half the time.
    single: Vec<Option<Vec<[f32; TILE]>>>,
    starts: Vec<u32>,
    cells: Vec<(u32, f64)>,
}

impl Columns {
    /// Dense columns of zeros.
    pub fn dense(slots: usize, width: usize) -> Self {
        Self {
            dense_width: width,
            dense: vec![0.0; slots * width.next_multiple_of(TILE)],
            ..Self::default()
        }
    }

    /// The dense statistics of a slot.
    pub fn slot_mut(&mut self, slot: u32) -> &mut [f64] {
        let stride = self.dense_width.next_multiple_of(TILE);
        &mut self.dense[slot as usize * stride..][..self.dense_width]
    }

    /// Called when all dense statistics are there: finds out which tiles can be summed in single precision.
    pub fn seal(&mut self) {
        let stride = self.dense_width.next_multiple_of(TILE).max(1);
        let tile = |tile: usize| {
            let rows = self.dense.chunks_exact(stride);
            let rows = rows.map(|row| &row[tile * TILE..][..TILE]);
            let rows: Vec<&[f64]> = rows.collect();
            if !rows.chunks(RUN).all(exact_in_single) {
                return None;
            }
            let narrow = |row: &&[f64]| std::array::from_fn(|column| row[column] as f32);
            Some(rows.iter().map(narrow).collect())
        };
        self.single = (0..self.dense_width.div_ceil(TILE)).map(tile).collect();
    }

    /// Appends a sparse column; its cells in ascending order of slots.
    pub fn push_sparse(&mut self, cells: impl Iterator<Item = (u32, f64)>) {
        self.starts.push(self.cells.len() as u32);
        self.cells.extend(cells);
    }

    /// Number of cells that one replicate of these columns adds up: its cost.
    pub fn cost(&self, wanted: &[bool]) -> usize {
        let (dense, sparse) = wanted.split_at(self.dense_width);
        let tiles = dense.chunks(TILE).filter(|tile| tile.contains(&true));
        let slots = self.dense.len() / self.dense_width.next_multiple_of(TILE).max(1);
        let cells = self.sparse().zip(sparse).filter(|(_, wanted)| **wanted);
        let cells: usize = cells.map(|(cells, _)| cells.len()).sum();
        slots * TILE * tiles.count() + cells
    }

    /// The sums of one block of replicates, one array of lanes a column; those of other columns mean nothing.
    pub fn block_sums(&self, weights: &[[f32; LANES]], wanted: &[bool]) -> Vec<[f64; LANES]> {
        let mut sums = vec![[0.0; LANES]; wanted.len()];
        let (dense, sparse) = sums.split_at_mut(self.dense_width);
        let (wanted_dense, wanted_sparse) = wanted.split_at(self.dense_width);
        simd::run(DenseSums {
            columns: self,
            weights,
            wanted: wanted_dense,
            sums: dense,
        });
        let cells = self.sparse().zip(sparse).zip(wanted_sparse);
        for ((cells, sum), _) in cells.filter(|(_, wanted)| **wanted) {
            simd::run(SparseSum {
                cells,
                weights,
                sum,
            });
        }
        sums
    }

    /// Calls with the number and the sums of every slot that has rows, in order of slots.
    pub fn each_slot(&self, mut visit: impl FnMut(u32, &[f64])) {
        let mut columns: Vec<&[(u32, f64)]> = self.sparse().collect();
        let mut sums = vec![0.0; self.dense_width + columns.len()];
        let stride = self.dense_width.next_multiple_of(TILE).max(1);
        for (slot, row) in (0..).zip(self.dense.chunks_exact(stride)) {
            let (dense, sparse) = sums.split_at_mut(self.dense_width);
            dense.copy_from_slice(&row[..self.dense_width]);
            for (sum, cells) in sparse.iter_mut().zip(&mut columns) {
                *sum = 0.0;
                if let [(_, value), rest @ ..] = cells
                    && cells[0].0 == slot
                {
                    *sum = *value;
                    *cells = rest;
                }
            }
            if row[0] != 0.0 {
                visit(slot, &sums);
            }
        }
    }

    /// Number of slots that have rows: whose first column, their weight, is not zero.
    pub fn slots_with_rows(&self) -> usize {
        let stride = self.dense_width.next_multiple_of(TILE).max(1);
        let rows = self.dense.chunks_exact(stride);
        rows.filter(|row| row[0] != 0.0).count()
    }

    /// The cells of every sparse column.
    fn sparse(&self) -> impl Iterator<Item = &[(u32, f64)]> {
        let ends = self.starts.iter().skip(1).copied();
        let ends = ends.chain(std::iter::once(self.cells.len() as u32));
        let ranges = self.starts.iter().zip(ends);
        ranges.map(|(start, end)| &self.cells[*start as usize..end as usize])
    }
}

/// Whether all sums of these rows are exact in single precision, whatever the weights: whole numbers that stay small.
fn exact_in_single(rows: &[&[f64]]) -> bool {
    (0..TILE).all(|column| {
        let column = || rows.iter().map(|row| row[column]);
        let largest = column().map(f64::abs).sum::<f64>() * f64::from(MOST_WEIGHT);
        largest <= EXACT_IN_SINGLE && column().all(|value| value.fract() == 0.0)
    })
}

/// Adds the dense columns up.
struct DenseSums<'a> {
    columns: &'a Columns,
    weights: &'a [[f32; LANES]],
    wanted: &'a [bool],
    sums: &'a mut [[f64; LANES]],
}

impl Work for DenseSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let stride = self.wanted.len().next_multiple_of(TILE).max(1);
        for (run, weights) in self.weights.chunks(RUN).enumerate() {
            let tiles = self.sums.chunks_mut(TILE).zip(self.wanted.chunks(TILE));
            let tiles = tiles.enumerate();
            for (tile, (sums, _)) in tiles.filter(|(_, (_, wanted))| wanted.contains(&true)) {
                if let Some(rows) = &self.columns.single[tile] {
                    add_single(&rows[run * RUN..], weights, sums);
                } else {
                    let rows = self.columns.dense[run * RUN * stride..].chunks_exact(stride);
                    add_double(rows.map(|row| part_of(row, tile)), weights, sums);
                }
            }
        }
    }
}

/// Adds the weighted rows of a tile, which are exact in single precision.
#[inline(always)]
fn add_single(rows: &[[f32; TILE]], weights: &[[f32; LANES]], sums: &mut [[f64; LANES]]) {
    const LANES_AT_ONCE: usize = 16;
    for strip in 0..LANES / LANES_AT_ONCE {
        // By name: the compiler keeps an array of arrays in memory.
        let [mut first, mut second, mut third, mut fourth] = [[0.0_f32; LANES_AT_ONCE]; TILE];
        for (row, weights) in rows.iter().zip(weights) {
            let weights = part_of(weights, strip);
            add_weighted(&mut first, weights, row[0]);
            add_weighted(&mut second, weights, row[1]);
            add_weighted(&mut third, weights, row[2]);
            add_weighted(&mut fourth, weights, row[3]);
        }
        for (sum, part) in sums.iter_mut().zip([first, second, third, fourth]) {
            let sum = &mut sum[strip * LANES_AT_ONCE..][..LANES_AT_ONCE];
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += f64::from(part);
            }
        }
    }
}

/// Adds the weighted rows of a tile in the order of slots.
#[inline(always)]
fn add_double<'r>(
    rows: impl Iterator<Item = &'r [f64; TILE]> + Clone,
    weights: &[[f32; LANES]],
    sums: &mut [[f64; LANES]],
) {
    const LANES_AT_ONCE: usize = 8;
    for strip in 0..LANES / LANES_AT_ONCE {
        let mut parts = [[0.0_f64; LANES_AT_ONCE]; TILE];
        for (part, sum) in parts.iter_mut().zip(&*sums) {
            *part = *part_of(sum, strip);
        }
        let [mut first, mut second, mut third, mut fourth] = parts;
        for (row, weights) in rows.clone().zip(weights) {
            let weights: &[f32; LANES_AT_ONCE] = part_of(weights, strip);
            let weights = &weights.map(f64::from);
            add_weighted(&mut first, weights, row[0]);
            add_weighted(&mut second, weights, row[1]);
            add_weighted(&mut third, weights, row[2]);
            add_weighted(&mut fourth, weights, row[3]);
        }
        for (sum, part) in sums.iter_mut().zip([first, second, third, fourth]) {
            sum[strip * LANES_AT_ONCE..][..LANES_AT_ONCE].copy_from_slice(&part);
        }
    }
}

#[inline(always)]
fn add_weighted<T: Copy + Mul<Output = T> + AddAssign, const N: usize>(
    sums: &mut [T; N],
    weights: &[T; N],
    value: T,
) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum += *weight * value;
    }
}

/// One of the parts of N values.
#[inline(always)]
fn part_of<T, const N: usize>(values: &[T], part: usize) -> &[T; N] {
    values[part * N..][..N]
        .try_into()
        .expect("a slice of N values")
}

/// Adds a sparse column up.
struct SparseSum<'a> {
    cells: &'a [(u32, f64)],
    weights: &'a [[f32; LANES]],
    sum: &'a mut [f64; LANES],
}

impl Work for SparseSum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (slot, value) in self.cells {
            for (sum, weight) in self.sum.iter_mut().zip(&self.weights[*slot as usize]) {
                *sum += f64::from(*weight) * value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::draws::Weights;
    use super::*;

    /// Columns with these numbers: whole, fractions, and whole ones that only double precision can add up.
    fn columns(slots: usize, width: usize, cell: impl Fn(usize, usize) -> f64) -> Columns {
        let mut columns = Columns::dense(slots, width);
        for slot in 0..slots {
            for (column, value) in columns.slot_mut(slot as u32).iter_mut().enumerate() {
                *value = cell(slot, column);
            }
        }
        columns.seal();
        columns
    }

    #[test]
    fn slots_and_sparse_columns_are_those_given() {
        let (slots, width) = (7, 6);
        let cell = |slot: usize, column: usize| (slot * 10 + column + 1) as f64 / 8.0;
        let mut columns = columns(slots, width, cell);
        columns.push_sparse([(1, 1.0), (4, 0.5)].into_iter());
        let mut seen = Vec::new();
        columns.each_slot(|slot, numbers| seen.push((slot as usize, numbers.to_vec())));
        assert_eq!((seen.len(), columns.slots_with_rows()), (slots, slots));
        for (slot, numbers) in seen {
            let dense: Vec<f64> = (0..width).map(|column| cell(slot, column)).collect();
            assert_eq!(numbers[..width], dense);
            assert_eq!(numbers[width], [0.0, 1.0, 0.0, 0.0, 0.5, 0.0, 0.0][slot]);
        }
        let weights = weights(slots);
        let sums = columns.block_sums(&weights, &[true; 7]);
        for (lane, sum) in sums[width].iter().enumerate() {
            let weight = |slot: usize| f64::from(weights[slot][lane]);
            assert_eq!(*sum, weight(1) + 0.5 * weight(4));
        }
    }

    fn weights(slots: usize) -> Weights {
        let weight =
            |slot: usize, lane: usize| (slot * 31 + lane * 7) % usize::from(MOST_WEIGHT + 1);
        (0..slots)
            .map(|slot| std::array::from_fn(|lane| weight(slot, lane) as f32))
            .collect()
    }

    #[test]
    fn sums_are_the_matrix_product_in_the_order_of_slots() {
        let cell = |slot: usize, column: usize| match column {
            // Whole and small; with signs; fractions; whole and too large for single precision.
            0..4 => (slot * (column + 1)) as f64,
            4..8 => (slot as f64 - 200.0) * (column as f64),
            8..12 => (slot * 37 + column) as f64 / 3.0,
            _ => (slot * 100_003 + column) as f64,
        };
        let width = 14;
        for slots in [1, 7, RUN - 1, RUN, RUN + 1, 3 * RUN + 5] {
            let columns = columns(slots, width, cell);
            let single: Vec<bool> = columns.single.iter().map(Option::is_some).collect();
            assert_eq!(single[..3], [true, true, slots == 0]);
            assert_eq!(single[3], slots < 7, "{slots}");
            let weights = weights(slots);
            let sums = columns.block_sums(&weights, &[true; 14]);
            for (column, sums) in sums.iter().enumerate() {
                for (lane, sum) in sums.iter().enumerate() {
                    let cells =
                        (0..slots).map(|at| f64::from(weights[at][lane]) * cell(at, column));
                    let expected = cells.fold(0.0, |sum, cell| sum + cell);
                    assert_eq!(*sum, expected, "{slots} {column} {lane}");
                }
            }
        }
    }
}
