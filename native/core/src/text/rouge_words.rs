//! The tokenizer of rouge-score 0.1.2 (tokenize.py): runs of `[a-z0-9]` of the lower-cased text, stemmed on demand.

use super::blocks::{Classes, push_positions};
use super::python::is_alphanumeric;
use super::stems::Stems;
use super::tokens::{Text, Tokens, key_of};

/// Words up to this many bytes are not stemmed.
const UNSTEMMED: usize = 3;

/// Tokenizes the text; true if letters or digits were dropped because they are not ASCII.
pub fn tokenize(text: &str, stems: Option<&mut Stems>, tokens: &mut Tokens) -> bool {
    let is_ascii = text.is_ascii();
    tokens.load(|buffer| {
        if is_ascii {
            buffer.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        } else {
            lower_ascii(text, buffer);
        }
    });
    tokens.split(find_words);
    match stems {
        Some(stems) => {
            tokens.make_keys_of(|text, start, end| stem_or_keep(stems, text, start, end));
        }
        None => tokens.make_keys(),
    }
    !is_ascii && text.chars().any(is_dropped)
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

fn is_dropped(c: char) -> bool {
    !c.is_ascii() && !matches!(c, '\u{130}' | '\u{212a}') && is_alphanumeric(c)
}

fn find_words(text: Text<'_>, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
    let mut previous = 0;
    for (base, block) in text.blocks() {
        let [word] = Classes::of(block, is_word).masks();
        let before = word << 1 | previous;
        push_positions(word & !before, base as u32, starts);
        push_positions(!word & before, base as u32, ends);
        previous = word >> 63;
    }
}

/// 1 for letters and digits of lower-cased ASCII.
#[inline]
fn is_word(byte: u8) -> u8 {
    u8::from(byte.wrapping_sub(b'a') <= b'z' - b'a') | u8::from(byte.wrapping_sub(b'0') <= 9)
}

/// No stem is empty: every rule of Porter leaves a letter.
fn stem_or_keep(stems: &mut Stems, text: &mut [u8], start: usize, end: usize) -> (usize, u64) {
    if end - start > UNSTEMMED {
        stems.apply(text, start, end)
    } else {
        (end, key_of(text, start, end))
    }
}

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
