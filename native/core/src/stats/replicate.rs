//! Sums of replicates: a small matrix product of weights (slots x replicates) and statistics
//! (slots x columns), vectorised over replicates, slots in index order, without fused multiply-add, so
//! that every machine gets the same bits.

use multiversion::multiversion;

use super::draws::{LANES, Weights};

/// Columns of a dense matrix that are summed together, sharing each load of weights.
const TILE: usize = 4;

/// Lanes of a tile: with `TILE` columns the sums stay in registers.
const STRIP: usize = 8;

/// Statistics by slot: some columns dense, some sparse (counts by class). Dense columns come first.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    dense_width: usize,
    /// Slots x dense columns, each slot padded to whole tiles.
    dense: Vec<f64>,
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
    pub fn block_sums(&self, weights: &Weights, wanted: &[bool]) -> Vec<[f64; LANES]> {
        let mut sums = vec![[0.0; LANES]; wanted.len()];
        let (dense, sparse) = sums.split_at_mut(self.dense_width);
        let (wanted_dense, wanted_sparse) = wanted.split_at(self.dense_width);
        dense_sums(&self.dense, weights, wanted_dense, dense);
        let cells = self.sparse().zip(sparse).zip(wanted_sparse);
        for ((cells, sum), _) in cells.filter(|(_, wanted)| **wanted) {
            sparse_sum(cells, weights, sum);
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

    /// Calls with the dense sums of every slot that has rows, in order of slots.
    pub fn each_dense_slot(&self, mut visit: impl FnMut(&[f64])) {
        let stride = self.dense_width.next_multiple_of(TILE).max(1);
        for row in self.dense.chunks_exact(stride).filter(|row| row[0] != 0.0) {
            visit(&row[..self.dense_width]);
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

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn dense_sums(dense: &[f64], weights: &[[f64; LANES]], wanted: &[bool], sums: &mut [[f64; LANES]]) {
    let stride = sums.len().next_multiple_of(TILE);
    let tiles = sums.chunks_mut(TILE).zip(wanted.chunks(TILE)).enumerate();
    for (tile, (sums, _)) in tiles.filter(|(_, (_, wanted))| wanted.contains(&true)) {
        for strip in 0..LANES / STRIP {
            let mut parts = [[0.0; STRIP]; TILE];
            for (row, weights) in dense.chunks_exact(stride).zip(weights) {
                let row: &[f64; TILE] =
                    row[tile * TILE..][..TILE].try_into().expect("a whole tile");
                let weights: &[f64; STRIP] = weights[strip * STRIP..][..STRIP]
                    .try_into()
                    .expect("a whole strip");
                for (part, value) in parts.iter_mut().zip(row) {
                    for (sum, weight) in part.iter_mut().zip(weights) {
                        *sum += weight * value;
                    }
                }
            }
            for (sum, part) in sums.iter_mut().zip(parts) {
                sum[strip * STRIP..][..STRIP].copy_from_slice(&part);
            }
        }
    }
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn sparse_sum(cells: &[(u32, f64)], weights: &[[f64; LANES]], sums: &mut [f64; LANES]) {
    for (slot, value) in cells {
        for (sum, weight) in sums.iter_mut().zip(&weights[*slot as usize]) {
            *sum += weight * value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_matrix_product() {
        let (slots, width) = (7, 6);
        let mut columns = Columns::dense(slots, width);
        let cell = |slot: usize, column: usize| (slot * 10 + column + 1) as f64 / 8.0;
        for slot in 0..slots {
            for (column, value) in columns.slot_mut(slot as u32).iter_mut().enumerate() {
                *value = cell(slot, column);
            }
        }
        columns.push_sparse([(1, 1.0), (4, 0.5)].into_iter());
        let mut seen = Vec::new();
        columns.each_slot(|slot, numbers| seen.push((slot as usize, numbers.to_vec())));
        assert_eq!((seen.len(), columns.slots_with_rows()), (slots, slots));
        for (slot, numbers) in seen {
            let dense: Vec<f64> = (0..width).map(|column| cell(slot, column)).collect();
            assert_eq!(numbers[..width], dense);
            assert_eq!(numbers[width], [0.0, 1.0, 0.0, 0.0, 0.5, 0.0, 0.0][slot]);
        }
        let weight = |slot: usize, lane: usize| ((slot * 31 + lane * 7) % 5) as f64;
        let weights: Weights = (0..slots)
            .map(|slot| std::array::from_fn(|lane| weight(slot, lane)))
            .collect();
        let sums = columns.block_sums(&weights, &[true; 7]);
        for lane in 0..LANES {
            for (column, sum) in sums[..width].iter().enumerate() {
                let expected: f64 = (0..slots).map(|s| weight(s, lane) * cell(s, column)).sum();
                assert_eq!(sum[lane], expected);
            }
            assert_eq!(sums[width][lane], weight(1, lane) + 0.5 * weight(4, lane));
        }
    }
}
