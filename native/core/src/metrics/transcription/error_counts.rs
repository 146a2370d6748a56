//! Hits and errors between transcripts and references, with the alignment and the arithmetic of jiwer 4.0.0
//! (process.py), for all metrics of this field.

use crate::metrics::{
    Components, Direction, Entry, ParamKind, ParamSpec, Params, Problem, Row, RowFlags, RowMetric,
    Statistics, long_texts,
};
use crate::text::characters::Characters;
use crate::text::edits::{Aligner, Edits};
use crate::text::interning::Interner;
use crate::text::python::{is_space, lower_into};
use crate::text::scratch::Scratch;
use crate::text::tokens::Tokens;
use crate::text::words;

/// What the entries of this field have in common.
pub(super) const COMMON: Entry = Entry {
    params: &[ParamSpec {
        name: "lowercase",
        summary: "Compare in lower case.",
        kind: ParamKind::Bool(false),
    }],
    direction: Direction::Lower,
    reference: "jiwer 4.0.0",
    ..Entry::TEXTS
};

/// What is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Words,
    Characters,
}

/// What rates are made of, summed over rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub hits: f64,
    pub errors: f64,
    pub insertions: f64,
    /// Words or characters.
    pub reference: f64,
    pub prediction: f64,
}

/// A metric that is a function of the counts.
struct ErrorMetric {
    unit: Unit,
    lowercase: bool,
    rate: fn(&Counts) -> f64,
}

/// Makes a metric from the function of its counts.
pub(super) fn build(params: &Params, unit: Unit, rate: fn(&Counts) -> f64) -> Statistics {
    Statistics::Rows(Box::new(ErrorMetric {
        unit,
        lowercase: params.bool("lowercase"),
        rate,
    }))
}

const NAMES: [&str; 4] = ["hits", "substitutions", "deletions", "insertions"];

impl Counts {
    fn of(stats: &[f64]) -> Self {
        let [hits, substitutions, deletions, insertions] = [stats[0], stats[1], stats[2], stats[3]];
        Self {
            hits,
            errors: substitutions + deletions + insertions,
            insertions,
            reference: hits + substitutions + deletions,
            prediction: hits + substitutions + insertions,
        }
    }
}

/// What is reused from row to row, and the counts of the last row in each setting.
#[derive(Default)]
struct Memory {
    kept: [Option<(u64, Edits)>; 4],
    prediction: Tokens,
    reference: Tokens,
    lowered: [Vec<u8>; 2],
    characters: Characters,
    pair: Interner,
    aligner: Aligner,
}

impl RowMetric for ErrorMetric {
    fn width(&self) -> usize {
        NAMES.len()
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        let tokens = |text: &str| match self.unit {
            Unit::Words => text.split(is_space).count(),
            Unit::Characters => text.chars().count(),
        };
        let references = ("references", row.references);
        long_texts::check(row.prediction, references, long_texts::BAND, tokens)
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let memory = scratch.of::<Memory>();
        let setting = usize::from(self.unit == Unit::Characters) * 2 + usize::from(self.lowercase);
        let edits = match memory.kept[setting] {
            Some((serial, edits)) if serial == row.serial => edits,
            _ => self.nearest(row, memory),
        };
        memory.kept[setting] = Some((row.serial, edits));
        let counts = [
            edits.hits,
            edits.substitutions,
            edits.deletions,
            edits.insertions,
        ];
        for (place, count) in out.iter_mut().zip(counts) {
            *place = count as f64;
        }
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 {
            (self.rate)(&Counts::of(sums))
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], _: f64) -> Components {
        let part = |(name, sum): (&str, &f64)| (name.to_owned(), Some(*sum));
        NAMES.into_iter().zip(sums).map(part).collect()
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some((self.rate)(&Counts::of(stats)))
    }
}

impl ErrorMetric {
    /// The edits of the reference with the fewest errors, the first of equals. jiwer takes one reference alone.
    fn nearest(&self, row: &Row<'_>, memory: &mut Memory) -> Edits {
        let references = row.references.iter();
        let edits = references.map(|reference| self.compare(row.prediction, reference, memory));
        edits.min_by_key(Edits::errors).unwrap_or_default()
    }

    fn compare(&self, prediction: &str, reference: &str, memory: &mut Memory) -> Edits {
        let pair = &mut memory.pair;
        match self.unit {
            Unit::Words => {
                words::split_spoken(prediction, self.lowercase, &mut memory.prediction);
                words::split_spoken(reference, self.lowercase, &mut memory.reference);
                pair.load(&memory.prediction, &memory.reference);
            }
            Unit::Characters => {
                let [left, right] = &mut memory.lowered;
                let left = stripped(prediction, self.lowercase, left);
                let right = stripped(reference, self.lowercase, right);
                memory.characters.load(left.chars(), right.chars(), pair);
            }
        }
        memory
            .aligner
            .align(pair.reference(), pair.prediction(), pair.distinct())
    }
}

/// The text without the spaces at its ends: `str.strip()`.
fn stripped<'a>(text: &'a str, lowercase: bool, buffer: &'a mut Vec<u8>) -> &'a str {
    let text = text.trim_matches(is_space);
    if !lowercase {
        return text;
    }
    buffer.clear();
    lower_into(text, buffer);
    std::str::from_utf8(buffer).unwrap_or_default()
}

/// Counts in the order of the statistics, for tests of rates.
#[cfg(test)]
pub(super) fn counts(stats: [u32; 4]) -> Counts {
    Counts::of(&stats.map(f64::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(unit: Unit, prediction: &str, references: &[&str]) -> [f64; 4] {
        let metric = ErrorMetric {
            unit,
            lowercase: false,
            rate: |counts| counts.errors,
        };
        let mut out = [0.0; 4];
        let row = Row::of_texts(prediction, references, 1);
        metric.row(&row, &mut Scratch::default(), &mut out);
        out
    }

    #[test]
    fn words_and_characters_are_counted() {
        assert_eq!(
            stats(Unit::Words, " a x  c d ", &["a b c"]),
            [2.0, 1.0, 0.0, 1.0]
        );
        assert_eq!(
            stats(Unit::Characters, "\u{e9}a b\n", &["ea  b"]),
            [3.0, 1.0, 1.0, 0.0]
        );
    }

    #[test]
    fn the_reference_with_the_fewest_errors_counts_and_the_first_of_equals() {
        assert_eq!(
            stats(Unit::Words, "a b", &["x", "a", "a b c"]),
            [1.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(
            stats(Unit::Words, "a b", &["a b c", "a"]),
            [2.0, 0.0, 1.0, 0.0]
        );
    }

    /// A row's counts are kept for other metrics of the same setting, not for other settings.
    #[test]
    fn settings_do_not_mix() {
        let mut scratch = Scratch::default();
        let row = Row::of_texts("A", &["a"], 5);
        for (unit, lowercase, hits) in [
            (Unit::Words, false, 0.0),
            (Unit::Words, true, 1.0),
            (Unit::Characters, true, 1.0),
            (Unit::Characters, false, 0.0),
            (Unit::Words, false, 0.0),
        ] {
            let metric = ErrorMetric {
                unit,
                lowercase,
                rate: |counts| counts.errors,
            };
            let mut out = [0.0; 4];
            metric.row(&row, &mut scratch, &mut out);
            assert_eq!(out[0], hits);
        }
    }
}
