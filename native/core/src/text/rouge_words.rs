//! The tokenizer of rouge-score 0.1.2 (tokenize.py): runs of `[a-z0-9]` of the lower-cased text, stemmed on demand.

use super::blocks::{mask, push_positions};
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
        let word = mask(block, |byte| {
            (byte.wrapping_sub(b'a') <= b'z' - b'a') | (byte.wrapping_sub(b'0') <= 9)
        });
        let before = word << 1 | previous;
        push_positions(word & !before, base as u32, starts);
        push_positions(!word & before, base as u32, ends);
        previous = word >> 63;
    }
}

/// No stem is empty: every rule of Porter leaves a letter.
fn stem_or_keep(stems: &mut Stems, text: &mut [u8], start: usize, end: usize) -> (usize, u64) {
    if end - start > UNSTEMMED {
        stems.apply(text, start, end)
    } else {
        (end, key_of(text, start, end))
    }
}
