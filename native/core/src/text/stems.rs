//! Stems that a thread has already made: stemming costs far more than looking a word up.

use std::cell::Cell;

use super::porter;
use super::tokens::{Tokens, head_and_tail, key_of};

const SHORT_SLOTS: usize = 1 << 14;
const LONG_SLOTS: usize = 1 << 13;
/// Longest word that is kept; longer ones are stemmed each time.
const LONG_LEN: usize = 16;
/// Words up to this many bytes are their own stems.
const UNSTEMMED: usize = 3;

/// Stems by word. Its tables are made on first use and kept by the thread for the next one.
#[derive(Debug, Default)]
pub struct Stems {
    tables: Option<Tables>,
}

thread_local! {
    static KEPT: Cell<Option<Tables>> = const { Cell::new(None) };
}

impl Drop for Stems {
    fn drop(&mut self) {
        if let Some(tables) = self.tables.take() {
            // A thread that ends keeps nothing.
            let _ = KEPT.try_with(|kept| kept.set(Some(tables)));
        }
    }
}

/// Direct-mapped caches of fixed size.
#[derive(Debug)]
struct Tables {
    /// Words of up to 8 bytes: key of the word, key of its stem. Key 0 is an empty slot.
    short: Vec<(u64, u64)>,
    long: Vec<LongStem>,
}

/// A word of 9 to 16 bytes and its stem, which only its end tells from the word.
#[derive(Debug, Default, Clone, Copy)]
struct LongStem {
    /// The first and the last 8 bytes.
    word: (u64, u64),
    word_len: u32,
    stem_len: u32,
    stem_key: u64,
    /// The last 8 bytes, if it has as many.
    stem_tail: [u8; 8],
}

impl Tables {
    fn of_thread() -> Self {
        let kept = KEPT.try_with(Cell::take).ok().flatten();
        kept.unwrap_or_else(|| Self {
            short: vec![(0, 0); SHORT_SLOTS],
            long: vec![LongStem::default(); LONG_SLOTS],
        })
    }
}

impl Stems {
    /// Replaces the word between the offsets, which has this key, by its stem; returns the stem's end and key. Stems of
    /// up to 8 bytes are in the key alone, the text stays as it is.
    #[inline]
    pub fn apply(&mut self, text: &mut [u8], start: usize, end: usize, key: u64) -> (usize, u64) {
        let tables = self.tables.get_or_insert_with(Tables::of_thread);
        if !Tokens::is_hash(key) {
            let slot = &mut tables.short[slot_of(key, SHORT_SLOTS)];
            if slot.0 != key {
                *slot = (key, stem_of_short(text, start, end, key));
            }
            (start + (8 - slot.1.leading_zeros() as usize / 8), slot.1)
        } else if end - start <= LONG_LEN {
            let slot = &mut tables.long[slot_of(key, LONG_SLOTS)];
            let word = head_and_tail(text, start, end);
            if slot.word != word || slot.word_len as usize != end - start {
                return stem_of_long(text, start, end, slot);
            }
            let stem_end = start + slot.stem_len as usize;
            if Tokens::is_hash(slot.stem_key) {
                text[stem_end - 8..stem_end].copy_from_slice(&slot.stem_tail);
            }
            (stem_end, slot.stem_key)
        } else {
            stem_in_place(text, start, end)
        }
    }
}

fn slot_of(key: u64, slots: usize) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % slots
}

#[cold]
fn stem_of_short(text: &[u8], start: usize, end: usize, key: u64) -> u64 {
    if end - start <= UNSTEMMED {
        return key;
    }
    let mut word = [0; 16];
    word[..end - start].copy_from_slice(&text[start..end]);
    let len = porter::stem(&mut word[..end - start]);
    key_of(&word, 0, len)
}

#[cold]
fn stem_of_long(text: &mut [u8], start: usize, end: usize, slot: &mut LongStem) -> (usize, u64) {
    let mut word = [0; LONG_LEN];
    word[..end - start].copy_from_slice(&text[start..end]);
    let parts = head_and_tail(text, start, end);
    let (stem_end, stem_key) = stem_in_place(text, start, end);
    let stem = &text[start..stem_end];
    let before = stem.len().saturating_sub(8);
    if stem[..before] == word[..before] {
        *slot = LongStem {
            word: parts,
            word_len: (end - start) as u32,
            stem_len: stem.len() as u32,
            stem_key,
            stem_tail: stem.last_chunk().copied().unwrap_or_default(),
        };
    }
    (stem_end, stem_key)
}

/// No stem is empty: every rule of Porter leaves a letter.
#[cold]
fn stem_in_place(text: &mut [u8], start: usize, end: usize) -> (usize, u64) {
    let stem_end = start + porter::stem(&mut text[start..end]);
    (stem_end, key_of(text, start, stem_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_words_are_their_own_stems() {
        for word in ["sky", "was", "a", "its", "die"] {
            let mut text = format!("{word}         ").into_bytes();
            let key = key_of(&text, 0, word.len());
            let found = Stems::default().apply(&mut text, 0, word.len(), key);
            assert_eq!(found, (word.len(), key));
        }
    }

    /// More words than slots, so that words drive each other out; each is asked for twice.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn cached_stems_equal_stems() {
        let mut stems = Stems::default();
        for round in 0..2 {
            for number in 0..60_000 {
                let word = format!(
                    "{}{number}ations",
                    ["", "a", "words", "averylongwordthatisnotkept"][number % 4]
                );
                let mut text = word.clone().into_bytes();
                let end = text.len();
                let mut expected = text.clone();
                let len = porter::stem(&mut expected);
                text.extend_from_slice(&[b' '; 8]);
                expected.truncate(len);
                expected.extend_from_slice(&[b' '; 8]);
                let key = key_of(&text, 0, end);
                let (stem_end, key) = stems.apply(&mut text, 0, end, key);
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
