//! The edits of TER: a shift of a run of words counts as one edit (Snover et al. 2006). Which shifts are tried, and
//! which is taken, is as in sacrebleu 2.6.0 (`lib_ter.py`), which follows Tercom.

use std::cmp::Reverse;

use super::ter_distance::{Step, TerDistance};

/// Longest run that is shifted, furthest match of a run, and how many shifts of a pair are tried.
const MAX_LENGTH: usize = 10;
const MAX_DISTANCE: usize = 50;
const MAX_TRIED: usize = 1000;

/// Finds shifts for pairs of a hypothesis and a reference.
#[derive(Debug, Default)]
pub struct Shifts {
    distance: TerDistance,
    words: Vec<u32>,
    reference: Vec<u32>,
    /// Whether each word of the hypothesis, and of the reference, is an error in the alignment.
    wrong_words: Vec<bool>,
    wrong_reference: Vec<bool>,
    /// For each word of the reference, how many words of the hypothesis are aligned with it and those before it.
    aligned: Vec<usize>,
    tried: usize,
}

/// A run of words and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shift {
    start: usize,
    length: usize,
    target: usize,
}

/// What shifts are ranked by: fewer edits, longer runs, earlier runs, earlier targets.
type Rank = (isize, usize, Reverse<usize>, Reverse<usize>);

impl Shifts {
    /// The number of edits from a hypothesis to a reference of numbers below `distinct`.
    pub fn edits(&mut self, hypothesis: &[u32], reference: &[u32], distinct: usize) -> usize {
        if reference.is_empty() {
            return hypothesis.len();
        }
        self.words.clear();
        self.words.extend_from_slice(hypothesis);
        self.reference.clear();
        self.reference.extend_from_slice(reference);
        self.distance.load(reference, distinct);
        self.tried = 0;
        let mut shifts = 0;
        loop {
            let distance = self.align();
            let best = self.best_shift(distance);
            match best {
                // The shift at which the limit is reached is not made, even if it helps.
                Some(((gain, ..), shift)) if gain > 0 && self.tried < MAX_TRIED => {
                    shift.apply(&mut self.words);
                    shifts += 1;
                }
                _ => return shifts + distance,
            }
        }
    }

    /// Aligns the words as they are now; returns their distance.
    fn align(&mut self) -> usize {
        let distance = self.distance.align(&self.words);
        self.wrong_words.clear();
        self.wrong_words.resize(self.words.len(), false);
        self.wrong_reference.clear();
        self.wrong_reference.resize(self.reference.len(), false);
        self.aligned.clear();
        self.aligned.resize(self.reference.len(), 0);
        self.distance.path(|step, word, column| {
            if step != Step::Extra {
                self.aligned[column - 1] = word;
                self.wrong_reference[column - 1] = step != Step::Hit;
            }
            if step != Step::Missing {
                self.wrong_words[word - 1] = step != Step::Hit;
            }
        });
        distance
    }

    /// The best shift of those that are tried.
    fn best_shift(&mut self, distance: usize) -> Option<(Rank, Shift)> {
        let mut best = None;
        for start in 0..self.words.len() {
            let first = start.saturating_sub(MAX_DISTANCE);
            let end = self.reference.len().min(start + MAX_DISTANCE + 1);
            for place in first..end {
                if self.words[start] == self.reference[place]
                    && self.try_runs(start, place, distance, &mut best)
                {
                    return best;
                }
            }
        }
        best
    }

    /// Tries the runs from `start` on that are in the reference from `place` on; whether the limit is reached.
    fn try_runs(
        &mut self,
        start: usize,
        place: usize,
        distance: usize,
        best: &mut Option<(Rank, Shift)>,
    ) -> bool {
        let (mut wrong_word, mut wrong_reference) = (false, false);
        let both = self.words[start..].iter().zip(&self.reference[place..]);
        let longest = both
            .take(MAX_LENGTH)
            .take_while(|(word, other)| word == other)
            .count();
        for length in 1..=longest {
            wrong_word |= self.wrong_words[start + length - 1];
            wrong_reference |= self.wrong_reference[place + length - 1];
            let within = start < self.aligned[place] && self.aligned[place] <= start + length;
            if wrong_word && wrong_reference && !within {
                self.try_targets(start, place, length, distance, best);
                if self.tried >= MAX_TRIED {
                    return true;
                }
            }
        }
        false
    }

