//! The union of longest common subsequences (Lin 2004, section 3.2): which tokens of each reference sentence lie in a
//! longest common subsequence with some sentence of the prediction.
//!
//! Which one, where there are several, is part of the definition: from the end, equal tokens are taken, else the token
//! of the reference is dropped unless dropping that of the prediction is better. With the rows of [`super::lcs`] kept,
//! that is one bit: the prediction's token is dropped where the table grows.
//!
//! All sentences of the reference lie in one row of bits. Adding them as fields, whose carries do not leave them,
//! computes their tables at once.

use super::interning::ABSENT;
use super::masks::{Masks, WORD};
use super::positions::Positions;

/// Rows that are kept at once, in words; of longer sentences some rows are kept and the others made again.
const KEPT_WORDS: usize = 1 << 18;

/// Which reference tokens a token of the prediction equals.
pub trait EqualRows {
    /// One bit for each reference token that equals the prediction's token at `at`.
    fn row(&mut self, at: usize) -> &[u64];
}

/// Reused memory.
#[derive(Debug, Default)]
pub struct UnionLcs {
    words: usize,
    /// The last token of each sentence.
    tops: Vec<u64>,
    sentences: Vec<Sentence>,
    /// The rows from which the others are made again.
    marks: Vec<u64>,
    kept: Vec<u64>,
    hits: Vec<u64>,
}

/// A sentence of the reference.
#[derive(Debug, Clone, Copy)]
struct Sentence {
    start: usize,
    end: usize,
    /// Tokens from here on are dropped or taken.
    at: usize,
}

impl UnionLcs {
    /// The reference tokens of the union, one bit each. `ends` are offsets behind the tokens of each sentence.
    pub fn hits(
        &mut self,
        rows: &mut impl EqualRows,
        prediction_ends: &[u32],
        reference_ends: &[u32],
    ) -> &mut [u64] {
        self.load(reference_ends);
        let mut start = 0;
        for &end in prediction_ends {
            let end = end as usize;
            if end > start && !self.sentences.is_empty() {
                self.add(rows, start, end);
            }
            start = end;
        }
        &mut self.hits
    }

    fn load(&mut self, reference_ends: &[u32]) {
        let len = reference_ends.last().map_or(0, |&end| end as usize);
        self.words = len.div_ceil(WORD).max(1);
        self.tops.clear();
        self.tops.resize(self.words, 0);
        self.hits.clear();
        self.hits.resize(self.words, 0);
        self.sentences.clear();
        let mut start = 0;
        for &end in reference_ends {
            let end = end as usize;
            if end > start {
                set(&mut self.tops, end - 1);
                self.sentences.push(Sentence {
                    start,
                    end,
                    at: end,
                });
            }
            start = end;
        }
    }

    /// Adds the longest common subsequences with one sentence of the prediction.
    fn add(&mut self, rows: &mut impl EqualRows, start: usize, end: usize) {
        let len = end - start;
        let block = if len * self.words <= KEPT_WORDS {
            len
        } else {
            len.isqrt()
        };
        self.mark(rows, start, end, block);
        for sentence in &mut self.sentences {
            sentence.at = sentence.end;
        }
        for first in (start..end).step_by(block).rev() {
            let last = (first + block).min(end);
            self.keep(rows, first, last, (first - start) / block);
            for at in (first..last).rev() {
                self.step_back(rows.row(at), at - first);
            }
        }
    }

    /// Keeps the row before each block of tokens.
    fn mark(&mut self, rows: &mut impl EqualRows, start: usize, end: usize, block: usize) {
        let words = self.words;
        self.marks.clear();
        self.marks.resize(words, u64::MAX);
        for first in (start + block..end).step_by(block) {
            let before = self.marks.len() - words;
            self.marks.extend_from_within(before..);
            for at in first - block..first {
                step(&mut self.marks[before + words..], rows.row(at), &self.tops);
            }
        }
    }

    /// Keeps the row behind each token of a block.
    fn keep(&mut self, rows: &mut impl EqualRows, first: usize, last: usize, block: usize) {
        let words = self.words;
        self.kept.clear();
        self.kept
            .extend_from_slice(&self.marks[block * words..][..words]);
        for at in first..last {
            let before = self.kept.len() - words;
            self.kept.extend_from_within(before..);
            step(&mut self.kept[before + words..], rows.row(at), &self.tops);
        }
    }

    /// Drops or takes reference tokens until the prediction's token is done.
    fn step_back(&mut self, equal: &[u64], at_in_block: usize) {
        let vector = &self.kept[(at_in_block + 1) * self.words..][..self.words];
        for sentence in &mut self.sentences {
            match last_stop(equal, vector, sentence.start, sentence.at) {
                Some(at) if is_set(equal, at) => {
                    set(&mut self.hits, at);
                    sentence.at = at;
                }
                Some(at) => sentence.at = at + 1,
                None => sentence.at = sentence.start,
            }
        }
    }
}

/// As [`super::lcs::step`], with sums that do not carry from sentence to sentence.
#[inline]
fn step(vector: &mut [u64], equal: &[u64], tops: &[u64]) {
    let mut carry = false;
    for ((cells, equal), tops) in vector.iter_mut().zip(equal).zip(tops) {
        let both = *cells & equal;
        let (sum, over) = (*cells & !tops).overflowing_add(both & !tops);
        let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
        carry = over | over_carry;
        *cells = sum ^ ((*cells ^ both) & tops) | *cells & !equal;
    }
}

