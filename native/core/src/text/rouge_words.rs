//! The tokenizer of rouge-score 0.1.2 (tokenize.py): runs of `[a-z0-9]` of the lower-cased text, stemmed on demand.

// Tests of bytes have no branches, so that they are compiled to vector code.
#![allow(clippy::needless_bitwise_bool)]

use super::blocks::BLOCK;
use super::python::is_alphanumeric;
use super::simd::{self, Simd, Work, byte_classes};
use super::stems::Stems;
use super::tokens::{Splitter, Tokens};

/// Tokenizes the text; true if letters or digits were dropped because they are not ASCII.
pub fn tokenize(text: &str, stems: Option<&mut Stems>, tokens: &mut Tokens) -> bool {
    let found = simd::run(Tokenize { text, tokens });
    if found.rare {
        let mut copy = Vec::with_capacity(text.len());
        lower_ascii(text, &mut copy);
        // What is not ASCII does not matter any more.
        let copy = String::from_utf8(copy).unwrap_or_default();
        let text = &copy;
        simd::run(Tokenize { text, tokens });
    }
    if let Some(stems) = stems {
        tokens.shorten(|text, start, end, key| stems.apply(text, start, end, key));
    }
    found.dropped
}

/// Two characters outside ASCII become ASCII in lower case: the Kelvin sign, and the dotted capital I, whose dot
/// then ends the word.
fn lower_ascii(text: &str, buffer: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.find(['\u{130}', '\u{212a}']) {
        buffer.extend(rest[..at].bytes().map(|byte| byte.to_ascii_lowercase()));
        if rest[at..].starts_with('\u{212a}') {
            buffer.push(b'k');
            rest = &rest[at + '\u{212a}'.len_utf8()..];
        } else {
            buffer.extend_from_slice(b"i ");
            rest = &rest[at + '\u{130}'.len_utf8()..];
        }
    }
    buffer.extend(rest.bytes().map(|byte| byte.to_ascii_lowercase()));
}

/// What a text has that is not ASCII.
struct Found {
    /// A letter or digit that is no part of a word.
    dropped: bool,
    /// A character that becomes ASCII in lower case.
    rare: bool,
}

/// Tokenizes a text, but for characters that become ASCII in lower case.
struct Tokenize<'a> {
    text: &'a str,
    tokens: &'a mut Tokens,
}

impl Work for Tokenize<'_> {
    type Output = Found;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Found {
        let text = self.text;
        let mut finder = Finder {
            text,
            word: 0,
            found: Found {
                dropped: false,
                rare: false,
            },
        };
        self.tokens.split_blocks(simd, text.as_bytes(), &mut finder);
        // Letters and digits are no NUL.
        self.tokens.make_plain_keys(simd);
        finder.found
    }
}

/// Finds words.
struct Finder<'a> {
    text: &'a str,
    /// 1 if the last byte of the last block is of a word.
    word: u64,
    found: Found,
}

impl Splitter for Finder<'_> {
    #[inline(always)]
    fn split<S: Simd>(&mut self, simd: S, base: usize, block: &mut [u8; BLOCK]) -> (u64, u64) {
        let [word, leads] = simd.class_masks::<Bytes, 2>(block);
        *block = block.map(|byte| byte.to_ascii_lowercase());
        if leads != 0 {
            self.look_at(base, leads);
        }
        let before = word << 1 | self.word;
        self.word = word >> 63;
        (word & !before, !word & before)
    }
}

impl Finder<'_> {
    /// Looks at the characters outside ASCII that begin in a block.
    fn look_at(&mut self, base: usize, mut leads: u64) {
        while leads != 0 {
            let at = base + leads.trailing_zeros() as usize;
            leads &= leads - 1;
            match self.text[at..].chars().next() {
                Some('\u{130}' | '\u{212a}') => self.found.rare = true,
                Some(c) => self.found.dropped |= !self.found.dropped && is_dropped(c),
                None => {}
            }
        }
    }
}

/// Whether a character outside ASCII is a letter or digit. Most others are punctuation of one block.
fn is_dropped(c: char) -> bool {
    !matches!(c, '\u{2000}'..='\u{206f}') && is_alphanumeric(c)
}

/// Bits of the class of a byte, in the order in which [`Finder`] reads them.
const WORD: u32 = 0;
/// The first byte of a character outside ASCII.
const LEAD: u32 = 1;

#[inline]
const fn class_of(byte: u8) -> u8 {
    let letter = (byte | 0x20).wrapping_sub(b'a') <= b'z' - b'a';
    let word = letter | (byte.wrapping_sub(b'0') <= 9);
    (word as u8) << WORD | ((byte >= 0xc0) as u8) << LEAD
}

byte_classes!(Bytes, class_of);

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, stems: Option<&mut Stems>) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokenize(text, stems, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    #[test]
    fn two_letters_become_ascii() {
        assert_eq!(
            words("\u{212a}elvin x\u{130}stanbul", None),
            ["kelvin", "xi", "stanbul"]
        );
        assert_eq!(
            words("na\u{ef}ve Caf\u{e9} A_B-9", None),
            ["na", "ve", "caf", "a", "b", "9"]
        );
    }

    #[test]
    fn no_letter_is_in_the_block_of_punctuation() {
        assert!(!('\u{2000}'..='\u{206f}').any(is_alphanumeric));
    }

    #[test]
    fn words_at_block_ends_are_whole() {
        for len in 60..70 {
            let word = "x".repeat(len);
            assert_eq!(words(&word, None), [word.as_str()]);
            assert_eq!(words(&format!("{word} y"), None), [word.as_str(), "y"]);
        }
    }

    #[test]
    fn short_words_are_not_stemmed() {
        let mut stems = Stems::default();
        assert_eq!(
            words("goes cats Cat internationalization", Some(&mut stems)).len(),
            4
        );
        assert_eq!(
            words("sky was internationalization", Some(&mut stems)),
            ["sky", "was", "internation"]
        );
    }
}
