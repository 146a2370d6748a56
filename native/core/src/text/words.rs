//! Words as `str.split()` makes them, and as two reference implementations change them.

use super::python::{is_space, lower_into};
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
    let bytes = text.bytes();
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let mut word = None;
    for (at, c) in text.char_indices() {
        if is_space(c) {
            if let Some(start) = word.take() {
                found(start, at);
            }
        } else {
            word.get_or_insert(at);
        }
    }
    if let Some(start) = word {
        found(start, bytes.len());
    }
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
