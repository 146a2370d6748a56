//! Hits, substitutions, deletions and insertions between two sequences.
//!
//! Alignments of the same distance may differ in hits. The one counted here is that of rapidfuzz, which jiwer uses:
//! equal ends are set aside; from the end, a deletion goes before all else; then an insertion where the cell above is
//! one less than its left neighbour; then a hit or a substitution. Pairs whose table would take 1 MiB are cut in two
//! at the first best place (Hirschberg 1975).

use super::distance_rows::{Band, DistanceRow, DistanceTable};
use super::positions::Positions;

/// Pairs are cut in two when all of this is reached: bytes of the table, length of the reference, of the prediction.
const TABLE_BYTES: usize = 1 << 20;
const LONG_REFERENCE: usize = 65;
const LONG_PREDICTION: usize = 10;

/// The first guess of an unknown distance; guesses grow by this factor.
const GUESS: usize = 64;
const GROWTH: usize = 4;

/// What an alignment consists of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Edits {
    /// Equal in both.
    pub hits: usize,
    /// Another in the prediction.
    pub substitutions: usize,
    /// Only in the reference.
    pub deletions: usize,
    /// Only in the prediction.
    pub insertions: usize,
}

impl Edits {
    /// The Levenshtein distance.
    pub fn errors(&self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }
}

/// Aligns pairs: rows of the table are numbers of the prediction, columns are numbers of the reference.
#[derive(Debug, Default)]
pub struct Aligner {
    positions: Positions,
    row: DistanceRow,
    table: DistanceTable,
    /// Distances of the first half of the prediction from the beginnings of the reference.
    before: Vec<usize>,
    edits: Edits,
}

impl Aligner {
    /// Aligns sequences of numbers below `distinct`; the prediction may have [`super::interning::ABSENT`].
    pub fn align(&mut self, reference: &[u32], prediction: &[u32], distinct: usize) -> Edits {
        self.edits = Edits::default();
        let (left, right) = self.strip(reference, prediction);
        let longest = left.len().max(right.len());
        let most = if is_large(left, right, longest) {
            self.distance(left, right, distinct)
        } else {
            longest
        };
        self.align_part(left, right, distinct, most);
        self.edits
    }

    /// The distance of two sequences that are not empty.
    fn distance(&mut self, reference: &[u32], prediction: &[u32], distinct: usize) -> usize {
        let longest = reference.len().max(prediction.len());
        self.positions.load(reference.iter().copied(), distinct);
        let mut most = GUESS.max(reference.len().abs_diff(prediction.len()));
        loop {
            let band = Band::new(reference.len(), most);
            self.row.fill(&mut self.positions, prediction.iter(), band);
            let distance = self.row.cells().last().map_or(longest, |(_, last)| last);
            if distance <= most {
                return distance;
            }
            most *= GROWTH;
        }
    }

    /// Counts the edits of a part whose distance is at most `most`.
    fn align_part(&mut self, reference: &[u32], prediction: &[u32], distinct: usize, most: usize) {
        let (reference, prediction) = self.strip(reference, prediction);
        if reference.is_empty() || prediction.is_empty() {
            self.edits.deletions += reference.len();
            self.edits.insertions += prediction.len();
        } else if is_large(reference, prediction, most) {
            self.align_halves(reference, prediction, distinct, most);
        } else {
            self.positions.load(reference.iter().copied(), distinct);
            let band = Band::new(reference.len(), most);
            self.table.fill(&mut self.positions, prediction, band);
            self.trace(reference, prediction);
        }
    }

