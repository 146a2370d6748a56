//! The tokenizer `13a` of `mteval-v13a.pl`, as sacrebleu 2.6.0 has it (`tokenizer_13a.py`, `tokenizer_re.py`).
//!
//! The four substitutions only ever insert spaces, so tokens are slices of the text. For the byte at a
//! position, with `2` for the period or comma that the second pattern consumed:
//! - symbols of the first pattern stand alone;
//! - a period or comma is `2` unless a digit or a `2` comes before it; it stands alone if it is `2` or no
//!   digit comes after it, and else belongs to the number;
//! - a hyphen stands alone after a digit.

// Tests of bytes have no branches, so that they are compiled to vector code.
#![allow(clippy::needless_bitwise_bool)]

use super::blocks::BLOCK;
use super::python::{lower_into, wide_space_len};
use super::simd::{self, Simd, Work, byte_classes};
use super::tokens::{Splitter, Tokens};

/// Tokenizes the text into `tokens`.
pub fn tokenize(text: &str, lowercase: bool, tokens: &mut Tokens) {
    let whole = text.as_bytes();
    if lowercase
        || !simd::run(Tokenize {
            text: whole,
            tokens,
        })
    {
        tokenize_changed(text, lowercase, tokens);
    }
}

/// Changes a copy of the text and tokenizes that.
#[cold]
fn tokenize_changed(text: &str, lowercase: bool, tokens: &mut Tokens) {
    let mut copy = tokens.take_spare();
    if lowercase {
        lower_into(text, &mut copy);
    } else {
        copy.extend_from_slice(text.as_bytes());
    }
    if !lowercase
        || !simd::run(Tokenize {
            text: &copy,
            tokens,
        })
    {
        unmark(&mut copy);
        // Marks that are left are symbols.
        simd::run(Tokenize {
            text: &copy,
            tokens,
        });
    }
    tokens.put_spare(copy);
}

/// What may begin something that [`unmark`] replaces.
const MARKED: [u8; 3] = *b"&<\n";

/// The language-independent part: markup, line ends and entities, in the order of the reference.
fn unmark(text: &mut Vec<u8>) {
    trim_end(text);
    replace(text, b"<skipped>", b"");
    replace(text, b"-\n", b"");
    replace(text, b"\n", b" ");
    if text.contains(&b'&') {
        replace(text, b"&quot;", b"\"");
        replace(text, b"&amp;", b"&");
        replace(text, b"&lt;", b"<");
        replace(text, b"&gt;", b">");
    }
}

/// Python's `rstrip()`: without it, a hyphen before the last line end would be lost.
fn trim_end(text: &mut Vec<u8>) {
    loop {
        let len = text.len();
        let is_ascii_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ');
        let space = if text.last().is_some_and(is_ascii_space) {
            1
        } else if len >= 2 && wide_space_len(text, len - 2) == 2 {
            2
        } else if len >= 3 && wide_space_len(text, len - 3) == 3 {
            3
        } else {
            return;
        };
        text.truncate(len - space);
    }
}

/// Replaces all occurrences, left to right, in place; `to` is not longer than `from`.
pub fn replace(text: &mut Vec<u8>, from: &[u8], to: &[u8]) {
    let (mut read, mut write) = (0, 0);
    while let Some(before) = find(&text[read..], from) {
        text.copy_within(read..read + before, write);
        read += before + from.len();
        write += before;
        text[write..write + to.len()].copy_from_slice(to);
        write += to.len();
    }
    if write < read {
        text.copy_within(read.., write);
        text.truncate(text.len() - (read - write));
    }
}

/// How many bytes are before the first occurrence.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|byte| *byte == wanted[0])?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
}

/// Tokenizes a text as it is; false if [`unmark`] might change it.
struct Tokenize<'a> {
    text: &'a [u8],
    tokens: &'a mut Tokens,
}

impl Work for Tokenize<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> bool {
        let mut finder = Finder {
            text: self.text,
            edge: 1,
            space: 1,
            digit: 0,
            dot: 0,
            second: 0,
            wide: 0,
            marked: 0,
            nul: 0,
        };
        self.tokens.split_blocks(simd, self.text, &mut finder);
        if finder.nul == 0 {
            self.tokens.make_plain_keys(simd);
        } else {
            self.tokens.make_keys();
        }
        finder.marked == 0
    }
}

/// Finds tokens; most of it is what the end of a block hands to the next one, 0 or 1 but `wide`.
struct Finder<'a> {
    text: &'a [u8],
    /// The last byte was a space or stood alone: a token may start.
    edge: u64,
    space: u64,
    digit: u64,
    dot: u64,
    /// The last byte was a `2`.
    second: u64,
    /// Bytes of a non-ASCII space that reach into the next block.
    wide: u64,
    /// Not zero if there was a byte of [`MARKED`].
    marked: u64,
    /// Not zero if there was a NUL.
    nul: u64,
}

/// Bits of the class of a byte, in the order in which [`Finder`] reads them.
const SPACE: u32 = 0;
const DIGIT: u32 = 1;
const DOT: u32 = 2;
const HYPHEN: u32 = 3;
const SYMBOL: u32 = 4;
/// The first byte of a character that may be a non-ASCII space.
const WIDE: u32 = 5;
/// See [`MARKED`].
const MARK: u32 = 6;
const NUL: u32 = 7;

