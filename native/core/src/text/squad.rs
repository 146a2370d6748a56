//! The normalisation of the `SQuAD` v1.1 evaluation script: lower case, no ASCII punctuation, no articles, words
//! split as `str.split()` does.

// Tests of bytes have no branches, so that they are compiled to vector code.
#![allow(clippy::needless_bitwise_bool)]

use super::blocks::BLOCK;
use super::python::{is_alphanumeric, is_space, lower_into};
use super::simd::{self, Simd, Work, byte_classes, quick_text};
use super::tokens::{Splitter, Text, Tokens};

/// Normalises the text; its words become the tokens.
pub fn tokenize(text: &str, tokens: &mut Tokens) {
    let bytes = text.as_bytes();
    match simd::run(&mut Tokenize { bytes, tokens }) {
        Found::Words => {}
        Found::InnerMarks => tokenize_joined(bytes, tokens),
        Found::Others => tokenize_any(text, tokens),
    }
}

/// Normalises a text of ASCII whose punctuation is dropped first.
#[inline(never)]
fn tokenize_joined(text: &[u8], tokens: &mut Tokens) {
    let mut words = tokens.take_spare();
    words.extend(text.iter().filter(|byte| !byte.is_ascii_punctuation()));
    let bytes = &words;
    simd::run(&mut Tokenize { bytes, tokens });
    tokens.put_spare(words);
}

/// Normalises a text of any characters.
#[inline(never)]
fn tokenize_any(text: &str, tokens: &mut Tokens) {
    tokens.load(|buffer| {
        lower_into(text, buffer);
        let mut kept = 0;
        for at in 0..buffer.len() {
            let byte = buffer[at];
            buffer[kept] = byte;
            kept += usize::from(!byte.is_ascii_punctuation());
        }
        buffer.truncate(kept);
    });
    tokens.split(|text, starts, ends| find_words(text, is_article, starts, ends));
    tokens.make_keys();
}

/// Whether a text's words are its runs of letters and digits.
enum Found {
    /// They are.
    Words,
    /// Dropped punctuation has letters or digits on both sides, which become one word.
    InnerMarks,
    /// There are characters other than ASCII letters, digits, punctuation and spaces.
    Others,
}

/// Tokenizes a text; the tokens are right if there are only words.
struct Tokenize<'a> {
    bytes: &'a [u8],
    tokens: &'a mut Tokens,
}

impl Work for &mut Tokenize<'_> {
    type Output = Found;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Found {
        let mut finder = Finder::default();
        self.tokens.split_blocks(simd, self.bytes, &mut finder);
        if finder.others != 0 {
            return Found::Others;
        }
        if finder.inner != 0 {
            return Found::InnerMarks;
        }
        // Letters and digits are no NUL.
        self.tokens.make_plain_keys_of(simd, is_no_article);
        Found::Words
    }
}

/// Whether the key of a word is no English article's.
#[inline(always)]
fn is_no_article(key: u64) -> bool {
    const A: u64 = u64::from_le_bytes(*b"a\0\0\0\0\0\0\0");
    const AN: u64 = u64::from_le_bytes(*b"an\0\0\0\0\0\0");
    const THE: u64 = u64::from_le_bytes(*b"the\0\0\0\0\0");
    (key != A) & (key != AN) & (key != THE)
}

/// Finds runs of ASCII letters and digits.
#[derive(Default)]
struct Finder {
    /// 1 if the last byte of the last block is of a word.
    word: u64,
    /// 1 if the last block ends in marks behind a word.
    marked: u64,
    /// Not 0 if marks are between letters or digits.
    inner: u64,
    /// Not 0 if there are other characters.
    others: u64,
}

impl Splitter for Finder {
    #[inline(always)]
    fn split<S: Simd>(&mut self, simd: S, _base: usize, block: &mut [u8; BLOCK]) -> (u64, u64) {
        let [word, mark, other] = simd.class_masks::<Bytes, 3>(block);
        *block = block.map(|byte| byte.to_ascii_lowercase());
        self.others |= other;
        let before = word << 1 | self.word;
        // The sum carries a bit through every run of marks that begins behind a word, to what is behind the run.
        let (behind, runs_on) = mark.overflowing_add(mark & (before | self.marked));
        self.inner |= word & (behind | self.marked);
        self.marked = u64::from(runs_on);
        self.word = word >> 63;
        (word & !before, !word & before)
    }
}

/// Bits of the class of a byte, in the order in which [`Finder`] reads them.
const WORD: u32 = 0;
/// ASCII punctuation.
const MARK: u32 = 1;
/// No ASCII letter, digit, punctuation or space.
const OTHER: u32 = 2;

#[inline]
const fn class_of(byte: u8) -> u8 {
    let letter = (byte | 0x20).wrapping_sub(b'a') <= b'z' - b'a';
    let word = letter | (byte.wrapping_sub(b'0') <= 9);
    let space = (byte.wrapping_sub(b'\t') <= 4) | (byte.wrapping_sub(0x1c) <= 4);
    let mark = (byte.wrapping_sub(b'!') <= b'~' - b'!') & !word;
    let other = !(word | mark | space);
    (word as u8) << WORD | (mark as u8) << MARK | (other as u8) << OTHER
}

