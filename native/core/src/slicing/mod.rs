//! What rows are sliced by. The slice of a row is decided by the row alone, so that slices stream and merge.

mod form;

use std::fmt::Write;

use crate::batch::{Batch, Instance};
use crate::text::python::{is_alphanumeric, is_space};

/// The value of rows that lack what a slicing asks for.
pub const NONE: &str = "(none)";

/// Stands between the parts of a crossed slice in [`Slicing::value`]; values hold no control characters.
pub const SEPARATOR: char = '\u{1f}';

/// Characters of a value, at most: it names a slice in tables and answers.
pub const MOST_CHARACTERS: usize = 256;

/// Upper ends of the classes of length that are used unless others are given.
const WORDS: [u32; 7] = [0, 10, 25, 50, 100, 250, 500];
const CHARACTERS: [u32; 7] = [0, 50, 100, 250, 500, 1_000, 2_500];

/// A text of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// All named inputs.
    Input,
    /// The references: the first one for its length, any of them for what it contains.
    Reference,
    /// The text of the baseline, of the first system where there is no baseline.
    Prediction,
}

/// What lengths are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Words between spaces.
    Words,
    /// Characters (code points).
    Characters,
}

/// One thing that rows are sliced by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The value of a key of `Instance.slices`, or "task" or "split".
    Key(String),
    /// The gold label or labels.
    Label,
    /// The length of a text.
    Length {
        /// Which text.
        of: Source,
        /// In what.
        unit: Unit,
        /// Upper ends of the classes, ascending; longer texts are a class of their own.
        edges: Vec<u32>,
    },
    /// Whether a text contains some words in this order.
    Contains {
        /// Which text.
        of: Source,
        /// The words, in lower case.
        words: Vec<String>,
    },
}

/// A way to slice rows: by one thing or by several crossed. Every row is in one slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slicing {
    /// What is crossed; at least one.
    pub parts: Vec<Part>,
    /// The canonical text form.
    pub name: String,
}

impl Slicing {
    /// Reads a text form; `field` is its path.
    pub fn parse(text: &str, field: &str) -> crate::error::Result<Self> {
        form::parse(text, field)
    }

    /// Writes the slice of a row: one value a part, [`SEPARATOR`] between them.
    pub fn value(
        &self,
        batch: &Batch<'_>,
        instance: &Instance<'_>,
        first: usize,
        out: &mut String,
    ) {
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                out.push(SEPARATOR);
            }
            let start = out.len();
            part.value(batch, instance, first, out);
            if out.len() == start {
                out.push_str(NONE);
            }
        }
    }
}

impl Part {
    /// Writes the value of a row; nothing if it has none.
    fn value(&self, batch: &Batch<'_>, instance: &Instance<'_>, first: usize, out: &mut String) {
        match self {
            Self::Key(key) => out.push_str(batch.slice(instance, key).unwrap_or_default()),
            Self::Label => {
                let mut labels = batch.labels[instance.labels.range()].to_vec();
                labels.sort_unstable();
                out.push_str(&labels.join("+"));
            }
            Self::Length { of, unit, edges } => {
                let lengths = texts(*of, batch, instance, first).map(|text| unit.length(text));
                let length = match of {
                    Source::Reference => lengths.take(1).reduce(|sum, length| sum + length),
                    Source::Input | Source::Prediction => lengths.reduce(|sum, next| sum + next),
                };
                if let Some(length) = length {
                    write_class(length, edges, out);
                }
            }
            Self::Contains { of, words } => {
                let mut texts = texts(*of, batch, instance, first).peekable();
                if texts.peek().is_some() {
                    let found = texts.any(|text| contains(text, words));
                    out.push_str(if found { "yes" } else { "no" });
                }
            }
        }
    }
}

impl Unit {
    fn length(self, text: &str) -> usize {
        match self {
            Self::Words => words_of(text).count(),
            Self::Characters => text.chars().count(),
        }
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// The texts of a row.
fn texts<'b>(
    source: Source,
    batch: &'b Batch<'b>,
    instance: &'b Instance<'b>,
    first: usize,
) -> impl Iterator<Item = &'b str> {
    let inputs = match source {
        Source::Input => &batch.inputs[instance.inputs.range()],
        _ => &[],
    };
    let references = match source {
        Source::Reference => batch.references(instance),
        _ => &[],
    };
    let prediction = match source {
        Source::Prediction => batch.prediction(instance, first),
        _ => None,
    };
    let inputs = inputs.iter().map(|(_, text)| *text);
    let prediction = prediction.and_then(|prediction| prediction.text);
    inputs.chain(references.iter().copied()).chain(prediction)
}

/// Writes the class of a length, for example `11-25` or `501+`.
fn write_class(length: usize, edges: &[u32], out: &mut String) {
    let above = edges.partition_point(|edge| (*edge as usize) < length);
    let low = match above {
        0 => 0,
        _ => edges[above - 1] + 1,
    };
    let _ = match edges.get(above) {
        None => write!(out, "{low}+"),
        Some(high) if *high == low => write!(out, "{low}"),
        Some(high) => write!(out, "{low}-{high}"),
    };
}

/// A word as it is compared: without punctuation around it, in lower case.
fn bare(word: &str) -> String {
    word.trim_matches(|c| !is_alphanumeric(c)).to_lowercase()
}

/// Whether the words stand in the text, one after the other.
fn contains(text: &str, words: &[String]) -> bool {
    let all: Vec<String> = words_of(text).map(bare).collect();
    all.windows(words.len()).any(|found| found == words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(length: usize, edges: &[u32]) -> String {
        let mut out = String::new();
        write_class(length, edges, &mut out);
        out
    }

    #[test]
    fn lengths_fall_into_classes() {
        let classes: Vec<String> = [0, 1, 10, 11, 500, 501].map(|n| class(n, &WORDS)).into();
        assert_eq!(classes, ["0", "1-10", "1-10", "11-25", "251-500", "501+"]);
        assert_eq!(class(3, &[3, 4]), "0-3");
        assert_eq!(class(4, &[3, 4]), "4");
    }

    #[test]
    fn words_are_found_whatever_case_and_punctuation() {
        let words = |text: &str| words_of(text).map(bare).collect::<Vec<_>>();
        assert!(contains("I do NOT, know.", &words("not know")));
        assert!(!contains("nothing is known", &words("not")));
        assert!(!contains("", &words("not")));
    }
}