    /// Counts equal ends as hits; returns what is between them.
    fn strip<'a>(&mut self, reference: &'a [u32], prediction: &'a [u32]) -> (&'a [u32], &'a [u32]) {
        let same = |(left, right): &(&u32, &u32)| left == right;
        let pairs = reference.iter().zip(prediction);
        let prefix = pairs.take_while(same).count();
        let (reference, prediction) = (&reference[prefix..], &prediction[prefix..]);
        let pairs = reference.iter().rev().zip(prediction.iter().rev());
        let suffix = pairs.take_while(same).count();
        self.edits.hits += prefix + suffix;
        (
            &reference[..reference.len() - suffix],
            &prediction[..prediction.len() - suffix],
        )
    }

    fn align_halves(
        &mut self,
        reference: &[u32],
        prediction: &[u32],
        distinct: usize,
        most: usize,
    ) {
        let columns = reference.len();
        let band = Band::new(columns, most);
        let (first, second) = prediction.split_at(prediction.len() / 2);
        self.positions.load(reference.iter().copied(), distinct);
        self.row.fill(&mut self.positions, first.iter(), band);
        self.before.clear();
        self.before.resize(columns + 1, usize::MAX);
        for (column, distance) in self.row.cells() {
            self.before[column] = distance;
        }
        self.positions
            .load(reference.iter().rev().copied(), distinct);
        self.row
            .fill(&mut self.positions, second.iter().rev(), band);
        // The sum, the column of the cut, and the two distances: the least, and the first of equals.
        let cut_of = |(column, after): (usize, usize)| {
            let before = self.before[columns - column];
            (
                before.saturating_add(after),
                columns - column,
                before,
                after,
            )
        };
        let Some((_, cut, before, after)) = self.row.cells().map(cut_of).min() else {
            return;
        };
        let (left, right) = reference.split_at(cut);
        self.align_part(left, first, distinct, before);
        self.align_part(right, second, distinct, after);
    }

    /// Counts the edits of the table.
    fn trace(&mut self, reference: &[u32], prediction: &[u32]) {
        let (mut column, mut row) = (reference.len(), prediction.len());
        while row > 0 && column > 0 {
            if self.table.is_more(row, column) {
                self.edits.deletions += 1;
                column -= 1;
                continue;
            }
            row -= 1;
            if row > 0 && self.table.is_less(row, column) {
                self.edits.insertions += 1;
                continue;
            }
            column -= 1;
            if reference[column] == prediction[row] {
                self.edits.hits += 1;
            } else {
                self.edits.substitutions += 1;
            }
        }
        self.edits.deletions += column;
        self.edits.insertions += row;
    }
}

/// Whether a pair whose distance is at most `most` is cut in two.
fn is_large(reference: &[u32], prediction: &[u32], most: usize) -> bool {
    let most = most.min(reference.len().max(prediction.len()));
    let band = reference.len().min(2 * most + 1);
    2 * band * prediction.len() / 8 >= TABLE_BYTES
        && reference.len() >= LONG_REFERENCE
        && prediction.len() >= LONG_PREDICTION
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::interning::ABSENT;

    fn counts(reference: &str, prediction: &str) -> [usize; 4] {
        let number = |c: char| if c.is_lowercase() { c as u32 } else { ABSENT };
        let [reference, prediction]: [Vec<u32>; 2] =
            [reference, prediction].map(|text| text.chars().map(number).collect());
        let edits = Aligner::default().align(&reference, &prediction, 128);
        [
            edits.hits,
            edits.substitutions,
            edits.deletions,
            edits.insertions,
        ]
    }

    #[test]
    fn ends_that_are_equal_are_hits() {
        assert_eq!(counts("", ""), [0; 4]);
        assert_eq!(counts("abc", ""), [0, 0, 3, 0]);
        assert_eq!(counts("", "XY"), [0, 0, 0, 2]);
        assert_eq!(counts("aa", "a"), [1, 0, 1, 0]);
        assert_eq!(counts("kitten", "sitting"), [4, 2, 0, 1]);
    }

    /// Numbers of rapidfuzz 3.14.6.
    #[test]
    fn hits_are_those_of_the_reference_implementation() {
        assert_eq!(counts("ab", "ba"), [1, 0, 1, 1]);
        assert_eq!(counts("abc", "bca"), [2, 0, 1, 1]);
        assert_eq!(counts("abab", "cbaa"), [2, 2, 0, 0]);
        assert_eq!(counts("abcd", "XacX"), [2, 1, 1, 1]);
    }

    #[test]
    fn words_of_bits_hand_over() {
        // Miri is slow.
        let step = if cfg!(miri) { 31 } else { 1 };
        for len in (2..200_u32).step_by(step) {
            let reference: Vec<u32> = (0..len).collect();
            let mut prediction = reference.clone();
            prediction.rotate_left(1);
            let edits = Aligner::default().align(&reference, &prediction, len as usize);
            assert_eq!((edits.hits, edits.errors()), (len as usize - 1, 2), "{len}");
        }
    }

    /// A band of a few columns, where all columns would take 400 MB.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn long_sequences_that_are_nearly_equal_take_little_memory() {
        let reference: Vec<u32> = (0..60_000).map(|at| at * at % 7).collect();
        let mut prediction = reference.clone();
        prediction.insert(100, ABSENT);
        prediction.remove(59_000);
        let edits = Aligner::default().align(&reference, &prediction, 7);
        assert_eq!((edits.errors(), edits.substitutions), (2, 0));
    }
}