byte_classes!(Bytes, class_of);

/// What a character does.
#[derive(Clone, Copy)]
enum Kind {
    Space,
    /// `\w`; every normaliser that knows articles drops or replaces the underscore with the punctuation.
    Letter,
    Other,
}

/// The kinds of ASCII.
const ASCII: [Kind; 128] = {
    let mut kinds = [Kind::Other; 128];
    let mut at = 0;
    while at < kinds.len() {
        if is_space(at as u8 as char) {
            kinds[at] = Kind::Space;
        } else if (at as u8).is_ascii_alphanumeric() {
            kinds[at] = Kind::Letter;
        }
        at += 1;
    }
    kinds
};

#[inline]
fn kind_of(c: char) -> Kind {
    match ASCII.get(c as usize) {
        Some(kind) => *kind,
        None if is_space(c) => Kind::Space,
        None if is_alphanumeric(c) => Kind::Letter,
        None => Kind::Other,
    }
}

/// Finds words. `\b(a|an|the)\b` matches exactly the runs of letters and digits that are an article; such a run
/// becomes a space, even between other characters.
pub(super) fn find_words(
    text: Text<'_>,
    is_article: impl Fn(&[u8]) -> bool,
    starts: &mut Vec<u32>,
    ends: &mut Vec<u32>,
) {
    let bytes = text.bytes();
    let text = quick_text(bytes).unwrap_or_else(|| std::str::from_utf8(bytes).unwrap_or_default());
    // Offsets where the word and the run of letters began.
    let (mut word, mut run) = (None, None);
    for (at, c) in text.char_indices().chain([(bytes.len(), ' ')]) {
        let kind = kind_of(c);
        if matches!(kind, Kind::Letter) {
            run.get_or_insert(at);
            word.get_or_insert(at);
            continue;
        }
        let article = run.take().filter(|&first| is_article(&bytes[first..at]));
        if article.is_some() || matches!(kind, Kind::Space) {
            let end = article.unwrap_or(at);
            if let Some(first) = word.take().filter(|&first| first < end) {
                starts.push(first as u32);
                ends.push(end as u32);
            }
        }
        if matches!(kind, Kind::Other) {
            word.get_or_insert(at);
        }
    }
}

/// Whether a run of letters and digits is an English article.
pub(super) fn is_article(run: &[u8]) -> bool {
    matches!(run, b"a" | b"an" | b"the")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    #[test]
    fn articles_are_whole_words() {
        assert_eq!(words("The cat, an apple & a the"), ["cat", "apple"]);
        assert_eq!(words("theatre a1 banana"), ["theatre", "a1", "banana"]);
        // The article goes before U+2019, which is no punctuation here.
        assert_eq!(words("x\u{2019}a y"), ["x\u{2019}", "y"]);
        assert_eq!(words("a\u{301} \u{e9}a"), ["\u{301}", "\u{e9}a"]);
    }

    #[test]
    fn marks_within_words_join_them_across_blocks() {
        for len in 58..70 {
            let word = "x".repeat(len);
            for marks in [1, 2, 6, 63, 64, 65, 130] {
                let marks = "-".repeat(marks);
                let joined = format!("{word}y");
                assert_eq!(words(&format!("{word}{marks}Y")), [joined.as_str()]);
                assert_eq!(words(&format!("{marks}{word}{marks} the")), [word.as_str()]);
                assert_eq!(words(&format!("{word} {marks}Y")), [word.as_str(), "y"]);
                assert_eq!(words(&format!("{word}{marks} Y")), [word.as_str(), "y"]);
            }
        }
    }

    /// Every byte does in a text of ASCII what it does beside a character outside ASCII.
    #[test]
    fn both_ways_to_find_words_agree() {
        for byte in 0..128_u8 {
            for pattern in [
                "#", "The#a an", "x#y", "a# #the#", "ab##", "##b", "#\u{1f}#",
            ] {
                let text = pattern.replace('#', &char::from(byte).to_string());
                let (mut tokens, mut others) = (Tokens::default(), Tokens::default());
                tokenize(&text, &mut tokens);
                tokenize_any(&text, &mut others);
                assert_eq!(tokens.keys(), others.keys(), "{text:?}");
                for at in 0..tokens.len() {
                    assert_eq!(tokens.bytes(at), others.bytes(at), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn spaces_and_punctuation_are_pythons() {
        assert_eq!(words("x\u{1c}y\u{a0}z\u{3000}w"), ["x", "y", "z", "w"]);
        assert_eq!(words("a-b _ c.d!"), ["ab", "cd"]);
        assert!(words("... the").is_empty());
        assert_eq!(words("The\x1fa\tB.C. AN \x0bT-he"), ["bc"]);
        // A control character ends a run of letters, and no word.
        assert_eq!(words("a\x01b the\x7f"), ["\x01b", "\x7f"]);
    }
}
