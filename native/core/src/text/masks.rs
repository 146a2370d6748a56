//! Which reference tokens each token of the prediction equals: one bit a reference token.
//!
//! The masks come from comparing the keys of all tokens with all keys, which has no branches to mispredict. Equal keys
//! are equal tokens but for hashes: those with a candidate are noted and compared by bytes afterwards.

use super::simd::{self, GROUP, Simd, Work};
use super::tokens::{HASHED, Tokens};

/// Bits of a mask word.
pub const WORD: usize = 64;

/// Longest reference, in words, whose masks are kept.
pub const MAX_WORDS: usize = 4;

/// Empty rows behind the last one, so that a window of rows never passes the end.
pub const EMPTY_ROWS: usize = 8;

/// One row of `words` mask words for each token of the prediction.
///
/// Its memory only grows: what lies behind the rows is left from earlier ones.
#[derive(Debug, Default)]
pub struct Masks {
    words: usize,
    len: usize,
    rows: Vec<u64>,
}

impl Masks {
    /// Words a row.
    pub fn words(&self) -> usize {
        self.words
    }

    /// All rows, [`EMPTY_ROWS`] included.
    pub fn rows(&self) -> &[u64] {
        &self.rows[..self.len]
    }

    /// Compares all tokens of the prediction with all tokens of the reference.
    pub fn load(&mut self, prediction: &Tokens, reference: &Tokens) {
        self.words = reference.len().div_ceil(WORD).max(1);
        let used = prediction.len() * self.words;
        self.len = used + EMPTY_ROWS * self.words;
        if self.rows.len() < self.len {
            self.rows.resize(self.len, 0);
        }
        simd::run(Compare {
            prediction,
            reference,
            masks: self,
        });
        let empty = &mut self.rows[used..self.len];
        match <&mut [u64; EMPTY_ROWS]>::try_from(&mut *empty) {
            Ok(of_one_word) => *of_one_word = [0; EMPTY_ROWS],
            Err(_) => empty.fill(0),
        }
    }
}

/// Fills the rows of masks, word by word of the reference.
struct Compare<'a> {
    prediction: &'a Tokens,
    reference: &'a Tokens,
    masks: &'a mut Masks,
}

/// Most groups of the prediction that are compared at once: their keys and masks stay in registers.
const AT_ONCE: usize = 5;

// The rows of the last group may pass the end of the prediction.
const _: () = assert!(EMPTY_ROWS >= GROUP - 1);

impl Work for Compare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let prediction = self.prediction.key_groups();
        for word in 0..self.masks.words {
            let keys = &self.reference.keys()[word * WORD..];
            let keys = &keys[..keys.len().min(WORD)];
            let mut first = 0;
            while let Some(groups) = prediction[first..].first_chunk() {
                self.compare::<S, AT_ONCE>(simd, groups, first * GROUP, word, keys);
                first += AT_ONCE;
            }
            match prediction[first..] {
                [a, b, c, d] => self.compare(simd, &[a, b, c, d], first * GROUP, word, keys),
                [a, b, c] => self.compare(simd, &[a, b, c], first * GROUP, word, keys),
                [a, b] => self.compare(simd, &[a, b], first * GROUP, word, keys),
                [a] => self.compare(simd, &[a], first * GROUP, word, keys),
                _ => {}
            }
        }
    }
}

impl Compare<'_> {
    /// Compares tokens from `first` on with one word of the reference.
    #[inline(always)]
    fn compare<S: Simd, const G: usize>(
        &mut self,
        simd: S,
        wanted: &[[u64; GROUP]; G],
        first: usize,
        word: usize,
        keys: &[u64],
    ) {
        let words = self.masks.words;
        let masks = simd.equal_keys(wanted, keys);
        let doubtful = simd.found_from(HASHED, wanted, &masks);
        let rows = &mut self.masks.rows[first * words..];
        if words == 1 {
            rows[..G * GROUP].copy_from_slice(masks.as_flattened());
        } else {
            for (row, mask) in rows.chunks_exact_mut(words).zip(masks.as_flattened()) {
                row[word] = *mask;
            }
        }
        let tokens = (self.prediction.len() - first).min(G * GROUP);
        let mut doubtful = doubtful & u64::MAX >> (WORD - tokens);
        while doubtful != 0 {
            let at = doubtful.trailing_zeros() as usize;
            doubtful &= doubtful - 1;
            let mask = &mut rows[at * words + word];
            *mask = verified(
                *mask,
                self.prediction,
                first + at,
                self.reference,
                word * WORD,
            );
        }
    }
}

/// The mask without the tokens that only share the hash. Equal tokens share it, so none is missed.
#[inline]
pub(super) fn verified(
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
