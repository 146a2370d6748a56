//! What all ROUGE metrics share (Lin 2004): a measure counts what two texts have in common, the rest is the same.

use super::compared::{Compared, RougeMemory};
use super::scoring::{Counts, Scoring};
use super::tools::Tools;
use super::words::Words;
use crate::metrics::{
    Components, Entry, Estimand, Problem, Row, RowFlags, RowMetric, Statistics, long_texts,
};
use crate::text::scratch::Scratch;

/// Counts what a prediction and a reference have in common.
pub(super) trait Measure: Send + Sync + 'static {
    /// Counts for the reference of this number.
    fn counts(&self, compared: &mut Compared, tools: &mut Tools, reference: usize) -> Counts;

    /// What a row's texts tell beside the counts.
    fn flags(&self, _row: &Row<'_>) -> RowFlags {
        RowFlags::default()
    }

    /// Most pairs of words; rows with more are refused.
    fn most_pairs(&self) -> usize {
        long_texts::BITS
    }
}

/// A measure with its words and formulas.
pub(super) struct Rouge<M> {
    pub measure: M,
    pub words: Words,
    pub scoring: Scoring,
}

/// What all ROUGE entries have in common.
pub(super) const SHARED: Entry = Entry {
    source: "Lin 2004, https://aclanthology.org/W04-1013",
    ..Entry::TEXTS
};

impl<M: Measure> Rouge<M> {
    /// As the registry wants it.
    pub fn boxed(self) -> Statistics {
        Statistics::Rows(Box::new(self))
    }
}

impl<M: Measure> RowMetric for Rouge<M> {
    /// Precision, recall, F-measure.
    fn width(&self) -> usize {
        3
    }

    fn unicode(&self) -> &'static str {
        self.words.unicode()
    }

    fn checks_rows(&self) -> bool {
        self.measure.most_pairs() < usize::MAX
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        let words = |text: &str| most_words(text, &self.words);
        let references = ("references", row.references);
        long_texts::check(row.prediction, references, self.measure.most_pairs(), words)
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let memory: &mut RougeMemory = scratch.of();
        let (compared, tools) = memory.load(row, &self.words);
        let references = 0..compared.references();
        let counts = references.map(|at| self.measure.counts(compared, tools, at));
        out.copy_from_slice(&self.scoring.score(counts));
        compared.flags.and(self.measure.flags(row))
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 { sums[2] / n } else { f64::NAN }
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let names = ["precision", "recall", "fmeasure"];
        let part = |(name, sum): (&str, &f64)| (name.to_owned(), (n > 0.0).then(|| sum / n));
        names.into_iter().zip(sums).map(part).collect()
    }

    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[2])
    }
}

/// How many words a text has at most.
fn most_words(text: &str, words: &Words) -> usize {
    if matches!(words, Words::Unicode { .. }) {
        return text.chars().count();
    }
    let starts = |pair: &[u8]| !pair[0].is_ascii_alphanumeric() && pair[1].is_ascii_alphanumeric();
    1 + text
        .as_bytes()
        .windows(2)
        .filter(|pair| starts(pair))
        .count()
}
