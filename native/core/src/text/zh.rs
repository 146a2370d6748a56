//! The tokenizer `zh` of sacrebleu 2.6.0 (`tokenizer_zh.py`): Chinese characters stand alone, the rest is split at ASCII
//! symbols and marks like `13a`, but without its markup, entities, joining of lines, and spaces around the text.

use super::marks::{Ascii, Class, split};
use super::python::{is_space, lower_into};
use super::tokens::Tokens;

/// Tokenizes the text into `tokens`.
pub fn tokenize(text: &str, lowercase: bool, tokens: &mut Tokens) {
    let text = text.trim_matches(is_space);
    tokens.load(|buffer| {
        if lowercase {
            lower_into(text, buffer);
        } else {
            buffer.extend_from_slice(text.as_bytes());
        }
    });
    tokens.split(|text, starts, ends| split(text, &ASCII, wide_class, starts, ends));
    tokens.make_keys();
}

const ASCII: Ascii = {
    let mut classes = [Class::Letter; 128];
    let mut at = 0;
    while at < classes.len() {
        classes[at] = match at as u8 {
            b'0'..=b'9' => Class::Digit,
            b'.' | b',' => Class::Mark,
            b'-' => Class::Hyphen,
            byte if is_space(byte as char) => Class::Space,
            byte if byte.is_ascii_punctuation() && byte != b'\'' => Class::Symbol,
            _ => Class::Letter,
        };
        at += 1;
    }
    classes
};

fn wide_class(c: char) -> Class {
    if is_space(c) {
        Class::Space
    } else if is_chinese(c) {
        Class::Symbol
    } else {
        Class::Letter
    }
}

/// The ranges of sacrebleu as they work, not as they read. It writes supplementary characters as `'\u20000'`, which in
/// Python is U+2000 and a zero, and compares strings: that "extension B" is U+2001 to U+2A6D, so arrows, mathematics and
/// typographic punctuation stand alone, and real characters of extension B do not.
const fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{2001}'..='\u{2a6d}'
        | '\u{2e80}'..='\u{2eff}'
        | '\u{2f00}'..='\u{2fdf}'
        | '\u{2ff0}'..='\u{303f}'
        | '\u{3100}'..='\u{312f}'
        | '\u{31a0}'..='\u{31bf}'
        | '\u{31c0}'..='\u{31ef}'
        | '\u{3200}'..='\u{33ff}'
        | '\u{3400}'..='\u{4db5}'
        | '\u{4e00}'..='\u{9fbb}'
        | '\u{f900}'..='\u{fa2d}'
        | '\u{fa30}'..='\u{fa6a}'
        | '\u{fa70}'..='\u{fad9}'
        | '\u{fe10}'..='\u{fe1f}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::marks::words_of;

    fn words(text: &str) -> Vec<String> {
        words_of(|tokens| tokenize(text, false, tokens))
    }

    #[test]
    fn chinese_characters_stand_alone() {
        assert_eq!(
            words("\u{6211}\u{7231}NLP\u{3002}ok"),
            ["\u{6211}", "\u{7231}", "NLP", "\u{3002}", "ok"]
        );
        assert_eq!(
            words("a\u{2192}b\u{30ab}\u{30ca}"),
            ["a", "\u{2192}", "b\u{30ab}\u{30ca}"]
        );
        assert_eq!(words("x\u{20000}y"), ["x\u{20000}y"]);
    }

    #[test]
    fn the_edges_of_the_text_are_no_spaces() {
        assert_eq!(words(" .5 1. "), [".5", "1."]);
        assert_eq!(
            words("1. x 2-3 -4 don't"),
            ["1", ".", "x", "2", "-", "3", "-4", "don't"]
        );
        assert_eq!(words("5.\u{6211}"), ["5", ".", "\u{6211}"]);
    }

    #[test]
    fn entities_and_lines_stay() {
        assert_eq!(words("&lt;a-\nb"), ["&", "lt", ";", "a-", "b"]);
    }

    /// The expected number is sacrebleu's: how many code points `_is_chinese_char` accepts.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn as_many_characters_are_chinese_as_in_sacrebleu() {
        assert_eq!(
            ('\0'..=char::MAX).filter(|c| is_chinese(*c)).count(),
            32_002
        );
    }
}
