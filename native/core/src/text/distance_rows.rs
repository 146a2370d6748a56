//! Rows of a table of Levenshtein distances, 64 cells at a time (Myers 1999; Hyyrö 2003, "A bit-vector algorithm for
//! computing Levenshtein and Damerau edit distances").
//!
//! Only cells near the diagonal are computed when the distance is known to be small: a path of cost d never leaves it
//! by more than d (Ukkonen 1985). What is beyond the band is taken as one more edit a step, which no shortest path uses.

use std::ops::Range;

use super::masks::WORD;
use super::positions::Positions;

/// The cells that are computed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Band {
    columns: usize,
    most: usize,
}

impl Band {
    /// For a reference of `columns` and a distance of at most `most`.
    pub fn new(columns: usize, most: usize) -> Self {
        let most = most.min(u32::MAX as usize);
        Self { columns, most }
    }

    /// The words of a row; rows count from 1. Two columns more than the paths need, as cells are compared with their
    /// neighbours.
    fn words(self, row: usize) -> Range<usize> {
        let last = (row + self.most + 2).min(self.columns.saturating_sub(1)) / WORD;
        let first = row.saturating_sub(self.most + 2) / WORD;
        first.min(last)..last + 1
    }

    /// Most words of a row.
    fn width(self) -> usize {
        let all = self.columns.div_ceil(WORD).max(1);
        ((2 * self.most + 4) / WORD + 2).min(all)
    }
}

/// One row: of each cell two bits, whether it is one more, or one less, than its left neighbour.
#[derive(Debug, Default)]
pub struct DistanceRow {
    more: Vec<u64>,
    less: Vec<u64>,
    band: Band,
    row: usize,
    words: Range<usize>,
    /// The cell left of the words.
    edge: usize,
}

impl DistanceRow {
    /// Begins with the row above the first, whose cells are the columns' own numbers.
    fn start(&mut self, band: Band) {
        let words = band.columns.div_ceil(WORD).max(1);
        self.more.clear();
        self.more.resize(words, u64::MAX);
        self.less.clear();
        self.less.resize(words, 0);
        self.band = band;
        self.row = 0;
        self.words = 0..words;
        self.edge = 0;
    }

    /// The row after the last number of the prediction.
    pub fn fill<'a>(
        &mut self,
        positions: &mut Positions,
        prediction: impl Iterator<Item = &'a u32>,
        band: Band,
    ) {
        self.start(band);
        for &number in prediction {
            self.step(positions.mask(number));
        }
    }

    /// From one row to the next, for a number that stands at the positions of `mask`.
    fn step(&mut self, mask: &[u64]) {
        self.row += 1;
        let words = self.band.words(self.row);
        for left in self.words.start..words.start {
            let ones = |bits: u64| bits.count_ones() as usize;
            self.edge = self.edge + ones(self.more[left]) - ones(self.less[left]);
        }
        self.edge += 1;
        // How the cell left of a word differs from the one above it.
        let (mut up, mut down) = (1, 0);
        let cells = self.more[words.clone()]
            .iter_mut()
            .zip(&mut self.less[words.clone()]);
        for ((more, less), &equal) in cells.zip(&mask[words.clone()]) {
            (up, down) = step_word(more, less, equal, up, down);
        }
        self.words = words;
    }

    /// The cells of the band: column and distance; column 0 is before the first.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let first = self.words.start * WORD;
        let end = (self.words.end * WORD).min(self.band.columns);
        let mut distance = self.edge;
        let rest = (first..end).map(move |at| {
            let bit = |words: &[u64]| (words[at / WORD] >> (at % WORD) & 1) as usize;
            distance = distance + bit(&self.more) - bit(&self.less);
            (at + 1, distance)
        });
        std::iter::once((first, self.edge)).chain(rest)
    }
}

/// All rows of a table.
#[derive(Debug, Default)]
pub struct DistanceTable {
    row: DistanceRow,
    more: Vec<u64>,
    less: Vec<u64>,
    band: Band,
    width: usize,
}

impl DistanceTable {
    /// Computes and keeps all rows.
    pub fn fill(&mut self, positions: &mut Positions, prediction: &[u32], band: Band) {
        self.band = band;
        self.width = band.width();
        self.more.clear();
        self.less.clear();
        if positions.words() == 1 {
            self.fill_single(positions.table(), prediction);
            return;
        }
        self.row.start(band);
        for &number in prediction {
            self.row.step(positions.mask(number));
            let words = self.row.words.clone();
            let missing = self.width - words.len();
            self.more.extend_from_slice(&self.row.more[words.clone()]);
            self.less.extend_from_slice(&self.row.less[words]);
            self.more.resize(self.more.len() + missing, 0);
            self.less.resize(self.less.len() + missing, 0);
        }
    }

    /// Rows of one word.
    fn fill_single(&mut self, masks: &[u64], prediction: &[u32]) {
        let (mut more, mut less) = (u64::MAX, 0);
        for &number in prediction {
            let equal = masks.get(number as usize).copied().unwrap_or(0);
            step_word(&mut more, &mut less, equal, 1, 0);
            self.more.push(more);
            self.less.push(less);
        }
    }

    /// Whether the cell of a column is one more than its left neighbour; rows and columns count from 1.
    #[inline]
    pub fn is_more(&self, row: usize, column: usize) -> bool {
        self.bit(&self.more, row, column)
    }

    /// Whether the cell of a column is one less than its left neighbour; rows and columns count from 1.
    #[inline]
    pub fn is_less(&self, row: usize, column: usize) -> bool {
        self.bit(&self.less, row, column)
    }

    #[inline]
    fn bit(&self, table: &[u64], row: usize, column: usize) -> bool {
        let at = column - 1;
        let word = if self.width == 1 {
            row - 1
        } else {
            (row - 1) * self.width + at / WORD - self.band.words(row).start
        };
        table[word] >> (at % WORD) & 1 == 1
    }
}

/// One word of the next row; returns how its last cell differs from the one above it: 1 more, 1 less.
#[inline]
pub fn step_word(more: &mut u64, less: &mut u64, equal: u64, up: u64, down: u64) -> (u64, u64) {
    let equal = equal | down;
    let same = (((equal & *more).wrapping_add(*more)) ^ *more) | equal | *less;
    let above_more = *less | !(same | *more);
    let above_less = same & *more;
    let (shifted_more, shifted_less) = (above_more << 1 | up, above_less << 1 | down);
    *more = shifted_less | !(same | shifted_more);
    *less = shifted_more & same;
    (above_more >> 63, above_less >> 63)
}
