//! Which reference tokens each token of the prediction equals: one bit a reference token.
//!
//! The masks come from comparing the keys of all tokens with all keys, which has no branches to mispredict. Equal keys
//! are equal tokens but for hashes: those with a candidate are noted and compared by bytes afterwards.

use super::simd::{self, GROUP, Simd, Work};
use super::tokens::Tokens;

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
        let used = prediction.len() * self.words;
        self.rows.resize(used + EMPTY_ROWS * self.words, 0);
        self.rows[used..].fill(0);
        simd::run(Compare {
            prediction,
            reference,
            masks: self,
        });
    }
}

/// Fills the rows of masks, word by word of the reference.
struct Compare<'a> {
    prediction: &'a Tokens,
    reference: &'a Tokens,
    masks: &'a mut Masks,
}

impl Work for Compare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        for word in 0..self.masks.words {
            let keys = &self.reference.keys[word * WORD..];
            let keys = &keys[..keys.len().min(WORD)];
            match keys.len().div_ceil(GROUP) {
                0..=4 => self.compare::<S, 4>(simd, word, keys),
                _ => self.compare::<S, 8>(simd, word, keys),
            }
        }
    }
}

impl Compare<'_> {
    /// Compares all tokens with one word of the reference, G groups of keys.
    #[inline(always)]
    fn compare<S: Simd, const G: usize>(&mut self, simd: S, word: usize, keys: &[u64]) {
        let mut groups = [[0; GROUP]; G];
        groups.as_flattened_mut()[..keys.len()].copy_from_slice(keys);
        let valid = !(u64::MAX.checked_shl(keys.len() as u32).unwrap_or(0));
        let words = self.masks.words;
        let wanted = self.prediction.keys.chunks(WORD);
        for (chunk, (wanted, rows)) in wanted
            .zip(self.masks.rows.chunks_mut(WORD * words))
            .enumerate()
        {
            let mut doubtful = 0;
            for (at, (&key, row)) in wanted.iter().zip(rows.chunks_exact_mut(words)).enumerate() {
                let mask = simd.equal_keys(key, &groups) & valid;
                row[word] = mask;
                doubtful |= u64::from((mask != 0) & Tokens::is_hash(key)) << at;
            }
            while doubtful != 0 {
                let at = doubtful.trailing_zeros() as usize;
                doubtful &= doubtful - 1;
                let mask = &mut rows[at * words + word];
                let at = chunk * WORD + at;
                *mask = verified(*mask, self.prediction, at, self.reference, word * WORD);
            }
        }
    }
}

/// The mask without the tokens that only share the hash. Equal tokens share it, so none is missed.
#[inline]
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
        // Miri is slow.
        let step = if cfg!(miri) { 97 } else { 1 };
        for len in (0..=MAX_WORDS * WORD).step_by(step) {
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
