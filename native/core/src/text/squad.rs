//! The normalisation of the `SQuAD` v1.1 evaluation script: lower case, no ASCII punctuation, no articles, words
//! split as `str.split()` does.

use super::python::{is_alphanumeric, is_space, lower_into};
use super::tokens::{Text, Tokens};
use super::words::for_each_word;

/// Normalises the text; its words become the tokens.
pub fn tokenize(text: &str, tokens: &mut Tokens) {
    let mut is_plain = true;
    tokens.load(|buffer| {
        is_plain = load_plain(text.as_bytes(), buffer);
        if !is_plain {
            buffer.clear();
            lower_into(text, buffer);
            buffer.retain(|byte| !byte.is_ascii_punctuation());
        }
    });
    tokens.split(|text, starts, ends| {
        if !is_plain {
            return find_words(text, is_article, starts, ends);
        }
        // Words are runs of letters and digits here.
        for_each_word(text, |start, end| {
            if !is_article(&text.bytes()[start..end]) {
                starts.push(start as u32);
                ends.push(end as u32);
            }
        });
    });
    tokens.make_keys();
}

/// Marks bytes that are dropped.
const DROPPED: u8 = 0;

/// Marks bytes that are no ASCII letter, digit, space or punctuation.
const OTHER: u8 = 1;

/// What becomes of each byte.
const PLAIN: [u8; 256] = {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        if c.is_ascii_alphanumeric() {
            table[byte] = c.to_ascii_lowercase();
        } else if c.is_ascii_punctuation() {
            table[byte] = DROPPED;
        } else if is_space(c as char) {
            table[byte] = b' ';
        }
        byte += 1;
    }
    table
};

/// Normalises a text of ASCII letters, digits, spaces and punctuation; whether it is one.
fn load_plain(text: &[u8], buffer: &mut Vec<u8>) -> bool {
    buffer.resize(text.len(), DROPPED);
    let (mut len, mut is_plain) = (0, true);
    for byte in text {
        let byte = PLAIN[usize::from(*byte)];
        buffer[len] = byte;
        len += usize::from(byte != DROPPED);
        is_plain &= byte != OTHER;
    }
    buffer.truncate(len);
    is_plain
}

/// What a character does.
enum Kind {
    Space,
    /// `\w`; every normaliser that knows articles drops or replaces the underscore with the punctuation.
    Letter,
    Other,
}

fn kind_of(c: char) -> Kind {
    if is_space(c) {
        Kind::Space
    } else if is_alphanumeric(c) {
        Kind::Letter
    } else {
        Kind::Other
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
    let text = std::str::from_utf8(bytes).unwrap_or_default();
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
    fn spaces_and_punctuation_are_pythons() {
        assert_eq!(words("x\u{1c}y\u{a0}z\u{3000}w"), ["x", "y", "z", "w"]);
        assert_eq!(words("a-b _ c.d!"), ["ab", "cd"]);
        assert!(words("... the").is_empty());
        assert_eq!(words("The\x1fa\tB.C. AN \x0bT-he"), ["bc"]);
        // A control character ends a run of letters, and no word.
        assert_eq!(words("a\x01b the\x7f"), ["\x01b", "\x7f"]);
    }
}
