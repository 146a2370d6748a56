//! Tokenizers that know no language: words between spaces, characters, and tokens that the caller gives.

use super::marks::{Ascii, Class, split};
use super::python::{is_space, lower_into};
use super::tokens::Tokens;

/// Words between spaces, as `str.split()` of Python: sacrebleu's tokenizer `none`.
pub fn words(text: &str, lowercase: bool, tokens: &mut Tokens) {
    const ASCII: Ascii = ascii_of(Class::Letter);
    tokenize(text, lowercase, tokens, Class::Letter, &ASCII);
}

/// Characters (code points) that are no spaces: sacrebleu's tokenizer `char`.
pub fn characters(text: &str, lowercase: bool, tokens: &mut Tokens) {
    const ASCII: Ascii = ascii_of(Class::Symbol);
    tokenize(text, lowercase, tokens, Class::Symbol, &ASCII);
}

const fn ascii_of(other: Class) -> Ascii {
    let mut classes = [other; 128];
    let mut at = 0;
    while at < classes.len() {
        if is_space(at as u8 as char) {
            classes[at] = Class::Space;
        }
        at += 1;
    }
    classes
}

fn tokenize(text: &str, lowercase: bool, tokens: &mut Tokens, other: Class, ascii: &Ascii) {
    tokens.load(|buffer| {
        if lowercase {
            lower_into(text, buffer);
        } else {
            buffer.extend_from_slice(text.as_bytes());
        }
    });
    let wide = |c| if is_space(c) { Class::Space } else { other };
    tokens.split(|text, starts, ends| split(text, ascii, wide, starts, ends));
    tokens.make_keys();
}

/// Ends every given token in the buffer, and is the empty token: no UTF-8 text has this byte.
const END: u8 = 0xc0;

/// Tokens that the caller gives, whatever is in them.
pub fn given(list: &[&str], lowercase: bool, tokens: &mut Tokens) {
    tokens.load(|buffer| {
        for token in list {
            if lowercase {
                lower_into(token, buffer);
            } else {
                buffer.extend_from_slice(token.as_bytes());
            }
            buffer.push(END);
        }
    });
    tokens.split(|text, starts, ends| {
        let mut start = 0;
        for (at, _) in text
            .bytes()
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == END)
        {
            starts.push(start as u32);
            ends.push(at.max(start + 1) as u32);
            start = at + 1;
        }
    });
    tokens.make_keys();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::marks::words_of;

    #[test]
    fn words_are_between_pythons_spaces() {
        assert_eq!(
            words_of(|tokens| words(" a,b\u{1f}c\u{a0}\u{3000}d\u{200b} ", false, tokens)),
            ["a,b", "c", "d\u{200b}"]
        );
        assert_eq!(
            words_of(|tokens| words("\u{130}A", true, tokens)),
            ["i\u{307}a"]
        );
        assert!(words_of(|tokens| words("\u{2028}", false, tokens)).is_empty());
    }

    #[test]
    fn characters_are_code_points() {
        let text = " ab\t\u{1c}\u{1f469}\u{200d}e\u{301}";
        assert_eq!(
            words_of(|tokens| characters(text, false, tokens)),
            ["a", "b", "\u{1f469}", "\u{200d}", "e", "\u{301}"]
        );
    }

    #[test]
    fn given_tokens_are_taken_as_they_are() {
        let list = ["", "A b", "\n", "", "\u{3a3}", "\0", "\u{10ffff}"];
        let lower = [
            "\u{fffd}",
            "a b",
            "\n",
            "\u{fffd}",
            "\u{3c3}",
            "\0",
            "\u{10ffff}",
        ];
        assert_eq!(words_of(|tokens| given(&list, true, tokens)), lower);
        assert!(words_of(|tokens| given(&[], true, tokens)).is_empty());
    }

    #[test]
    fn the_empty_token_equals_itself_alone() {
        let mut tokens = Tokens::default();
        given(&["", "", "a", "\u{fffd}"], false, &mut tokens);
        assert!(tokens.same(0, &tokens, 1));
        assert!(!tokens.same(0, &tokens, 2) && !tokens.same(0, &tokens, 3));
    }
}