    /// Tries to put a run behind what is aligned with each word of the reference from the one before the run on.
    fn try_targets(
        &mut self,
        start: usize,
        place: usize,
        length: usize,
        distance: usize,
        best: &mut Option<(Rank, Shift)>,
    ) {
        let mut previous = None;
        for after in place..=place + length {
            let target = if after == 0 {
                0
            } else {
                self.aligned[after - 1]
            };
            if previous.replace(target) == Some(target) {
                continue;
            }
            let shift = Shift {
                start,
                length,
                target,
            };
            let changed = self.distance_after(shift);
            let rank = (
                distance.cast_signed() - changed.cast_signed(),
                length,
                Reverse(start),
                Reverse(target),
            );
            self.tried += 1;
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                *best = Some((rank, shift));
            }
        }
    }

    fn distance_after(&mut self, shift: Shift) -> usize {
        let (from, to) = shift.apply(&mut self.words);
        let distance = self.distance.changed(&self.words, from, to);
        shift.undo(&mut self.words);
        distance
    }
}

impl Shift {
    /// The words that move, and by how many places they turn to the left.
    fn turn(self, words: usize) -> (usize, usize, usize) {
        let end = self.start + self.length;
        if self.target < self.start {
            (self.target, end, self.start - self.target)
        } else if self.target > end {
            (self.start, self.target, self.length)
        } else {
            // A target within the run counts from behind the run.
            (
                self.start,
                words.min(self.target + self.length),
                self.length,
            )
        }
    }

    /// Shifts; returns where the words differ now.
    fn apply(self, words: &mut [u32]) -> (usize, usize) {
        let (from, to, by) = self.turn(words.len());
        words[from..to].rotate_left(by);
        (from, to)
    }

    fn undo(self, words: &mut [u32]) {
        let (from, to, by) = self.turn(words.len());
        words[from..to].rotate_right(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::interning::ABSENT;

    fn edits(hypothesis: &str, reference: &str) -> usize {
        let reference: Vec<&str> = reference.split_whitespace().collect();
        let number = |word: &str| {
            let found = reference.iter().position(|known| *known == word);
            found.map_or(ABSENT, |at| at as u32)
        };
        let hypothesis: Vec<u32> = hypothesis.split_whitespace().map(number).collect();
        let numbers: Vec<u32> = reference.iter().copied().map(number).collect();
        Shifts::default().edits(&hypothesis, &numbers, numbers.len())
    }

    /// Snover et al. 2006, section 2: a shift, two substitutions and a missing word.
    #[test]
    fn a_shift_of_a_run_is_one_edit() {
        let reference =
            "SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times";
        let hypothesis = "THIS WEEK THE SAUDIS denied information published in the new york times";
        assert_eq!(edits(hypothesis, reference), 4);
        assert_eq!(edits("c d a b", "a b c d"), 1);
    }

    #[test]
    fn empty_texts_are_defined() {
        assert_eq!(edits("", ""), 0);
        assert_eq!(edits("a b", ""), 2);
        assert_eq!(edits("", "a b"), 2);
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn runs_turn_to_every_target_and_back() {
        for (target, expected) in (0..=6).zip([
            [2, 3, 0, 1, 4, 5],
            [0, 2, 3, 1, 4, 5],
            [0, 1, 2, 3, 4, 5],
            [0, 1, 4, 2, 3, 5],
            [0, 1, 4, 5, 2, 3],
            [0, 1, 4, 2, 3, 5],
            [0, 1, 4, 5, 2, 3],
        ]) {
            let shift = Shift {
                start: 2,
                length: 2,
                target,
            };
            let mut words = [0, 1, 2, 3, 4, 5];
            let (from, to) = shift.apply(&mut words);
            assert_eq!(words, expected, "{target}");
            assert!((0..6).all(|at| (from..to).contains(&at) || words[at] == at as u32));
            shift.undo(&mut words);
            assert_eq!(words, [0, 1, 2, 3, 4, 5]);
        }
    }
}
