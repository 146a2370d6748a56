//! The exact match of Hugging Face's evaluate: texts as they are, but for what the caller says to ignore.

use regex::Regex;

use crate::error::Result;
use crate::metrics::{Params, Row};
use crate::text::patterns;
use crate::text::python::lower_into;

/// What is ignored.
pub(super) struct Unchanged {
    patterns: Vec<Regex>,
    case: bool,
    punctuation: bool,
    numbers: bool,
}

impl Unchanged {
    pub(super) fn of(params: &Params) -> Result<Self> {
        let lines = params.text("regexes_to_ignore").lines();
        let compile = |line| {
            patterns::compile(line, false)
                .map_err(|problem| params.error("regexes_to_ignore", problem))
        };
        Ok(Self {
            patterns: lines.map(compile).collect::<Result<_>>()?,
            case: params.bool("ignore_case"),
            punctuation: params.bool("ignore_punctuation"),
            numbers: params.bool("ignore_numbers"),
        })
    }

    /// Whether the answer equals a reference.
    pub(super) fn is_exact(&self, row: &Row<'_>) -> bool {
        if self.ignores_nothing() {
            return row.references.contains(&row.prediction);
        }
        let prediction = self.apply(row.prediction);
        let mut references = row.references.iter();
        references.any(|reference| self.apply(reference) == prediction)
    }

    fn ignores_nothing(&self) -> bool {
        self.patterns.is_empty() && !self.case && !self.punctuation && !self.numbers
    }

    /// The text without what is ignored, in evaluate's order.
    fn apply(&self, text: &str) -> Vec<u8> {
        let mut text = text.to_owned();
        for pattern in &self.patterns {
            text = pattern.replace_all(&text, "").into_owned();
        }
        let mut bytes = Vec::with_capacity(text.len());
        if self.case {
            lower_into(&text, &mut bytes);
        } else {
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.retain(|byte| {
            !(self.punctuation && byte.is_ascii_punctuation()
                || self.numbers && byte.is_ascii_digit())
        });
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(unchanged: &Unchanged) -> Vec<bool> {
        let pairs = [
            ("cat?", "the cat"),
            ("theater", "theater"),
            ("yelling", "YELLING"),
            ("agent", "agent007"),
        ];
        let exact = |(prediction, reference)| {
            unchanged.is_exact(&Row::of_texts(prediction, &[reference], 1))
        };
        pairs.into_iter().map(exact).collect()
    }

    fn ignoring(patterns: &[&str], rest: bool, numbers: bool) -> Unchanged {
        let compile = |pattern: &&str| patterns::compile(pattern, false).expect("a good pattern");
        Unchanged {
            patterns: patterns.iter().map(compile).collect(),
            case: rest,
            punctuation: rest,
            numbers,
        }
    }

    /// The examples in evaluate's documentation.
    #[test]
    fn the_documented_examples() {
        assert_eq!(
            hits(&ignoring(&[], false, false)),
            [false, true, false, false]
        );
        assert_eq!(
            hits(&ignoring(&["the ", "yell"], true, false)),
            [true, true, false, false]
        );
        assert_eq!(
            hits(&ignoring(&["the ", "yell", "YELL"], true, false)),
            [true, true, true, false]
        );
        assert_eq!(
            hits(&ignoring(&["the ", "yell", "YELL"], true, true)),
            [true; 4]
        );
    }

    #[test]
    fn patterns_are_applied_one_after_another() {
        let both = ignoring(&["b", "ac"], false, false);
        assert!(both.is_exact(&Row::of_texts("abc", &[""], 1)));
        let joined = ignoring(&["b|ac"], false, false);
        assert!(!joined.is_exact(&Row::of_texts("abc", &[""], 1)));
    }
}
