//! The words of a text as ROUGE-1.5.5 takes them: length limits, runs of ASCII letters and digits, stop words, stems.

use std::collections::HashSet;

use super::rouge_words;
use super::rouge155_stems::{Exceptions, append_stem};
use super::tokens::{Text, Tokens};

/// Letters whose lower case is ASCII for Python, and so for rouge-score, but not for the script.
const BECOME_ASCII: [char; 2] = ['\u{130}', '\u{212a}'];

/// How much of each text counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limit {
    /// All of it.
    #[default]
    None,
    /// This many words, option `-l`. They are split at white space, before punctuation is dropped.
    Words(usize),
    /// This many bytes, option `-b`. Line ends do not count.
    Bytes(usize),
}

/// The script reads every text twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All lines as one, for n-grams, skip-bigrams and the number of words.
    Whole,
    /// Line by line, for subsequences. Here the script forgets to add up the bytes of the lines, so a byte limit lets all
    /// lines pass up to the first that is as long as the limit.
    Lines,
}

/// What becomes of words.
#[derive(Debug, Clone, Default)]
pub struct WordRules {
    /// Words that are dropped.
    pub stop_words: HashSet<Box<[u8]>>,
    /// Irregular forms for the stemmer; without them words stay as they are.
    pub stems: Option<Exceptions>,
}

impl WordRules {
    /// Tokenizes what counts of a text; the normalised text keeps the ends of lines. True if the limit cut it.
    pub fn tokenize(
        &self,
        text: &str,
        limit: Limit,
        reading: Reading,
        tokens: &mut Tokens,
    ) -> bool {
        let counts = limit.cut(text, reading);
        let is_cut = counts.len() < text.len();
        let is_plain = self.stop_words.is_empty() && self.stems.is_none() && !is_cut;
        if is_plain && !text.contains(BECOME_ASCII) {
            rouge_words::tokenize(text, None, tokens);
        } else {
            tokens.load(|buffer| self.normalize(counts, buffer));
            tokens.split(find_words);
            tokens.make_keys();
        }
        is_cut
    }

    /// Appends the words that stay, with a space behind each and a newline behind those of a line.
    fn normalize(&self, text: &[u8], buffer: &mut Vec<u8>) {
        let mut word = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            for run in line.split(|byte| !byte.is_ascii_alphanumeric()) {
                word.clear();
                word.extend(run.iter().map(u8::to_ascii_lowercase));
                if !word.is_empty() && !self.stop_words.contains(word.as_slice()) {
                    self.append(&word, buffer);
                    buffer.push(b' ');
                }
            }
            buffer.push(b'\n');
        }
    }

    fn append(&self, word: &[u8], buffer: &mut Vec<u8>) {
        match &self.stems {
            Some(exceptions) => append_stem(word, exceptions, buffer),
            None => buffer.extend_from_slice(word),
        }
    }
}

/// Every word has a space behind it.
fn find_words(text: Text<'_>, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
    let mut start = None;
    for (at, byte) in text.bytes().iter().enumerate() {
        match (byte, start) {
            (b' ', Some(first)) => {
                starts.push(first);
                ends.push(at as u32);
                start = None;
            }
            (b' ' | b'\n', _) => {}
            (_, None) => start = Some(at as u32),
            _ => {}
        }
    }
}

impl Limit {
    /// The start of the text that counts; it may end within a character.
    fn cut(self, text: &str, reading: Reading) -> &[u8] {
        let text = text.as_bytes();
        match self {
            Self::None => text,
            Self::Words(limit) => &text[..end_of_words(text, limit)],
            Self::Bytes(limit) => &text[..end_of_bytes(text, limit, reading)],
        }
    }
}

/// The lines of a text with their offsets; empty lines do not count for limits.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut next = 0;
    text.split(|byte| *byte == b'\n')
        .map(move |line| {
            let start = next;
            next += line.len() + 1;
            (start, line)
        })
        .filter(|(_, line)| !line.is_empty())
}

fn end_of_words(text: &[u8], limit: usize) -> usize {
    lines(text)
        .flat_map(|(start, line)| field_ends(line).map(move |end| start + end))
        .nth(limit.saturating_sub(1))
        .unwrap_or(text.len())
}

/// Where the fields of Perl's `split(/\s+/)` end: white space at the start of a line makes an empty one.
fn field_ends(line: &[u8]) -> impl Iterator<Item = usize> {
    let is_space = |at: usize| line.get(at).is_none_or(|byte| is_perl_space(*byte));
    let is_blank = (0..line.len()).all(is_space);
    let ends = (0..line.len()).filter(move |at| !is_space(*at) && is_space(at + 1));
    let empty = (is_space(0) && !is_blank).then_some(0);
    empty.into_iter().chain(ends.map(|at| at + 1))
}

/// `\s` of Perl 5.18 and later for bytes.
const fn is_perl_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn end_of_bytes(text: &[u8], limit: usize, reading: Reading) -> usize {
    let mut left = limit;
    for (start, line) in lines(text) {
        if line.len() >= left {
            return start + left;
        }
        if reading == Reading::Whole {
            left -= line.len();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, rules: &WordRules) -> Vec<String> {
        let mut tokens = Tokens::default();
        rules.tokenize(text, Limit::None, Reading::Whole, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    fn cut(limit: Limit, text: &str, reading: Reading) -> String {
        String::from_utf8_lossy(limit.cut(text, reading)).into_owned()
    }

    #[test]
    fn words_are_runs_of_ascii_letters_and_digits() {
        let rules = WordRules::default();
        assert_eq!(
            words("A-b - it\u{2019}s\r\nna\u{ef}ve \u{212a} x_1", &rules),
            ["a", "b", "it", "s", "na", "ve", "x", "1"]
        );
        assert_eq!(words("  \n\n", &rules), Vec::<String>::new());
    }

    #[test]
    fn stop_words_go_before_stems_are_made() {
        let mut exceptions = Exceptions::default();
        assert_eq!(exceptions.add("mice mouse"), Ok(()));
        let rules = WordRules {
            stop_words: ["the", "was"].map(|word| word.as_bytes().into()).into(),
            stems: Some(exceptions),
        };
        assert_eq!(words("The mice WAS\nrunning", &rules), ["mouse", "run"]);
    }

    #[test]
    fn word_limits_count_fields() {
        let words = |limit, text| cut(Limit::Words(limit), text, Reading::Lines);
        assert_eq!(words(2, "a, b c"), "a, b");
        assert_eq!(words(2, " a b"), " a");
        assert_eq!(words(1, " a b"), "");
        assert_eq!(words(3, "a b\n\n  \nc\u{a0}d e"), "a b\n\n  \nc\u{a0}d");
        assert_eq!(words(9, "a b "), "a b ");
    }

    #[test]
    fn byte_limits_forget_to_add_up_line_by_line() {
        let both = |text| {
            [Reading::Whole, Reading::Lines].map(|reading| cut(Limit::Bytes(4), text, reading))
        };
        assert_eq!(both("abcdef"), ["abcd", "abcd"]);
        assert_eq!(both("ab\n\ncdefg"), ["ab\n\ncd", "ab\n\ncdef"]);
        assert_eq!(both("ab\ncd\nef"), ["ab\ncd", "ab\ncd\nef"]);
        assert_eq!(both("abc\u{e9}"), ["abc\u{fffd}", "abc\u{fffd}"]);
    }
}
