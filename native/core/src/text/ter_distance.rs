//! The edit distance of TER, for a hypothesis and for many small changes of it.
//!
//! The reference implementation cuts off cells far from the diagonal ([`Beam`]). Where no shortest path can come near
//! the cut, the same distance and the same path come from 64 cells at a time.

use super::beam::Beam;
use super::distance_rows::step_word;
use super::masks::WORD;

/// References that no beam cuts: the diagonal is never further from either end than the beam is wide.
const UNCUT: usize = 24;

/// A path of cost d between texts whose lengths differ by D leaves the diagonal by at most (d + D) / 2, and by one more
/// as the diagonal is rounded. The beam is 25 words wide to one side and 24 to the other.
const INSIDE: usize = 44;

/// Distances from one reference.
#[derive(Debug, Default)]
pub struct TerDistance {
    reference: Vec<u32>,
    /// The positions of each number, if the reference has at most 64 words.
    masks: Vec<u64>,
    words: Vec<u32>,
    /// For each number of words taken, which cells are one more, and one less, than their left neighbour.
    rows: Vec<(u64, u64)>,
    /// The distance of all words.
    distance: usize,
    beam: Beam,
    /// Whether the beam's table is that of the words, and whether their path comes from it.
    beam_filled: bool,
    path_in_beam: bool,
}

/// A step of the path from a hypothesis to the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A word of the hypothesis stands for an equal one of the reference.
    Hit,
    /// A word of the hypothesis stands for another one.
    Substitution,
    /// A word of the hypothesis stands for none.
    Extra,
    /// A word of the reference has none.
    Missing,
}

impl TerDistance {
    /// Takes a reference of numbers below `distinct`.
    pub fn load(&mut self, reference: &[u32], distinct: usize) {
        self.reference.clear();
        self.reference.extend_from_slice(reference);
        self.masks.clear();
        if reference.len() <= WORD {
            self.masks.resize(distinct, 0);
            for (at, &number) in reference.iter().enumerate() {
                self.masks[number as usize] |= 1 << at;
            }
        }
    }

    /// The distance of the words, which are kept for the other methods.
    pub fn align(&mut self, words: &[u32]) -> usize {
        self.words.clear();
        self.words.extend_from_slice(words);
        self.beam_filled = false;
        self.path_in_beam = true;
        if self.reference.len() <= WORD {
            self.rows.clear();
            self.rows.push((u64::MAX, 0));
            for &word in words {
                self.rows
                    .push(self.next(self.rows[self.rows.len() - 1], word));
            }
            self.distance =
                Self::cell_of(self.rows[words.len()], words.len(), self.reference.len());
            self.path_in_beam = !self.is_inside(self.distance);
        }
        if self.path_in_beam {
            self.distance = self.fill_beam();
        }
        self.distance
    }

    /// The distance of other words, which differ from the kept ones from `from` on and before `to`.
    pub fn changed(&mut self, words: &[u32], from: usize, to: usize) -> usize {
        if self.reference.len() <= WORD {
            let distance = self.changed_bits(words, from, to);
            if self.is_inside(distance) {
                return distance;
            }
        }
        if !self.beam_filled {
            self.fill_beam();
        }
        self.beam.changed(words, from, to)
    }

    fn changed_bits(&self, words: &[u32], from: usize, to: usize) -> usize {
        let mut row = self.rows[from];
        for (at, &word) in words.iter().enumerate().skip(from) {
            row = self.next(row, word);
            // From equal words on, equal rows stay so.
            if at + 1 >= to && row == self.rows[at + 1] {
                row = self.rows[words.len()];
                break;
            }
        }
        Self::cell_of(row, words.len(), self.reference.len())
    }

    #[inline]
    fn next(&self, (mut more, mut less): (u64, u64), word: u32) -> (u64, u64) {
        let equal = self.masks.get(word as usize).copied().unwrap_or(0);
        step_word(&mut more, &mut less, equal, 1, 0);
        (more, less)
    }

    fn fill_beam(&mut self) -> usize {
        self.beam_filled = true;
        self.beam.fill(&self.words, &self.reference)
    }

    /// Whether the beam cuts no path of this cost.
    fn is_inside(&self, distance: usize) -> bool {
        let difference = self.reference.len().abs_diff(self.words.len());
        self.reference.len() <= UNCUT || distance + difference <= INSIDE
    }

    /// The cell of a column; rows count the words taken.
    #[inline]
    fn cell_of((more, less): (u64, u64), row: usize, column: usize) -> usize {
        let columns = if column == 0 {
            0
        } else {
            u64::MAX >> (WORD - column)
        };
        let ones = |bits: u64| (bits & columns).count_ones() as usize;
        row + ones(more) - ones(less)
    }

    fn cell(&self, row: usize, column: usize) -> usize {
        if self.path_in_beam {
            self.beam.cell(row, column)
        } else {
            Self::cell_of(self.rows[row], row, column)
        }
    }

    /// The path of the kept words from its end: each step with the words of hypothesis and reference up to it. Of equal
    /// ones, a hit or a substitution goes first, then an extra word, then a missing one.
    pub fn path(&self, mut visit: impl FnMut(Step, usize, usize)) {
        let (mut row, mut column) = (self.words.len(), self.reference.len());
        while row > 0 || column > 0 {
            let here = self.cell(row, column);
            let diagonal = row > 0 && column > 0;
            let hit = diagonal && self.words[row - 1] == self.reference[column - 1];
            let step = if diagonal && self.cell(row - 1, column - 1) + usize::from(!hit) == here {
                if hit { Step::Hit } else { Step::Substitution }
            } else if row > 0 && (column == 0 || self.cell(row - 1, column) + 1 == here) {
                Step::Extra
            } else {
                Step::Missing
            };
            visit(step, row, column);
            row -= usize::from(step != Step::Missing);
            column -= usize::from(step != Step::Extra);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u32, len: u32, kinds: u32) -> Vec<u32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        (0..len).map(|_| next() % kinds).collect()
    }

    fn path(distance: &TerDistance) -> Vec<Step> {
        let mut steps = Vec::new();
        distance.path(|step, _, _| steps.push(step));
        steps
    }

    /// Distances and paths from bits are those of the beam alone, for near and far texts of all lengths.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn bits_and_the_beam_agree() {
        for seed in 0..400 {
            let (columns, rows) = (seed % 64 + 1, seed * 7 % 75);
            let mut reference = noise(seed, columns, 9);
            for number in &mut reference {
                *number %= columns;
            }
            let mut words = noise(seed + 1, rows, 9);
            if seed % 3 > 0 {
                words.truncate(5);
                words.extend(&reference);
            }
            let mut distance = TerDistance::default();
            distance.load(&reference, 9);
            let mut beam = TerDistance::default();
            beam.load(&reference, 9);
            beam.words.clone_from(&words);
            beam.path_in_beam = true;
            assert_eq!(distance.align(&words), beam.fill_beam());
            assert_eq!(path(&distance), path(&beam));
            if words.len() < 4 {
                continue;
            }
            let mut changed = words.clone();
            changed[1..words.len() - 2].rotate_left(1);
            let to = words.len() - 2;
            let expected = Beam::default().fill(&changed, &reference);
            assert_eq!(distance.changed(&changed, 1, to), expected);
            assert_eq!(beam.beam.changed(&changed, 1, to), expected);
        }
    }
}
