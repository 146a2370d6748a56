//! Sentences of a text: its lines, and what the built-in rules find within a line.
//!
//! The rules: a sentence ends at `.`, `!`, `?`, `…` and their like, closing quotes and brackets included, when white space
//! follows and then neither a lower-case letter nor a mark that continues the sentence. It does not end at the full stop
//! of an initial or of an abbreviation of the lists below. Ideographic marks end one without white space.

use super::python::{is_alphanumeric, is_space};
use super::tokens::Tokens;
use super::unicode14::CASED;

/// Abbreviations that are followed by a name or go on, in lower case.
const GO_ON: &[&str] = &[
    "adm", "capt", "cf", "cmdr", "col", "dr", "e.g", "ft", "gen", "gov", "hon", "i.e", "lt", "maj",
    "messrs", "mr", "mrs", "ms", "mt", "pres", "prof", "rep", "reps", "rev", "sen", "sens", "sgt",
    "st", "supt", "u.k", "u.n", "u.s", "vs",
];

/// Abbreviations that go on when a number follows.
const BEFORE_NUMBERS: &[&str] = &[
    "apr", "art", "aug", "ch", "dec", "eq", "feb", "fig", "figs", "jan", "jul", "jun", "mar", "no",
    "nos", "nov", "oct", "p", "pp", "sec", "sep", "sept", "vol", "vols",
];

/// What a character is to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    FullStop,
    Terminator,
    /// Needs no white space behind it.
    Ideographic,
    Closing,
    Other,
}

const fn mark(c: char) -> Mark {
    match c {
        '.' => Mark::FullStop,
        '!'
        | '?'
        | '\u{2026}'
        | '\u{203c}'
        | '\u{2047}'..='\u{2049}'
        | '\u{589}'
        | '\u{61f}'
        | '\u{6d4}'
        | '\u{964}'
        | '\u{965}' => Mark::Terminator,
        '\u{3002}' | '\u{ff01}' | '\u{ff0e}' | '\u{ff1f}' | '\u{ff61}' => Mark::Ideographic,
        '"' | '\'' | ')' | ']' | '}' | '\u{bb}' | '\u{2019}' | '\u{201d}' | '\u{203a}'
        | '\u{300b}' | '\u{300d}' | '\u{300f}' | '\u{ff09}' => Mark::Closing,
        _ => Mark::Other,
    }
}

/// Offsets behind the sentences of a text but the last, as the built-in rules have it. Newlines are no matter of theirs.
pub fn boundaries(text: &str) -> impl Iterator<Item = usize> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some((start, first)) = next_mark(text, from) {
            let marks = &text[start..];
            let end = marks.find(|c| mark(c) == Mark::Other);
            from = end.map_or(text.len(), |end| start + end);
            let marks = &text[start..from];
            let is_one_stop = first == Mark::FullStop && !marks[1..].starts_with(['.', '!', '?']);
            let before = is_one_stop.then(|| &text[..start]);
            let ideographic = marks.chars().any(|c| mark(c) == Mark::Ideographic);
            if ends_sentence(before, &text[from..], ideographic) {
                return Some(from);
            }
        }
        None
    })
}

/// The next mark that may end a sentence.
fn next_mark(text: &str, mut from: usize) -> Option<(usize, Mark)> {
    let may_be = |byte: &u8| matches!(byte, b'.' | b'!' | b'?') || *byte > 0xc1;
    loop {
        from += text.as_bytes()[from..].iter().position(may_be)?;
        let c = text[from..].chars().next()?;
        match mark(c) {
            Mark::Other | Mark::Closing => from += c.len_utf8(),
            found => return Some((from, found)),
        }
    }
}

/// `before` is the text before a single full stop.
fn ends_sentence(before: Option<&str>, after: &str, ideographic: bool) -> bool {
    let rest = after.trim_start_matches(is_space);
    let Some(next) = rest.chars().find(|c| !is_opening(*c)) else {
        return false;
    };
    if ideographic {
        return true;
    }
    if rest.len() == after.len()
        || is_lower(next)
        || matches!(next, ',' | ';' | ':' | ')' | '-' | '\u{2013}' | '\u{2014}')
    {
        return false;
    }
    !before.is_some_and(|before| is_abbreviation(before, next))
}

const fn is_opening(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '(' | '[' | '{' | '\u{ab}' | '\u{2018}' | '\u{201c}' | '\u{2039}' | '\u{201e}'
    )
}

/// Whether the last word of the text is an initial or an abbreviation.
fn is_abbreviation(before: &str, next: char) -> bool {
    let is_part = |c: char| c == '.' || is_alphanumeric(c);
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_part(*c))
        .last()
        .map_or(before.len(), |(at, _)| at);
    let word = before[start..].to_lowercase();
    let mut letters = word.chars();
    let is_initial = matches!((letters.next(), letters.next()), (Some(letter), None) if letter != 'i' && !letter.is_ascii_digit());
    is_initial
        || GO_ON.contains(&word.as_str())
        || next.is_ascii_digit() && BEFORE_NUMBERS.contains(&word.as_str())
}

