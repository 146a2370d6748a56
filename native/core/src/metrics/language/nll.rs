//! Negative log-likelihood of a token.

use super::{Cost, WIDTH, logprobs};
use crate::metrics::{
    Components, Direction, Entry, Field, Problem, Row, RowFlags, RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "nll",
    summary: "Mean negative log-likelihood of a token, in nats.",
    needs: &[Field::TokenLogprobs],
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    weighted: true,
    undefined: "there is nothing to divide by: no token",
    reference: "the mean of -token_logprobs",
    source: "Shannon 1948, https://doi.org/10.1002/j.1538-7305.1948.tb01338.x",
    build: |_, _| Ok(Statistics::Rows(Box::new(Nll))),
    ..Entry::TEXTS
};

struct Nll;

impl RowMetric for Nll {
    fn width(&self) -> usize {
        WIDTH
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        logprobs::check(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let tokens = row.token_logprobs();
        Cost::write(tokens, tokens.len(), out);
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], _n: f64) -> f64 {
        Cost::read(sums).mean()
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        Cost::read(sums).components()
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(Cost::read(stats).mean())
    }
}
