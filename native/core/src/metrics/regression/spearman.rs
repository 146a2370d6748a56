//! Spearman's rank correlation, as scipy's `spearmanr`.

use super::ranks::{Ranking, spearman};
use super::{NUMBERS, check_numbers, numbers, rankings};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Entry, Problem, Row, RowFlags, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "spearman",
    summary: "Correlation of the ranks of predicted and gold numbers; -1 to 1.",
    range: (-1.0, 1.0),
    weighted: false,
    undefined: "the numbers of a side are all the same",
    reference: "scipy 1.17.1 spearmanr",
    source: "Spearman 1904, https://doi.org/10.2307/1412159",
    build: |_, _| Ok(Statistics::Collected(Box::new(Spearman))),
    ..NUMBERS
};

struct Spearman;

impl CollectedMetric for Spearman {
    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        check_numbers(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let (predicted, gold) = numbers(row);
        out.extend([predicted, gold]);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let (predicted, gold) = rankings(rows);
        Box::new(Ranked { predicted, gold })
    }
}

struct Ranked {
    predicted: Ranking,
    gold: Ranking,
}

impl Weighted for Ranked {
    fn value(&self, weights: &[f64]) -> f64 {
        spearman(&self.predicted, &self.gold, weights)
    }

    fn components(&self, _weights: &[f64]) -> Components {
        Vec::new()
    }
}