fn is_lower(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_lowercase();
    }
    let code = u32::from(c);
    let after = CASED.partition_point(|&(low, _)| low <= code);
    after > 0 && code <= CASED[after - 1].1 && c.to_lowercase().eq([c])
}

/// Whether the text has one line but several sentences.
pub fn looks_unsplit(text: &str) -> bool {
    let text = text.trim_end_matches(is_space);
    let inner = text.trim_end_matches(['.', '!', '?']).as_bytes();
    let may_end = !text.is_ascii() || [b'.', b'!', b'?'].iter().any(|mark| inner.contains(mark));
    may_end && !text.contains('\n') && boundaries(text).next().is_some()
}

/// Appends the text with a newline behind every sentence.
pub fn split_into(text: &str, out: &mut String) {
    let mut start = 0;
    for end in boundaries(text) {
        out.push_str(&text[start..end]);
        out.push('\n');
        start = end;
    }
    out.push_str(&text[start..]);
}

/// Offsets behind the tokens of each line of a normalised text. Lines without tokens may repeat an offset.
pub fn line_ends(tokens: &Tokens, ends: &mut Vec<u32>) {
    ends.clear();
    let text = tokens.text().bytes();
    let (mut at, mut newline) = (0, 0);
    if text.contains(&b'\n') {
        for line in text.split(|byte| *byte == b'\n') {
            newline += line.len();
            while at < tokens.len() && tokens.start(at) < newline {
                at += 1;
            }
            ends.push(at as u32);
            newline += 1;
        }
        ends.pop();
    }
    ends.push(tokens.len() as u32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::rouge_words;

    fn split(text: &str) -> Vec<String> {
        let mut out = String::new();
        split_into(text, &mut out);
        out.split('\n').map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn sentences_end_at_marks_before_white_space() {
        assert_eq!(
            split("One. Two! Three? 4 is."),
            ["One.", "Two!", "Three?", "4 is."]
        );
        assert_eq!(
            split("He said \"Go.\" She (too.) left... Then? \u{ab}No!\u{bb} Yes"),
            [
                "He said \"Go.\"",
                "She (too.) left...",
                "Then?",
                "\u{ab}No!\u{bb}",
                "Yes"
            ]
        );
        assert_eq!(
            split("3.5 a.b x.Y no. it goes on? yes"),
            ["3.5 a.b x.Y no. it goes on? yes"]
        );
        assert_eq!(
            split("\u{4f60}\u{597d}\u{3002}\u{4e16}\u{754c}\u{ff01}\u{300d}\u{597d}"),
            [
                "\u{4f60}\u{597d}\u{3002}",
                "\u{4e16}\u{754c}\u{ff01}\u{300d}",
                "\u{597d}"
            ]
        );
        assert_eq!(
            split("\u{3b1}\u{3c5}\u{3c4}\u{3cc}. \u{391}\u{3c5}\u{3c4}\u{3cc}. \u{3b1}"),
            [
                "\u{3b1}\u{3c5}\u{3c4}\u{3cc}.",
                "\u{391}\u{3c5}\u{3c4}\u{3cc}. \u{3b1}"
            ]
        );
        assert_eq!(split("a. , b. ) c"), ["a. , b. ) c"]);
        assert_eq!(split("The end.  "), ["The end."]);
        assert_eq!(split(""), [""]);
    }

    #[test]
    fn abbreviations_and_initials_go_on() {
        assert_eq!(
            split("Mr. J. R. Smith met Dr. No. 5 men, e.g. Bob, came."),
            ["Mr. J. R. Smith met Dr. No. 5 men, e.g. Bob, came."]
        );
        assert_eq!(
            split("On Oct. 5 he said no. So did I. He left at 5 p.m. Then no. 7 fell."),
            [
                "On Oct. 5 he said no.",
                "So did I.",
                "He left at 5 p.m.",
                "Then no. 7 fell."
            ]
        );
    }

    #[test]
    fn one_line_of_several_sentences_is_noticed() {
        assert!(looks_unsplit("One. Two."));
        assert!(looks_unsplit("One. Two.\n"));
        assert!(!looks_unsplit("One.\nTwo. Three."));
        assert!(!looks_unsplit("One sentence."));
    }

    #[test]
    fn tokens_are_counted_by_line() {
        let ends = |text: &str| {
            let (mut tokens, mut ends) = (Tokens::default(), Vec::new());
            rouge_words::tokenize(text, None, &mut tokens);
            line_ends(&tokens, &mut ends);
            ends
        };
        assert_eq!(ends("a b\n\nc d e\n"), [2, 2, 5, 5]);
        assert_eq!(ends("\na"), [0, 1]);
        assert_eq!(ends("\u{130}\u{212a} b\nc"), [3, 4]);
        assert_eq!(ends(""), [0]);
    }
}
