//! Which reference tokens each token of the prediction equals: one bit a reference token.
//!
//! The masks of a short pair come from comparing 16-bit prints of all tokens with all tokens, which has no
//! branches to mispredict; every candidate is then checked by its key and, where the key is a hash, by bytes.

use super::blocks::gather;
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
        self.rows.clear();
        match reference.len() {
            0 => self.rows.resize(prediction.len(), 0),
            1..=32 => self.load_word::<32>(prediction, reference),
            33..=64 => self.load_word::<64>(prediction, reference),
            _ => self.load_words(prediction, reference),
        }
        self.rows
            .resize((prediction.len() + EMPTY_ROWS) * self.words, 0);
    }

    fn load_word<const SIZE: usize>(&mut self, prediction: &Tokens, reference: &Tokens) {
        let Some(prints) = reference.prints.first_chunk::<SIZE>() else {
            return;
        };
        let keys = reference.keys.as_slice();
        let valid = u64::MAX >> (WORD - keys.len().clamp(1, WORD));
        let tokens = prediction.prints.iter().zip(&prediction.keys);
        self.rows
            .extend(tokens.enumerate().map(|(at, (&print, &key))| {
                let mask = equal_prints(prints, print) & valid;
                let first = mask.trailing_zeros() as usize % WORD;
                let wrong_key = keys.get(first).is_some_and(|&other| other != key);
                let doubtful =
                    wrong_key | (mask & mask.wrapping_sub(1) != 0) | Tokens::is_hash(key);
                if (mask != 0) & doubtful {
                    verified(mask, prediction, at, reference, 0)
                } else {
                    mask
                }
            }));
    }

    fn load_words(&mut self, prediction: &Tokens, reference: &Tokens) {
        let (halves, _) = reference.prints.as_chunks::<32>();
        for (at, &print) in prediction.prints[..prediction.len()].iter().enumerate() {
            for (word, pair) in halves.chunks(2).enumerate() {
                let mut mask = equal_prints(&pair[0], print);
                if let Some(high) = pair.get(1) {
                    mask |= equal_prints(high, print) << 32;
                }
                let left = reference.len() - word * WORD;
                let mask = mask & (u64::MAX >> (WORD - left.min(WORD)));
                self.rows
                    .push(verified(mask, prediction, at, reference, word * WORD));
            }
        }
    }
}

/// One bit for each print that equals `print`; at most 64 prints.
#[inline]
fn equal_prints<const SIZE: usize>(prints: &[u16; SIZE], print: u16) -> u64 {
    let mut flags = [0; SIZE];
    for (flag, other) in flags.iter_mut().zip(prints) {
        *flag = u8::from(*other == print);
    }
    let (eights, _) = flags.as_chunks::<8>();
    let mut bits = 0;
    for (at, eight) in eights.iter().enumerate() {
        bits |= gather(u64::from_le_bytes(*eight)) << (8 * at);
    }
    bits
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
