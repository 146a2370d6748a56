//! Where each number of a sequence stands: masks of one bit a position, for algorithms on 64 cells at a time.

use super::interning::ABSENT;
use super::masks::WORD;

/// Words of the table of all masks; beyond, the mask of a number is made when it is asked for.
const TABLE: usize = 1 << 18;

/// The masks of a sequence of numbers.
#[derive(Debug, Default)]
pub struct Positions {
    words: usize,
    /// The mask of each number below `distinct`; one mask alone if there would be too many.
    masks: Vec<u64>,
    on_demand: bool,
    /// The last position of each number, and the position before it of the same number.
    last: Vec<u32>,
    before: Vec<u32>,
    /// The number whose mask is made.
    made: u32,
    /// The mask of numbers that the sequence does not have.
    none: Vec<u64>,
}

impl Positions {
    /// Indexes a sequence of numbers below `distinct`.
    pub fn load(&mut self, sequence: impl ExactSizeIterator<Item = u32>, distinct: usize) {
        self.load_within(TABLE, sequence, distinct);
    }

    fn load_within(
        &mut self,
        table: usize,
        sequence: impl ExactSizeIterator<Item = u32>,
        distinct: usize,
    ) {
        let words = sequence.len().div_ceil(WORD).max(1);
        if distinct * words <= table {
            self.load_table(sequence, distinct, words);
            return;
        }
        self.clear(words);
        self.on_demand = true;
        self.masks.resize(words, 0);
        self.index(sequence, distinct);
    }

    /// Makes a table of all masks, of at least as many words as the sequence needs.
    pub fn load_table(
        &mut self,
        sequence: impl Iterator<Item = u32>,
        distinct: usize,
        words: usize,
    ) {
        self.clear(words);
        self.masks.resize(distinct * words, 0);
        for (at, number) in sequence.enumerate() {
            self.masks[number as usize * words + at / WORD] |= 1 << (at % WORD);
        }
    }

    fn clear(&mut self, words: usize) {
        self.words = words;
        self.on_demand = false;
        self.made = ABSENT;
        self.none.clear();
        self.none.resize(words, 0);
        self.masks.clear();
    }

    fn index(&mut self, sequence: impl Iterator<Item = u32>, distinct: usize) {
        self.last.clear();
        self.last.resize(distinct, ABSENT);
        self.before.clear();
        for (at, number) in sequence.enumerate() {
            let last = &mut self.last[number as usize];
            self.before.push(*last);
            *last = at as u32;
        }
    }

    /// Words of a mask.
    pub fn words(&self) -> usize {
        self.words
    }

    /// All masks, if there is a table of them.
    pub fn table(&self) -> &[u64] {
        &self.masks
    }

    /// The mask of a number; empty for [`ABSENT`] and for numbers that the sequence does not have.
    pub fn mask(&mut self, number: u32) -> &[u64] {
        if number == ABSENT {
            return &self.none;
        }
        if self.on_demand {
            if number != self.made {
                self.set(self.made, false);
                self.set(number, true);
                self.made = number;
            }
            return &self.masks;
        }
        let start = number as usize * self.words;
        &self.masks[start..start + self.words]
    }

    fn set(&mut self, number: u32, value: bool) {
        let mut at = self.last.get(number as usize).copied().unwrap_or(ABSENT);
        while at != ABSENT {
            let position = at as usize;
            let word = &mut self.masks[position / WORD];
            *word = if value {
                *word | 1 << (position % WORD)
            } else {
                0
            };
            at = self.before[position];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_and_masks_on_demand_are_the_same() {
        let sequence: Vec<u32> = (0..200).map(|at| at * at % 23).collect();
        let (mut table, mut on_demand) = (Positions::default(), Positions::default());
        table.load_within(usize::MAX, sequence.iter().copied(), 23);
        on_demand.load_within(0, sequence.iter().copied(), 23);
        for number in (0..23).chain([5, 5, ABSENT, 0]) {
            let mask = table.mask(number).to_vec();
            assert_eq!(mask, on_demand.mask(number));
            for (at, &other) in sequence.iter().enumerate() {
                assert_eq!(mask[at / WORD] >> (at % WORD) & 1 == 1, other == number);
            }
        }
    }
}
