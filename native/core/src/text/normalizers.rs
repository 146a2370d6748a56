//! The ways in which evaluations of short answers make words of a text: `SQuAD`'s, `TriviaQA`'s, MLQA's per
//! language.

use super::python::{is_space, lower_into};
use super::squad::{self, find_words};
use super::tokens::{Text, Tokens};
use super::unicode14::PUNCTUATION;

/// A way to make words of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Normalizer {
    /// The scripts of `SQuAD` 1.1 and 2.0.
    #[default]
    Squad,
    /// The script of `TriviaQA`.
    TriviaQa,
    /// The script of MLQA, which has rules for each language; and its scheme for more languages.
    Mlqa(Language),
    /// Words between white space as they are.
    Words,
    /// The whole text as one word, without white space around it.
    Whole,
}

/// Languages of [`Normalizer::Mlqa`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Arabic: the prefix is cut out of words.
    Ar,
    /// German.
    De,
    /// English.
    En,
    /// Spanish.
    Es,
    /// French; not in MLQA.
    Fr,
    /// Hindi, which has no articles.
    Hi,
    /// Italian; not in MLQA.
    It,
    /// Dutch; not in MLQA.
    Nl,
    /// Portuguese; not in MLQA.
    Pt,
    /// Vietnamese.
    Vi,
    /// Chinese: every ideograph is a word.
    Zh,
}

/// Names of the normalisers that the parameter `normalizer` takes; the first is the default.
pub const NAMES: &[&str] = &[
    "en", "ar", "de", "es", "fr", "hi", "it", "mlqa_en", "nl", "none", "pt", "vi", "zh",
];

impl Normalizer {
    /// The normaliser of a name of [`NAMES`].
    pub fn named(name: &str) -> Self {
        Self::Mlqa(match name {
            "ar" => Language::Ar,
            "de" => Language::De,
            "es" => Language::Es,
            "fr" => Language::Fr,
            "hi" => Language::Hi,
            "it" => Language::It,
            "mlqa_en" => Language::En,
            "nl" => Language::Nl,
            "pt" => Language::Pt,
            "vi" => Language::Vi,
            "zh" => Language::Zh,
            "none" => return Self::Words,
            _ => return Self::Squad,
        })
    }

    /// Normalises the text; its words become the tokens.
    pub fn tokenize(self, text: &str, tokens: &mut Tokens) {
        match self {
            Self::Squad => return squad::tokenize(text, tokens),
            Self::TriviaQa => {
                tokens.load(|buffer| {
                    lower_and(text, buffer, |c| Some(space_for_quotes_and_punctuation(c)));
                });
                tokens
                    .split(|text, starts, ends| find_words(text, squad::is_article, starts, ends));
            }
            Self::Mlqa(language) => {
                tokens.load(|buffer| language.normalize(text, buffer));
                tokens.split(|text, starts, ends| language.split(text, starts, ends));
            }
            Self::Words => {
                tokens.load(|buffer| buffer.extend_from_slice(text.as_bytes()));
                tokens.split(|text, starts, ends| find_words(text, |_| false, starts, ends));
            }
            Self::Whole => {
                let text = text.trim_matches(is_space);
                tokens.load(|buffer| buffer.extend_from_slice(text.as_bytes()));
                if !text.is_empty() {
                    tokens.split(|_, starts, _| starts.push(0));
                }
            }
        }
        tokens.make_keys();
    }
}

/// Appends the lower-cased text with every character changed.
fn lower_and(text: &str, buffer: &mut Vec<u8>, change: impl FnMut(char) -> Option<char>) {
    lower_into(text, buffer);
    let lower = String::from_utf8(std::mem::take(buffer)).unwrap_or_default();
    if !lower.is_ascii() || lower.bytes().any(|byte| byte.is_ascii_punctuation()) {
        let changed: String = lower.chars().filter_map(change).collect();
        *buffer = changed.into_bytes();
    } else {
        *buffer = lower.into_bytes();
    }
}

/// `TriviaQA`: punctuation separates words. The script adds four quotes to ASCII's.
fn space_for_quotes_and_punctuation(c: char) -> char {
    let separates = c.is_ascii_punctuation() || matches!(c, '\u{2018}' | '\u{2019}' | '\u{b4}');
    if separates { ' ' } else { c }
}

/// MLQA: punctuation of every script goes.
fn no_punctuation(c: char) -> Option<char> {
    let is_punctuation = if c.is_ascii() {
        c.is_ascii_punctuation()
    } else {
        let after = PUNCTUATION.partition_point(|&(low, _)| low <= u32::from(c));
        after > 0 && u32::from(c) <= PUNCTUATION[after - 1].1
    };
    (!is_punctuation).then_some(c)
}

/// The same, but elided articles (l'eau, un'idea) become words of their own.
fn no_punctuation_but_elisions(c: char) -> Option<char> {
    match c {
        '\'' | '\u{2019}' => Some(' '),
        other => no_punctuation(other),
    }
}

impl Language {
    fn normalize(self, text: &str, buffer: &mut Vec<u8>) {
        match self {
            Self::Fr | Self::It => lower_and(text, buffer, no_punctuation_but_elisions),
            _ => lower_and(text, buffer, no_punctuation),
        }
        if self == Self::Ar {
            cut_arabic_article(buffer);
        }
    }

    fn split(self, text: Text<'_>, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
        match self {
            Self::Zh => find_ideographs_and_words(text, starts, ends),
            _ => find_words(text, |run| self.is_article(run), starts, ends),
        }
    }

