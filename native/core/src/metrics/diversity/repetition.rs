//! Share of the n-grams of a text that repeat earlier ones.

use super::grams::Grams;
use super::words::Tokenizer;
use super::{ANSWERS, TOKENIZER, n};
use crate::metrics::{Components, Direction, Entry, Row, RowFlags, RowMetric, Statistics};
use crate::text::scratch::Scratch;
use crate::text::tokens::Tokens;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "repetition",
    summary: "Share of a text's n-grams that repeat earlier ones, as mean over the texts (seq-rep-n); 0 to 1.",
    params: &[
        n("Length of the n-grams; shorter texts do not count.", 4),
        TOKENIZER,
    ],
    direction: Direction::Lower,
    weighted: true,
    undefined: "no text has as many words as an n-gram",
    reference: "1 - the number of different tuples over that of all tuples, by text",
    source: "Welleck et al. 2020, https://openreview.net/forum?id=SJeYe0NtvH",
    build: |params, _| {
        Ok(Statistics::Rows(Box::new(Repetition {
            n: params.int("n") as usize,
            tokenizer: Tokenizer::named(params.text("tokenizer")),
        })))
    },
    ..ANSWERS
};

struct Repetition {
    n: usize,
    tokenizer: Tokenizer,
}

/// Reused memory.
#[derive(Debug, Default)]
struct Memory {
    tokens: Tokens,
    grams: Grams,
}

impl RowMetric for Repetition {
    /// The share of a text, and 1 if it has n-grams.
    fn width(&self) -> usize {
        2
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let memory = scratch.of::<Memory>();
        self.tokenizer.tokenize(row.prediction, &mut memory.tokens);
        let (distinct, all) = memory.grams.count(&memory.tokens, self.n);
        if all > 0 {
            out.copy_from_slice(&[1.0 - distinct as f64 / all as f64, 1.0]);
        }
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], _n: f64) -> f64 {
        sums[0] / sums[1]
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        vec![("texts".into(), Some(sums[1]))]
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.value(stats, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_grams_do_not_count() {
        let metric = Repetition {
            n: 2,
            tokenizer: Tokenizer::Spaces,
        };
        let stats = |text: &str| {
            let mut out = [0.0; 2];
            metric.row(
                &Row::of_texts(text, &[], 0),
                &mut Scratch::default(),
                &mut out,
            );
            out
        };
        assert_eq!(stats("a b a b a"), [0.5, 1.0]);
        assert_eq!(stats("a"), [0.0, 0.0]);
        assert!(metric.value(&[0.0; 2], 1.0).is_nan());
    }
}
