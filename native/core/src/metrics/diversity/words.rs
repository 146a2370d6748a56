//! The words of texts whose variety is measured.

use crate::text::mteval13a;
use crate::text::python::wide_space_len;
use crate::text::tokens::{Text, Tokens};

/// How texts are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokenizer {
    /// mteval-v13a, as BLEU.
    Mteval13a,
    /// Between spaces, as Python's `str.split()`.
    Spaces,
}

impl Tokenizer {
    /// The tokenizer of a parameter's word.
    pub fn named(name: &str) -> Self {
        if name == "13a" {
            Self::Mteval13a
        } else {
            Self::Spaces
        }
    }

    /// Splits a text.
    pub fn tokenize(self, text: &str, tokens: &mut Tokens) {
        match self {
            Self::Mteval13a => mteval13a::tokenize(text, false, tokens),
            Self::Spaces => {
                tokens.load(|buffer| buffer.extend_from_slice(text.as_bytes()));
                tokens.split(between_spaces);
                tokens.make_keys();
            }
        }
    }
}

fn between_spaces(text: Text<'_>, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
    let bytes = text.bytes();
    let (mut at, mut inside) = (0, false);
    while at < bytes.len() {
        let space = match bytes[at] {
            b'\t'..=b'\r' | 0x1c..=b' ' => 1,
            byte if byte.is_ascii() => 0,
            _ => wide_space_len(bytes, at),
        };
        if (space == 0) != inside {
            inside = !inside;
            if inside { &mut *starts } else { &mut *ends }.push(at as u32);
        }
        at += space.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        Tokenizer::Spaces.tokenize(text, &mut tokens);
        let word = |at| String::from_utf8_lossy(tokens.bytes(at)).into_owned();
        (0..tokens.len()).map(word).collect()
    }

    #[test]
    fn words_are_between_spaces() {
        assert!(words("").is_empty());
        assert!(words(" \u{1c}\u{3000}\r\n").is_empty());
        assert_eq!(words("a"), ["a"]);
        assert_eq!(
            words(" a\u{1f}b\u{a0}c\u{85}\u{2009}é\u{200b}d. "),
            ["a", "b", "c", "é\u{200b}d."]
        );
        let long = format!("{}\u{3000}{}", "x".repeat(70), "y".repeat(70));
        assert_eq!(words(&long), ["x".repeat(70), "y".repeat(70)]);
    }
}