    /// Whether a run of letters and digits is an article. The lists of fr, it, nl and pt are lighteval's, with the
    /// elided forms of fr and it.
    fn is_article(self, run: &[u8]) -> bool {
        let articles: &[&str] = match self {
            Self::Ar | Self::Hi | Self::Zh => &[],
            Self::De => &[
                "ein", "eine", "einen", "einem", "eines", "einer", "der", "die", "das", "den",
                "dem", "des",
            ],
            Self::En => &["a", "an", "the"],
            Self::Es => &["un", "una", "unos", "unas", "el", "la", "los", "las"],
            Self::Fr => &["le", "la", "les", "l", "un", "une", "des"],
            Self::It => &["il", "lo", "la", "i", "gli", "le", "l", "un", "uno", "una"],
            Self::Nl => &["de", "het", "een"],
            Self::Pt => &["o", "a", "os", "as", "um", "uma", "uns", "umas"],
            Self::Vi => &["của", "là", "cái", "chiếc", "những"],
        };
        articles.iter().any(|article| article.as_bytes() == run)
    }
}

/// MLQA replaces alif-lam by a space wherever it stands, inside of words too. (The first alternative of its pattern,
/// `\sال^`, can never match.)
fn cut_arabic_article(buffer: &mut [u8]) {
    let article = "ال".as_bytes();
    let mut at = 0;
    while at + article.len() <= buffer.len() {
        if buffer[at..].starts_with(article) {
            buffer[at..at + article.len()].fill(b' ');
            at += article.len();
        } else {
            at += 1;
        }
    }
}

/// MLQA's `mixed_segmentation`: ideographs from U+4E00 to U+9FA5 are words, between them white space separates.
fn find_ideographs_and_words(text: Text<'_>, starts: &mut Vec<u32>, ends: &mut Vec<u32>) {
    let bytes = text.bytes();
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let mut word = None;
    for (at, c) in text.char_indices().chain([(bytes.len(), ' ')]) {
        let is_ideograph = matches!(c, '\u{4e00}'..='\u{9fa5}');
        if !is_ideograph && !is_space(c) {
            word.get_or_insert(at);
            continue;
        }
        if let Some(first) = word.take() {
            starts.push(first as u32);
            ends.push(at as u32);
        }
        if is_ideograph {
            starts.push(at as u32);
            ends.push((at + c.len_utf8()) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(normalizer: Normalizer, text: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        normalizer.tokenize(text, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    #[test]
    fn names_lead_to_their_normalisers() {
        assert_eq!(Normalizer::named(NAMES[0]), Normalizer::Squad);
        assert_eq!(Normalizer::named("none"), Normalizer::Words);
        let languages: Vec<Normalizer> = NAMES.iter().copied().map(Normalizer::named).collect();
        for (at, one) in languages.iter().enumerate() {
            assert!(!languages[at + 1..].contains(one), "{one:?}");
        }
    }

    #[test]
    fn triviaqa_splits_at_punctuation() {
        let words = |text| words(Normalizer::TriviaQa, text);
        assert_eq!(
            words("The Eiffel_Tower\u{2019}s (a)-top!"),
            ["eiffel", "tower", "s", "top"]
        );
        assert_eq!(words("20\u{2013}18"), ["20\u{2013}18"]);
        assert!(words("`\u{b4}\u{2018} _").is_empty());
    }

    #[test]
    fn languages_have_their_articles() {
        let words = |name, text| words(Normalizer::named(name), text);
        assert_eq!(
            words("de", "Der Hund, den eine Frau\u{2026}"),
            ["hund", "frau"]
        );
        assert_eq!(words("es", "¿El niño? «Unos»"), ["niño"]);
        assert_eq!(words("vi", "Những con mèo của tôi"), ["con", "mèo", "tôi"]);
        assert_eq!(words("hi", "यह एक किताब है।"), ["यह", "एक", "किताब", "है"]);
        assert_eq!(
            words("fr", "L\u{2019}eau d'une source"),
            ["eau", "d", "source"]
        );
        assert_eq!(
            words("it", "Un'idea dell\u{2019}acqua"),
            ["idea", "dell", "acqua"]
        );
        assert_eq!(words("nl", "Het huis van een man"), ["huis", "van", "man"]);
        assert_eq!(words("pt", "Os Lusíadas, uma obra"), ["lusíadas", "obra"]);
        assert_eq!(words("mlqa_en", "The \u{201c}x\u{201d} a_b"), ["x", "ab"]);
    }

    #[test]
    fn arabic_loses_alif_lam_anywhere() {
        let words = |text| words(Normalizer::named("ar"), text);
        assert_eq!(words("الكتاب، بالقلم"), ["كتاب", "ب", "قلم"]);
    }

    #[test]
    fn chinese_ideographs_are_words() {
        let words = |text| words(Normalizer::named("zh"), text);
        assert_eq!(
            words("他在NBA 打球。\u{9fa6}x猫"),
            ["他", "在", "nba", "打", "球", "\u{9fa6}x", "猫"]
        );
    }

    #[test]
    fn unchanged_words_and_whole_texts() {
        assert_eq!(words(Normalizer::Words, " The\u{1c}Cat! "), ["The", "Cat!"]);
        assert_eq!(
            words(Normalizer::Whole, " \u{3000}The  Cat!\n"),
            ["The  Cat!"]
        );
        assert!(words(Normalizer::Whole, " \u{1f}").is_empty());
    }
}