/// The last token from `start` to `end` that is equal or where the table grows.
fn last_stop(equal: &[u64], vector: &[u64], start: usize, end: usize) -> Option<usize> {
    if start >= end {
        return None;
    }
    let (low, high) = (start / WORD, (end - 1) / WORD);
    for word in (low..=high).rev() {
        let mut stops = equal[word] | !vector[word];
        if word == high {
            stops &= u64::MAX >> (WORD - 1 - (end - 1) % WORD);
        }
        if word == low {
            stops &= u64::MAX << (start % WORD);
        }
        if stops != 0 {
            return Some(word * WORD + stops.ilog2() as usize);
        }
    }
    None
}

/// Sets a bit.
pub fn set(bits: &mut [u64], at: usize) {
    bits[at / WORD] |= 1 << (at % WORD);
}

/// Whether a bit is set.
pub fn is_set(bits: &[u64], at: usize) -> bool {
    bits[at / WORD] >> (at % WORD) & 1 == 1
}

/// Rows that lie one behind the other.
pub struct DenseRows<'a> {
    rows: &'a [u64],
    words: usize,
}

impl<'a> DenseRows<'a> {
    /// The rows of masks.
    pub fn of(masks: &'a Masks) -> Self {
        Self {
            rows: masks.rows(),
            words: masks.words(),
        }
    }
}

impl EqualRows for DenseRows<'_> {
    #[inline]
    fn row(&mut self, at: usize) -> &[u64] {
        &self.rows[at * self.words..][..self.words]
    }
}

/// Rows made from token numbers.
#[derive(Debug, Default)]
pub struct NumberedRows {
    prediction: Vec<u32>,
    positions: Positions,
}

impl NumberedRows {
    /// Takes the numbers of the tokens; numbers of the reference are below `distinct`, the prediction may have others.
    pub fn load(&mut self, prediction: &[u32], reference: &[u32], distinct: usize) {
        let known = |number: &u32| {
            if (*number as usize) < distinct {
                *number
            } else {
                ABSENT
            }
        };
        self.prediction.clear();
        self.prediction.extend(prediction.iter().map(known));
        self.positions.load(reference.iter().copied(), distinct);
    }
}

impl EqualRows for NumberedRows {
    fn row(&mut self, at: usize) -> &[u64] {
        self.positions.mask(self.prediction[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Sentences = Vec<Vec<u32>>;

    /// The table, and the way back through it, as the references write them.
    fn simple_hits(prediction: &Sentences, reference: &Sentences) -> Vec<bool> {
        let mut hits = Vec::new();
        for of_reference in reference {
            let mut of_sentence = vec![false; of_reference.len()];
            for of_prediction in prediction {
                mark_one(of_prediction, of_reference, &mut of_sentence);
            }
            hits.extend(of_sentence);
        }
        hits
    }

    fn mark_one(prediction: &[u32], reference: &[u32], hits: &mut [bool]) {
        let mut table = vec![vec![0; prediction.len() + 1]; reference.len() + 1];
        for i in 1..=reference.len() {
            for j in 1..=prediction.len() {
                table[i][j] = if reference[i - 1] == prediction[j - 1] {
                    table[i - 1][j - 1] + 1
                } else {
                    table[i - 1][j].max(table[i][j - 1])
                };
            }
        }
        let (mut i, mut j) = (reference.len(), prediction.len());
        while i > 0 && j > 0 {
            if reference[i - 1] == prediction[j - 1] {
                (i, j) = (i - 1, j - 1);
                hits[i] = true;
            } else if table[i][j - 1] > table[i - 1][j] {
                j -= 1;
            } else {
                i -= 1;
            }
        }
    }

    fn ends(sentences: &Sentences) -> Vec<u32> {
        sentences
            .iter()
            .scan(0, |end, sentence| {
                *end += sentence.len() as u32;
                Some(*end)
            })
            .collect()
    }

    fn fast_hits(prediction: &Sentences, reference: &Sentences) -> Vec<bool> {
        let (mut rows, mut union) = (NumberedRows::default(), UnionLcs::default());
        let distinct = reference.iter().flatten().max().map_or(0, |max| max + 1);
        rows.load(&prediction.concat(), &reference.concat(), distinct as usize);
        let hits = union.hits(&mut rows, &ends(prediction), &ends(reference));
        (0..reference.concat().len())
            .map(|at| is_set(hits, at))
            .collect()
    }

    fn some_sentences(
        words: u32,
        sentences: usize,
        len: usize,
    ) -> impl Strategy<Value = Sentences> {
        prop::collection::vec(prop::collection::vec(0..words, 0..len), 0..sentences)
    }

    proptest! {
        #[test]
        fn the_same_tokens_as_by_the_table(
            prediction in some_sentences(6, 5, 12), reference in some_sentences(5, 6, 40),
        ) {
            prop_assert_eq!(fast_hits(&prediction, &reference), simple_hits(&prediction, &reference));
        }

        #[test]
        fn sentences_over_word_ends(
            prediction in some_sentences(3, 3, 90), reference in some_sentences(3, 4, 200),
        ) {
            prop_assert_eq!(fast_hits(&prediction, &reference), simple_hits(&prediction, &reference));
        }
    }

    #[test]
    fn long_sentences_in_blocks() {
        let sentence = |seed: u32, len: u32| -> Vec<u32> {
            (0..len).map(|at| (at * at + seed * at) / 7 % 50).collect()
        };
        let (prediction, reference) = (
            vec![sentence(3, 6000)],
            vec![sentence(5, 3000), sentence(8, 77)],
        );
        assert!(6000 * 3077_usize.div_ceil(WORD) > KEPT_WORDS);
        assert_eq!(
            fast_hits(&prediction, &reference),
            simple_hits(&prediction, &reference)
        );
    }
}