#[inline]
const fn class_of(byte: u8) -> u8 {
    let space = (byte == b' ') | (byte.wrapping_sub(b'\t') <= 4) | (byte.wrapping_sub(0x1c) <= 3);
    let dot = (byte == b'.') | (byte == b',');
    let wide = (byte == 0xc2) | (byte.wrapping_sub(0xe1) <= 2);
    let mark = (byte == MARKED[0]) | (byte == MARKED[1]) | (byte == MARKED[2]);
    (space as u8) << SPACE
        | (byte.is_ascii_digit() as u8) << DIGIT
        | (dot as u8) << DOT
        | ((byte == b'-') as u8) << HYPHEN
        | (is_symbol(byte) as u8) << SYMBOL
        | (wide as u8) << WIDE
        | (mark as u8) << MARK
        | ((byte == 0) as u8) << NUL
}

byte_classes!(Bytes, class_of);

impl Splitter for Finder<'_> {
    #[inline(always)]
    fn split<S: Simd>(&mut self, simd: S, base: usize, block: &mut [u8; BLOCK]) -> (u64, u64) {
        let [space, digit, dot, hyphen, symbol, wide, marked, nul] =
            simd.class_masks::<Bytes, 8>(block);
        self.marked |= marked;
        self.nul |= nul;
        let space = self.spaces(base, space, wide);
        let next = self.text.get(base + BLOCK).copied().unwrap_or(b' ');
        let after_digit = digit << 1 | self.digit;
        let before_digit = digit >> 1 | u64::from(next.is_ascii_digit()) << 63;
        let second = if dot & (dot << 1 | self.dot) == 0 {
            dot & !after_digit
        } else {
            seconds_of_runs(dot, after_digit, self.second)
        };
        let hyphen = hyphen & after_digit;
        let alone = symbol & !space | hyphen | second | dot & !before_digit;
        let start = !space & (alone | alone << 1 | space << 1 | self.edge);
        let end = (space | start) & !(space << 1 | self.space);
        self.edge = (alone | space) >> 63;
        self.space = space >> 63;
        self.digit = digit >> 63;
        self.dot = dot >> 63;
        self.second = second >> 63;
        (start, end)
    }
}

impl Finder<'_> {
    /// Spaces of the block: the ASCII ones, and those that begin at `leads`, which take all their bytes.
    #[inline(always)]
    fn spaces(&mut self, base: usize, ascii: u64, mut leads: u64) -> u64 {
        let mut space = ascii | self.wide;
        self.wide = 0;
        while leads != 0 {
            let at = leads.trailing_zeros();
            leads &= leads - 1;
            let len = wide_space_len(self.text, base + at as usize);
            let bits = u128::from((1_u64 << len) - 1) << at;
            space |= bits as u64;
            self.wide |= (bits >> 64) as u64;
        }
        space
    }
}

/// The first pattern: ASCII symbols but the apostrophe, comma, hyphen and period. Spaces are in it too; the caller
/// removes them.
#[inline]
pub const fn is_symbol(byte: u8) -> bool {
    (byte.wrapping_sub(b' ') <= b'&' - b' ')
        | (byte.wrapping_sub(b'(') <= b'+' - b'(')
        | (byte == b'/')
        | (byte.wrapping_sub(b':') <= b'@' - b':')
        | (byte.wrapping_sub(b'[') <= b'`' - b'[')
        | (byte.wrapping_sub(b'{') <= b'~' - b'{')
}

/// The second pattern in runs of periods and commas: every other one, as matches do not overlap.
#[cold]
fn seconds_of_runs(dot: u64, after_digit: u64, mut previous: u64) -> u64 {
    let mut second = 0;
    for at in 0..BLOCK {
        previous = (dot & !after_digit) >> at & 1 & !previous;
        second |= previous << at;
    }
    second
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokenize(text, false, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    #[test]
    fn numbers_keep_their_points() {
        assert_eq!(
            words("1.5 2,000. a.b 3-4"),
            ["1.5", "2,000", ".", "a", ".", "b", "3", "-", "4"]
        );
    }

    /// Matches of a pattern do not overlap: every other point of a run is split by the second pattern.
    #[test]
    fn runs_of_points_before_a_digit() {
        assert_eq!(
            words("a..5 b...5 1..5"),
            ["a", ".", ".5", "b", ".", ".", ".", "5", "1", ".", ".", "5"]
        );
    }

    #[test]
    fn runs_of_points_across_blocks() {
        // Miri is slow.
        let step = if cfg!(miri) { 21 } else { 1 };
        for len in (1..140).step_by(step) {
            let all = words(&format!("{}5", ".".repeat(len)));
            assert_eq!(
                all.last().map(String::as_str),
                Some(if len % 2 == 0 { ".5" } else { "5" }),
                "{len}"
            );
        }
    }

    #[test]
    fn entities_are_read_in_the_order_of_the_reference() {
        assert_eq!(words("&amp;lt; &amp;quot;"), ["<", "&", "quot", ";"]);
        assert_eq!(words("word-\nbreak <skipped>-\n"), ["wordbreak", "-"]);
    }

    #[test]
    fn wide_spaces_across_blocks() {
        for len in 60..66 {
            let word = "x".repeat(len);
            assert_eq!(words(&format!("{word}\u{3000}y")), [word.as_str(), "y"]);
        }
    }
}
