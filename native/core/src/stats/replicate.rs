//! Sums of replicates: a small matrix product of weights (slots x replicates) and statistics
//! (slots x columns), vectorised over replicates, slots in index order, without fused multiply-add, so
//! that every machine gets the same bits.

use multiversion::multiversion;

use super::draws::{LANES, Weights};

/// Statistics by column: the non-empty cells, slots ascending.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    starts: Vec<u32>,
    cells: Vec<(u32, f64)>,
}

impl Columns {
    /// Appends a column; its cells in ascending order of slots.
    pub fn push(&mut self, cells: impl Iterator<Item = (u32, f64)>) {
        self.starts.push(self.cells.len() as u32);
        self.cells.extend(cells.filter(|(_, value)| *value != 0.0));
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Number of non-empty cells: the cost of one replicate.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// The sums of one block of replicates, one array of lanes a column.
    pub fn block_sums(&self, weights: &Weights) -> Vec<[f64; LANES]> {
        let ends = self.starts.iter().skip(1).copied();
        let ends = ends.chain(std::iter::once(self.cells.len() as u32));
        self.starts
            .iter()
            .zip(ends)
            .map(|(start, end)| column_sum(&self.cells[*start as usize..end as usize], weights))
            .collect()
    }
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn column_sum(cells: &[(u32, f64)], weights: &[[f64; LANES]]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for (slot, value) in cells {
        let row = &weights[*slot as usize];
        for lane in 0..LANES {
            sums[lane] += row[lane] * value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_matrix_product() {
        let mut columns = Columns::default();
        columns.push([(0, 2.0), (2, 0.5)].into_iter());
        columns.push([(1, 1.0)].into_iter());
        let mut weights = vec![[0.0; LANES]; 3];
        weights[0][4] = 3.0;
        weights[2][4] = 2.0;
        weights[1][5] = 7.0;
        let sums = columns.block_sums(&weights);
        assert_eq!(sums[0][4], 7.0);
        assert_eq!(sums[1][5], 7.0);
        assert_eq!(sums[1][4], 0.0);
        assert_eq!(columns.cells(), 3);
    }
}
