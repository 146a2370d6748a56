//! Stems that a thread has already made: stemming costs far more than looking a word up.

use super::porter;
use super::tokens::{Tokens, key_of};

const SHORT_SLOTS: usize = 1 << 13;
const LONG_SLOTS: usize = 1 << 12;
/// Longest word that is kept; longer ones are stemmed each time.
const LONG_LEN: usize = 24;

/// A direct-mapped cache of stems; made on first use.
#[derive(Debug, Default)]
pub struct Stems {
    /// Words of up to 8 bytes: key of the word, key of its stem. Key 0 is an empty slot.
    short: Vec<(u64, u64)>,
    long: Vec<LongStem>,
}

/// A word of 9 to 24 bytes and its stem.
#[derive(Debug, Default, Clone, Copy)]
struct LongStem {
    word: [u8; LONG_LEN],
    stem: [u8; LONG_LEN],
    word_len: u8,
    stem_len: u8,
    stem_key: u64,
}

impl Stems {
    /// Replaces the word between the offsets by its stem; returns the stem's end and key.
    pub fn apply(&mut self, text: &mut [u8], start: usize, end: usize) -> (usize, u64) {
        if self.short.is_empty() {
            self.short.resize(SHORT_SLOTS, (0, 0));
            self.long.resize(LONG_SLOTS, LongStem::default());
        }
        let key = key_of(text, start, end);
        if !Tokens::is_hash(key) {
            self.apply_short(text, start, end, key)
        } else if end - start <= LONG_LEN {
            self.apply_long(text, start, end, key)
        } else {
            stem_in_place(text, start, end)
        }
    }

    fn apply_short(&mut self, text: &mut [u8], start: usize, end: usize, key: u64) -> (usize, u64) {
        let slot = &mut self.short[slot_of(key, SHORT_SLOTS)];
        if slot.0 != key {
            *slot = (key, stem_in_place(text, start, end).1);
        }
        // The key holds all bytes of the stem, so nobody looks at the text.
        (start + (8 - slot.1.leading_zeros() as usize / 8), slot.1)
    }

    fn apply_long(&mut self, text: &mut [u8], start: usize, end: usize, key: u64) -> (usize, u64) {
        let slot = &mut self.long[slot_of(key, LONG_SLOTS)];
        if slot.word[..usize::from(slot.word_len)] != text[start..end] {
            slot.word_len = (end - start) as u8;
            slot.word[..end - start].copy_from_slice(&text[start..end]);
            let (stem_end, stem_key) = stem_in_place(text, start, end);
            slot.stem_len = (stem_end - start) as u8;
            slot.stem[..stem_end - start].copy_from_slice(&text[start..stem_end]);
            slot.stem_key = stem_key;
        }
        let stem_end = start + usize::from(slot.stem_len);
        text[start..stem_end].copy_from_slice(&slot.stem[..usize::from(slot.stem_len)]);
        (stem_end, slot.stem_key)
    }
}

fn slot_of(key: u64, slots: usize) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % slots
}

fn stem_in_place(text: &mut [u8], start: usize, end: usize) -> (usize, u64) {
    let len = porter::stem(&mut text[start..end]);
    let stem_end = start + len;
    (
        stem_end,
        if len == 0 {
            0
        } else {
            key_of(text, start, stem_end)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More words than slots, so that words drive each other out; each is asked for twice.
    #[test]
    fn cached_stems_equal_stems() {
        let mut stems = Stems::default();
        for round in 0..2 {
            for number in 0..30_000 {
                let word = format!(
                    "{}{number}ations",
                    ["", "a", "wordsof", "averylongwordthatisnotkept"][number % 4]
                );
                let mut text = word.clone().into_bytes();
                let end = text.len();
                let mut expected = text.clone();
                let len = porter::stem(&mut expected);
                text.extend_from_slice(&[b' '; 8]);
                expected.truncate(len);
                expected.extend_from_slice(&[b' '; 8]);
                let (stem_end, key) = stems.apply(&mut text, 0, end);
                assert_eq!(
                    (stem_end, key),
                    (len, key_of(&expected, 0, len)),
                    "{word} {round}"
                );
                if Tokens::is_hash(key) {
                    assert_eq!(text[..stem_end], expected[..len]);
                }
            }
        }
    }
}
