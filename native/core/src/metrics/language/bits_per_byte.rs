//! Bits that a language model needs for a byte of text.

use std::f64::consts::LN_2;

use super::{Cost, WIDTH, logprobs};
use crate::metrics::{
    Components, Direction, Entry, Field, Problem, Row, RowFlags, RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "bits_per_byte",
    summary: "Bits that the model needs for a byte of the first reference, which is the text it scored.",
    needs: &[Field::TokenLogprobs, Field::References],
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    weighted: true,
    undefined: "there is nothing to divide by: no byte",
    reference: "lm-eval 0.4.13 bits_per_byte",
    source: "Gao et al. 2020, https://arxiv.org/abs/2101.00027",
    build: |_, _| Ok(Statistics::Rows(Box::new(BitsPerByte))),
    ..Entry::TEXTS
};

struct BitsPerByte;

impl RowMetric for BitsPerByte {
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
        let bytes = row.references.first().map_or(0, |text| text.len());
        Cost::write(row.token_logprobs(), bytes, out);
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], _n: f64) -> f64 {
        Cost::read(sums).mean() / LN_2
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        Cost::read(sums).components()
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.value(stats, 1.0))
    }
}
