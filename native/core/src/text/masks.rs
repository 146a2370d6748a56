//! Which reference tokens each token of the prediction equals: one bit a reference token.
//!
//! The masks of a short pair come from comparing 8-bit prints of all tokens with all tokens, which has no
//! branches to mispredict; every candidate is then checked by its key and, where the key is a hash, by bytes.

use super::blocks::{gather, zeros};
use super::simd::equal_masks;
use super::tokens::{PRINTS, Tokens};

/// Bits of a mask word.
pub const WORD: usize = 64;

/// Longest reference, in words, whose masks are kept.
pub const MAX_WORDS: usize = 4;

/// Empty rows behind the last one, so that a window of rows never passes the end.
pub const EMPTY_ROWS: usize = 8;

/// One row of `words` mask words for each token of the prediction.
#[derive(Debug, Default)]
pub struct Masks {
    words: usize,
    rows: Vec<u64>,
}

impl Masks {
    /// Words a row.
    pub fn words(&self) -> usize {
        self.words
    }

    /// All rows, [`EMPTY_ROWS`] included.
    pub fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// Compares all tokens of the prediction with all tokens of the reference.
    pub fn load(&mut self, prediction: &Tokens, reference: &Tokens) {
        self.words = reference.len().div_ceil(WORD).max(1);
        self.rows.clear();
        match reference.len() {
            0 => self.rows.resize(prediction.len(), 0),
            1..=WORD => self.load_word(prediction, reference),
            _ => self.load_words(prediction, reference),
        }
        self.rows
            .resize((prediction.len() + EMPTY_ROWS) * self.words, 0);
    }

    /// A reference of one word.
    fn load_word(&mut self, prediction: &Tokens, reference: &Tokens) {
        let mut prints = [0; WORD];
        prints[..reference.len()].copy_from_slice(&reference.prints[..reference.len()]);
        equal_masks(
            &prints,
            &prediction.prints[..prediction.len()],
            &mut self.rows,
        );
        let keys = reference.keys.as_slice();
        let valid = u64::MAX >> (WORD - keys.len());
        for (at, (mask, &key)) in self.rows.iter_mut().zip(&prediction.keys).enumerate() {
            *mask &= valid;
            let first = mask.trailing_zeros() as usize % WORD;
            let wrong_key = keys.get(first).is_some_and(|&other| other != key);
            let doubtful = wrong_key | (*mask & mask.wrapping_sub(1) != 0) | Tokens::is_hash(key);
            if (*mask != 0) & doubtful {
                *mask = verified(*mask, prediction, at, reference, 0);
            }
        }
    }

    fn load_words(&mut self, prediction: &Tokens, reference: &Tokens) {
        let groups: &[[u8; PRINTS]] = reference.prints.as_chunks().0;
        for (at, &print) in prediction.prints[..prediction.len()].iter().enumerate() {
            for (word, groups) in groups.chunks(WORD / PRINTS).enumerate() {
                let mut mask = 0;
                for (place, group) in groups.iter().enumerate() {
                    mask |= equal_in_group(u64::from_le_bytes(*group), print) << (PRINTS * place);
                }
                let left = reference.len() - word * WORD;
                let mask = mask & (u64::MAX >> (WORD - left.min(WORD)));
                self.rows
                    .push(verified(mask, prediction, at, reference, word * WORD));
            }
        }
    }
}

/// One bit for each of eight prints that equals `print`.
#[inline]
const fn equal_in_group(group: u64, print: u8) -> u64 {
    gather(zeros(group ^ u64::from_le_bytes([print; PRINTS])) >> 7)
}

/// The mask without the tokens that only share the print. Equal tokens share it, so none is missed.
fn verified(
    mut mask: u64,
    prediction: &Tokens,
    at: usize,
    reference: &Tokens,
    first: usize,
) -> u64 {
    let mut left = mask;
    while left != 0 {
        let bit = left.trailing_zeros() as usize;
        left &= left - 1;
        if !prediction.same(at, reference, first + bit) {
            mask &= !(1 << bit);
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::rouge_words;

    fn tokens(words: impl Iterator<Item = String>) -> Tokens {
        let mut tokens = Tokens::default();
        rouge_words::tokenize(&words.collect::<Vec<_>>().join(" "), None, &mut tokens);
        tokens
    }

    #[test]
    fn masks_of_every_reference_length_are_exact() {
        let prediction = tokens((0..50).map(|number| format!("word{}", number % 20)));
        let mut masks = Masks::default();
        for len in 0..=MAX_WORDS * WORD {
            let reference = tokens((0..len).map(|number| format!("word{}", number % 23)));
            masks.load(&prediction, &reference);
            assert_eq!(masks.words(), len.div_ceil(WORD).max(1));
            assert_eq!(masks.rows().len(), (50 + EMPTY_ROWS) * masks.words());
            for at in 0..50 {
                for other in 0..masks.words() * WORD {
                    let word = masks.rows()[at * masks.words() + other / WORD];
                    let equal = other < len && prediction.bytes(at) == reference.bytes(other);
                    assert_eq!(word >> (other % WORD) & 1 == 1, equal, "{len} {at} {other}");
                }
            }
        }
    }
}
