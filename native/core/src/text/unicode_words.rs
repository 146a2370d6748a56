//! Words and characters of text in any script: Unicode's own boundaries (UAX #29) after NFKC, full case folding and NFKC
//! again. Tokens without a letter or a number are dropped.
//!
//! The three crates are pinned, because scores depend on their tables.

use unicase::UniCase;
use unicode_normalization::{UnicodeNormalization, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

use super::tokens::Tokens;

/// Unicode version of these tokenizers; [`super::UNICODE_VERSION`] is that of everything else.
pub const VERSION: &str = "17.0.0";

/// Letters that came with Unicode 18, which the tables of case folding know and the others do not.
const NEWER: [char; 5] = ['\u{a7dd}', '\u{a7e2}', '\u{ab6c}', '\u{ab6d}', '\u{1df95}'];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A word. Ideographs, and characters of scripts without spaces such as Thai, are words of their own.
    Word,
    /// A grapheme cluster: what a reader calls a character.
    Grapheme,
}

/// Tokenizes the text. Line ends stay in the normalised text.
pub fn tokenize(text: &str, unit: Unit, tokens: &mut Tokens) {
    let normalized = normalize(text);
    tokens.load(|buffer| buffer.extend_from_slice(normalized.as_bytes()));
    tokens.split(|_, starts, ends| {
        let mut push = |start: usize, token: &str| {
            starts.push(start as u32);
            ends.push((start + token.len()) as u32);
        };
        match unit {
            Unit::Word => normalized
                .unicode_word_indices()
                .for_each(|(start, word)| push(start, word)),
            Unit::Grapheme => normalized
                .grapheme_indices(true)
                .filter(|(_, cluster)| has_letter_or_number(cluster))
                .for_each(|(start, cluster)| push(start, cluster)),
        }
    });
    tokens.make_keys();
}

fn normalize(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    let composed: String = text.nfkc().collect();
    for piece in composed.split_inclusive(NEWER) {
        let known = piece.trim_end_matches(NEWER);
        folded.push_str(&UniCase::unicode(known).to_folded_case());
        folded.push_str(&piece[known.len()..]);
    }
    match is_nfkc_quick(folded.chars()) {
        unicode_normalization::IsNormalized::Yes => folded,
        _ => folded.nfkc().collect(),
    }
}

/// Asked of the tables that also filter words.
fn has_letter_or_number(cluster: &str) -> bool {
    match cluster.as_bytes() {
        [byte] => byte.is_ascii_alphanumeric(),
        _ => cluster.unicode_words().next().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str, unit: Unit) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokenize(text, unit, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    #[test]
    fn words_keep_what_is_within_them() {
        let words = |text| tokens(text, Unit::Word);
        assert_eq!(
            words("Don't pay \u{ff13}.50\u{20ac}, na\u{ef}ve Stra\u{df}e - STRASSE\u{1f600}"),
            ["don't", "pay", "3.50", "na\u{ef}ve", "strasse", "strasse"]
        );
        assert_eq!(
            words("\u{4eca}\u{5929}\u{5f88}\u{597d}\u{3002}"),
            ["\u{4eca}", "\u{5929}", "\u{5f88}", "\u{597d}"]
        );
        assert_eq!(
            words("\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}, A_b"),
            ["\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}", "a_b"]
        );
        assert_eq!(words(" ?! \n"), Vec::<String>::new());
    }

    #[test]
    fn graphemes_are_what_a_reader_sees() {
        let characters = |text| tokens(text, Unit::Grapheme);
        assert_eq!(
            characters("Cafe\u{301}, 9!"),
            ["c", "a", "f", "\u{e9}", "9"]
        );
        assert_eq!(
            characters("\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947} \u{1f1e9}\u{1f1ea}").len(),
            3
        );
    }

    #[test]
    fn versions_are_pinned() {
        assert_eq!(unicode_normalization::UNICODE_VERSION, (17, 0, 0));
        assert_eq!(unicode_segmentation::UNICODE_VERSION, (17, 0, 0));
        for newer in NEWER {
            assert_eq!(tokens(&format!("A{newer}B"), Unit::Word), ["a", "b"]);
        }
    }

    /// FNV-1a over the tokens of every code point between two letters, as rouge-score-rs 0.2.1 has them.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn tokens_of_every_code_point_are_those_of_the_reference() {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for first in (0..0x11_0000).step_by(0x400) {
            let codes = (first..first + 0x400).filter_map(char::from_u32);
            let text: String = codes.flat_map(|c| ['a', c, 'b', '\n']).collect();
            for unit in [Unit::Word, Unit::Grapheme] {
                for byte in tokens(&text, unit).join(" ").bytes() {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
        assert_eq!(hash, FNV_TOKENS);
    }

    const FNV_TOKENS: u64 = 0x711b_c2b2_a4fd_73c0;
}
