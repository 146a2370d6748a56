//! The tokenizer `intl` of `mteval-v14.pl`, as sacrebleu 2.6.0 has it (`tokenizer_intl.py`): splits at punctuation and
//! symbols of all scripts.
//!
//! It knows characters by the tables of the `regex` package, which are of a newer Unicode than those of Python's
//! strings: see [`super::unicode18`].

use std::sync::LazyLock;

use super::marks::{Ascii, Class, split};
use super::python::{is_space, lower_into};
use super::tokens::Tokens;
use super::unicode18::{NUMBER, PUNCTUATION, SYMBOL};

/// The versions of Unicode of lower case and spaces, and of punctuation and symbols.
pub const UNICODE: &str = "14.0.0+18.0.0";

/// Tokenizes the text into `tokens`.
pub fn tokenize(text: &str, lowercase: bool, tokens: &mut Tokens) {
    // Without the spaces at its end, a text's last mark may have nothing behind it, and then it stays at its number.
    let text = text.trim_end_matches(is_space);
    tokens.load(|buffer| {
        if lowercase {
            lower_into(text, buffer);
        } else {
            buffer.extend_from_slice(text.as_bytes());
        }
    });
    let Tables { ascii, plane } = &*CLASSES;
    let wide = |c| class_of(c, plane);
    tokens.split(|text, starts, ends| split(text, ascii, wide, starts, ends));
    tokens.make_keys();
}

/// Code points of the basic plane.
const PLANE: usize = 0x1_0000;

/// The classes of the basic plane, so that a common character costs one load.
struct Tables {
    ascii: Ascii,
    plane: Box<[Class]>,
}

static CLASSES: LazyLock<Tables> = LazyLock::new(|| {
    let classes = (0..PLANE as u32).map(|code| match char::from_u32(code) {
        Some(c) if is_space(c) => Class::Space,
        _ => search(code),
    });
    let plane: Box<[Class]> = classes.collect();
    Tables {
        ascii: *plane.first_chunk().unwrap_or(&[Class::Letter; 128]),
        plane,
    }
});

const TABLES: [(&[(u32, u32)], Class); 3] = [
    (NUMBER, Class::Digit),
    (PUNCTUATION, Class::Mark),
    (SYMBOL, Class::Symbol),
];

#[inline]
fn class_of(c: char, plane: &[Class]) -> Class {
    let code = u32::from(c);
    plane
        .get(code as usize)
        .copied()
        .unwrap_or_else(|| search(code))
}

/// The class of a character that is no space.
fn search(code: u32) -> Class {
    let holds = |table: &[(u32, u32)]| {
        let after = table.partition_point(|&(low, _)| low <= code);
        after > 0 && code <= table[after - 1].1
    };
    let found = TABLES.iter().find(|(table, _)| holds(table));
    found.map_or(Class::Letter, |(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::marks::words_of;

    fn words(text: &str) -> Vec<String> {
        words_of(|tokens| tokenize(text, false, tokens))
    }

    #[test]
    fn both_versions_are_named() {
        let both = [
            crate::text::UNICODE_VERSION,
            crate::text::unicode18::VERSION,
        ];
        assert_eq!(UNICODE, both.join("+"));
    }

    #[test]
    fn marks_between_digits_stay() {
        assert_eq!(
            words("1.5 2,000a x.y \u{663}\u{66b}\u{664}"),
            ["1.5", "2,000a", "x", ".", "y", "\u{663}\u{66b}\u{664}"]
        );
    }

    /// The error that mteval-v14 is kept with: nothing is behind the last mark.
    #[test]
    fn a_mark_behind_a_number_at_the_end_stays() {
        assert_eq!(words("in 2009."), ["in", "2009."]);
        assert_eq!(words("in 2009. \u{3000}\n"), ["in", "2009."]);
        assert_eq!(words("in 2009. So"), ["in", "2009", ".", "So"]);
        assert_eq!(words(".5 x.5"), [".5", "x", ".", "5"]);
    }

    #[test]
    fn of_a_run_of_marks_every_other_one_is_taken() {
        assert_eq!(words("a..5"), ["a", ".", ".5"]);
        assert_eq!(words("a...5"), ["a", ".", ".", ".", "5"]);
        assert_eq!(words("..."), [".", ".", "."]);
        assert_eq!(words("1..."), ["1", ".", ".", "."]);
    }

    #[test]
    fn symbols_and_marks_of_all_scripts_split() {
        assert_eq!(
            words("5\u{20ac}+a\u{2019}s"),
            ["5", "\u{20ac}", "+", "a", "\u{2019}", "s"]
        );
        assert_eq!(
            words("\u{4f60}\u{597d}\u{3002}\u{1f600}x"),
            ["\u{4f60}\u{597d}", "\u{3002}", "\u{1f600}", "x"]
        );
        // Assigned in Unicode 18.0.
        assert_eq!(words("a\u{20c2}b"), ["a", "\u{20c2}", "b"]);
    }

    #[test]
    fn spaces_are_those_of_python() {
        assert_eq!(words("a\u{1c}b\u{85}c\u{200b}d"), ["a", "b", "c\u{200b}d"]);
        assert!(words("\u{3000}").is_empty());
    }

    /// The expected number is that of regex 2026.11.15: FNV-1a of one letter (N, P, S, or - for others) a code point.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn classes_equal_regex_for_every_code_point() {
        let letters = ('\0'..=char::MAX).map(|c| match class_of(c, &CLASSES.plane) {
            Class::Digit => b'N',
            Class::Mark => b'P',
            Class::Symbol => b'S',
            Class::Letter | Class::Space | Class::Hyphen => b'-',
        });
        let hash = letters.fold(0xcbf2_9ce4_8422_2325_u64, |hash, letter| {
            (hash ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3)
        });
        assert_eq!(hash, FNV_CLASSES);
    }

    const FNV_CLASSES: u64 = 0x6d62_c85c_7a0a_a1a6;
}
