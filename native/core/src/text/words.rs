//! Words as `str.split()` makes them, and as two reference implementations change them.

// Tests of bytes have no branches, so that they are compiled to vector code.
#![allow(clippy::needless_bitwise_bool)]

use super::blocks::BLOCK;
use super::python::{lower_into, wide_space_len};
use super::simd::{self, Simd, Work, byte_classes};
use super::tokens::{Text, Tokens};

/// The words between spaces become the tokens, as `str.split()` has them; `fill` appends the text.
pub fn split(tokens: &mut Tokens, fill: impl FnOnce(&mut Vec<u8>)) {
    tokens.load(fill);
    tokens.split(|text, starts, ends| {
        for_each_word(text, |start, end| push(start, end, starts, ends));
    });
    tokens.make_keys();
}

/// The words of chrF++: one ASCII punctuation mark at the end, else one at the beginning, is a word of its own.
pub fn split_one_edge(text: &str, tokens: &mut Tokens) {
    tokens.load(|buffer| buffer.extend_from_slice(text.as_bytes()));
    tokens.split(|text, starts, ends| {
        let bytes = text.bytes();
        for_each_word(text, |start, end| {
            // A word of one mark is whole; one character of several bytes has no ASCII mark in it.
            let edge = if end - start == 1 {
                end
            } else if bytes[end - 1].is_ascii_punctuation() {
                end - 1
            } else if bytes[start].is_ascii_punctuation() {
                start + 1
            } else {
                end
            };
            push(start, edge, starts, ends);
            if edge < end {
                push(edge, end, starts, ends);
            }
        });
    });
    tokens.make_keys();
}

/// The words of jiwer's default transform: two or more spaces of any kind and single U+0020 part words; any other
/// single space parts nothing, but is stripped at both ends of the text.
pub fn split_spoken(text: &str, lowercase: bool, tokens: &mut Tokens) {
    tokens.load(|buffer| {
        if lowercase {
            lower_into(text, buffer);
        } else {
            buffer.extend_from_slice(text.as_bytes());
        }
    });
    tokens.split(|text, starts, ends| {
        let mut open: Option<(usize, usize)> = None;
        for_each_word(text, |start, end| {
            if let Some((first, last)) = open {
                if is_glue(&text.bytes()[last..start]) {
                    open = Some((first, end));
                    return;
                }
                push(first, last, starts, ends);
            }
            open = Some((start, end));
        });
        if let Some((first, last)) = open {
            push(first, last, starts, ends);
        }
    });
    tokens.make_keys();
}

/// Whether what is between two words is one space that is not U+0020.
fn is_glue(between: &[u8]) -> bool {
    if between == b" " {
        return false;
    }
    let text = std::str::from_utf8(between).unwrap_or_default();
    let mut spaces = text.chars();
    spaces.next().is_some_and(|space| space != ' ') && spaces.next().is_none()
}

fn push(start: usize, end: usize, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
    starts.push(start as u32);
    ends.push(end as u32);
}

/// Calls `found` with the offsets of every run of characters that are no spaces.
pub fn for_each_word(text: Text<'_>, mut found: impl FnMut(usize, usize)) {
    let mut word = None;
    let (mut before, mut wide) = (1, 0);
    let text = text.bytes();
    for base in (0..text.len()).step_by(BLOCK) {
        let [ascii, leads] = simd::run(SpaceMasks(&text[base..]));
        let space = ascii | spaces_at(text, base, leads, &mut wide);
        // Words begin and end where a space is next to another character.
        let mut edges = space ^ (space << 1 | before);
        before = space >> (BLOCK - 1);
        while edges != 0 {
            let at = base + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            match word.take() {
                Some(start) => found(start, at),
                None => word = Some(at),
            }
        }
    }
    if let Some(start) = word {
        found(start, text.len());
    }
}

/// Bit 0: an ASCII space. Bit 1: the first byte of a character that may be another one.
#[inline]
const fn class_of(byte: u8) -> u8 {
    let space = (byte == b' ') | (byte.wrapping_sub(b'\t') <= 4) | (byte.wrapping_sub(0x1c) <= 3);
    let lead = (byte == 0xc2) | (byte.wrapping_sub(0xe1) <= 2);
    (space as u8) | (lead as u8) << 1
}

byte_classes!(Bytes, class_of);

/// The masks of the classes for the block with which the bytes begin.
struct SpaceMasks<'t>(&'t [u8]);

impl Work for SpaceMasks<'_> {
    type Output = [u64; 2];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [u64; 2] {
        simd.class_masks::<Bytes, 2>(&simd.block(self.0))
    }
}

/// The bytes of the spaces that begin at `leads`; `rest` are those that reach into the next block.
#[inline]
fn spaces_at(text: &[u8], base: usize, mut leads: u64, rest: &mut u64) -> u64 {
    let mut spaces = std::mem::take(rest);
    while leads != 0 {
        let at = leads.trailing_zeros();
        leads &= leads - 1;
        let bits = (1_u128 << wide_space_len(text, base + at as usize)) - 1;
        spaces |= (bits << at) as u64;
        *rest |= (bits << at >> BLOCK) as u64;
    }
    spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(split: impl FnOnce(&str, &mut Tokens), text: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        split(text, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    fn plain(text: &str, tokens: &mut Tokens) {
        split(tokens, |buffer| buffer.extend_from_slice(text.as_bytes()));
    }

    fn spoken(text: &str, tokens: &mut Tokens) {
        split_spoken(text, false, tokens);
    }

    #[test]
    fn spaces_are_pythons() {
        assert_eq!(
            words(plain, " a\u{1c}b\u{a0}c\u{3000}d\r\n"),
            ["a", "b", "c", "d"]
        );
        assert!(words(plain, "").is_empty());
        assert!(words(plain, " \t").is_empty());
    }

    #[test]
    fn spaces_are_found_across_blocks() {
        for len in 60..70 {
            let word = "x".repeat(len);
            for space in [" ", "\u{a0}", "\u{3000}", "\u{2003} "] {
                assert_eq!(
                    words(plain, &format!("{word}{space}y")),
                    [word.as_str(), "y"]
                );
                assert_eq!(words(plain, &format!("{word}{space}")), [word.as_str()]);
            }
            let other = "\u{e9}".repeat(len);
            assert_eq!(
                words(plain, &format!("{other} \u{2014}")),
                [other.as_str(), "\u{2014}"]
            );
        }
    }

    /// The note in sacrebleu's `_remove_punctuation`: `(hi)` becomes `(hi` and `)`.
    #[test]
    fn one_mark_is_split_off() {
        assert_eq!(
            words(
                split_one_edge,
                "(hi) .x x. . ?! \u{e9}, \u{201c}a\u{201d} \u{732b}"
            ),
            [
                "(hi",
                ")",
                ".",
                "x",
                "x",
                ".",
                ".",
                "?",
                "!",
                "\u{e9}",
                ",",
                "\u{201c}a\u{201d}",
                "\u{732b}"
            ]
        );
    }

    #[test]
    fn single_spaces_of_other_kinds_are_part_of_spoken_words() {
        assert_eq!(words(spoken, "a\tb c\u{a0}\td"), ["a\tb", "c", "d"]);
        assert_eq!(words(spoken, "\ta\u{3000}b\tc\n"), ["a\u{3000}b\tc"]);
        assert_eq!(words(spoken, "a  b \r\n c"), ["a", "b", "c"]);
        assert!(words(spoken, " \n").is_empty());
    }
}
