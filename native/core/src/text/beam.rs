//! Edit distance within a beam around the diagonal, as sacrebleu 2.6.0 has it for TER (`lib_ter.py`): rows are words of
//! the hypothesis, columns words of the reference, and cells out of the beam are unknown.

/// Least distance from the diagonal at which cells are cut off.
const WIDTH: usize = 25;

/// More than any distance, even when all words of two texts are added.
const UNKNOWN: usize = usize::MAX / 4;

/// The table for one hypothesis.
#[derive(Debug, Default)]
pub struct Beam {
    reference: Vec<u32>,
    /// The columns of each row, and where its cells begin.
    rows: Vec<Row>,
    cells: Vec<usize>,
    /// Two rows of another hypothesis.
    other: [Vec<usize>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    first: usize,
    end: usize,
    cells: usize,
}

impl Beam {
    /// Computes the table; returns the distance.
    pub fn fill(&mut self, words: &[u32], reference: &[u32]) -> usize {
        self.reference.clear();
        self.reference.extend_from_slice(reference);
        self.place_rows(words.len());
        self.cells.clear();
        self.cells.extend(0..=reference.len());
        for (at, &word) in words.iter().enumerate() {
            let (above, row) = (self.rows[at], self.rows[at + 1]);
            self.cells.resize(row.cells + row.end - row.first, UNKNOWN);
            let (before, cells) = self.cells.split_at_mut(row.cells);
            next_row(
                &before[above.cells..],
                above.first,
                cells,
                row.first,
                word,
                reference,
            );
        }
        self.cells.last().copied().unwrap_or(0)
    }

    /// Finds the beam for so many words.
    fn place_rows(&mut self, words: usize) {
        let columns = self.reference.len() + 1;
        self.rows.clear();
        self.rows.push(Row {
            first: 0,
            end: columns,
            cells: 0,
        });
        let ratio = self.reference.len() as f64 / words as f64;
        let width = if ratio / 2.0 > WIDTH as f64 {
            (ratio / 2.0 + WIDTH as f64).ceil() as usize
        } else {
            WIDTH
        };
        let mut cells = columns;
        for at in 1..=words {
            let diagonal = (at as f64 * ratio).floor() as usize;
            let first = diagonal.saturating_sub(width);
            let end = if at == words {
                columns
            } else {
                columns.min(diagonal + width)
            };
            self.rows.push(Row { first, end, cells });
            cells += end - first;
        }
    }

    /// The distance of other words, which differ from those of the table from `from` on and before `to`.
    pub fn changed(&mut self, words: &[u32], from: usize, to: usize) -> usize {
        let [mut before, mut cells] = std::mem::take(&mut self.other);
        before.clear();
        before.extend_from_slice(self.cells_of(from));
        let mut distance = None;
        for (at, &word) in words.iter().enumerate().skip(from) {
            let (above, row) = (self.rows[at], self.rows[at + 1]);
            cells.clear();
            cells.resize(row.end - row.first, UNKNOWN);
            next_row(
                &before,
                above.first,
                &mut cells,
                row.first,
                word,
                &self.reference,
            );
            std::mem::swap(&mut before, &mut cells);
            // From equal words on, rows that differ by a constant stay so.
            if at + 1 >= to {
                distance = self.distance_from(at + 1, &before);
                if distance.is_some() {
                    break;
                }
            }
        }
        let distance = distance.or(before.last().copied());
        self.other = [before, cells];
        distance.unwrap_or(0)
    }

    /// The distance of words whose row is this one, if it differs from the row of the table by a constant.
    fn distance_from(&self, row: usize, cells: &[usize]) -> Option<usize> {
        let known = self.cells_of(row);
        let (first, known_first) = (*cells.first()?, *known.first()?);
        let same = |(cell, known): (&usize, &usize)| cell + known_first == known + first;
        let all = cells.iter().zip(known).all(same);
        all.then(|| {
            self.cells
                .last()
                .map_or(0, |last| last + first - known_first)
        })
    }

    fn cells_of(&self, row: usize) -> &[usize] {
        let Row { first, end, cells } = self.rows[row];
        &self.cells[cells..cells + end - first]
    }

    /// The distance of the first words of the table from the first words of the reference.
    pub fn cell(&self, row: usize, column: usize) -> usize {
        let found = self.rows[row];
        if (found.first..found.end).contains(&column) {
            self.cells[found.cells + column - found.first]
        } else {
            UNKNOWN
        }
    }
}

/// One row from the one above; both are given with their first column.
fn next_row(
    above: &[usize],
    above_first: usize,
    cells: &mut [usize],
    first: usize,
    word: u32,
    reference: &[u32],
) {
    let above_at = |column: usize| {
        let at = column.checked_sub(above_first)?;
        above.get(at).copied()
    };
    let known_before = first.checked_sub(1).and_then(above_at);
    let (mut diagonal, mut left) = (known_before.unwrap_or(UNKNOWN), UNKNOWN);
    for (column, cell) in (first..).zip(cells) {
        let equal = column > 0 && reference[column - 1] == word;
        let up = above_at(column).unwrap_or(UNKNOWN);
        left = (diagonal + usize::from(!equal)).min(up + 1).min(left + 1);
        diagonal = up;
        *cell = left;
    }
}
