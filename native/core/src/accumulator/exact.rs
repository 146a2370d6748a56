//! Exact sums as they stand in a state.

use serde::{Deserialize, Serialize};

use super::sums::Cells;

/// Sums, whole parts and fractions apart: most fractions are zero, and a zero is one byte.
#[derive(Serialize, Deserialize)]
pub struct Exact {
    pub wholes: Vec<i64>,
    pub fractions: Vec<u64>,
}

impl Exact {
    pub fn of(sums: impl IntoIterator<Item = i128>) -> Self {
        let (wholes, fractions) = sums
            .into_iter()
            .map(|sum| ((sum >> 64) as i64, sum as u64))
            .unzip();
        Self { wholes, fractions }
    }

    pub fn into_sums(self) -> Vec<i128> {
        let parts = self.wholes.into_iter().zip(self.fractions);
        parts
            .map(|(whole, fraction)| (i128::from(whole) << 64) + i128::from(fraction))
            .collect()
    }
}

/// Sparse counts in the order of their keys.
#[derive(Serialize, Deserialize)]
pub struct CellsState {
    keys: Vec<(u32, u32)>,
    counts: Exact,
}

impl CellsState {
    pub fn of(cells: &Cells) -> Self {
        let mut keys: Vec<(u32, u32)> = cells.keys().copied().collect();
        keys.sort_unstable();
        Self {
            counts: Exact::of(keys.iter().map(|key| cells[key])),
            keys,
        }
    }

    pub fn into_cells(self) -> Cells {
        self.keys.into_iter().zip(self.counts.into_sums()).collect()
    }

    pub fn fits(&self, rows: usize, columns: usize) -> bool {
        self.counts.wholes.len() == self.keys.len()
            && self.counts.fractions.len() == self.keys.len()
            && self
                .keys
                .iter()
                .all(|(a, b)| (*a as usize) < rows && (*b as usize) < columns)
    }
}
