//! Pearson's correlation, as scipy's `pearsonr`.

use super::moments::{spread, variance};
use super::{NUMBERS, check_numbers, numbers};
use crate::metrics::exact::{self, NUMBER, PRODUCT};
use crate::metrics::{Components, Entry, Problem, Row, RowFlags, RowMetric, Statistics};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "pearson",
    summary: "Linear correlation of predicted and gold numbers; -1 to 1.",
    range: (-1.0, 1.0),
    undefined: "the numbers of a side are all the same",
    reference: "scipy 1.17.1 pearsonr",
    source: "Pearson 1895, https://doi.org/10.1098/rspl.1895.0041",
    build: |_, _| Ok(Statistics::Rows(Box::new(Pearson))),
    ..NUMBERS
};

struct Pearson;

/// Predicted and gold numbers, their squares and products.
struct Sums<'s> {
    predicted: &'s [f64],
    gold: &'s [f64],
    predicted_squares: &'s [f64],
    gold_squares: &'s [f64],
    products: &'s [f64],
}

impl<'s> Sums<'s> {
    fn of(sums: &'s [f64]) -> Self {
        let (predicted, rest) = sums.split_at(NUMBER);
        let (gold, rest) = rest.split_at(NUMBER);
        let (predicted_squares, rest) = rest.split_at(PRODUCT);
        let (gold_squares, products) = rest.split_at(PRODUCT);
        Self {
            predicted,
            gold,
            predicted_squares,
            gold_squares,
            products,
        }
    }
}

impl RowMetric for Pearson {
    fn width(&self) -> usize {
        2 * NUMBER + 3 * PRODUCT
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        check_numbers(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let (predicted, gold) = numbers(row);
        let (sums, products) = out.split_at_mut(2 * NUMBER);
        for (columns, number) in sums.chunks_exact_mut(NUMBER).zip([predicted, gold]) {
            exact::split(number, columns);
        }
        let pairs = [(predicted, predicted), (gold, gold), (predicted, gold)];
        for (columns, (left, right)) in products.chunks_exact_mut(PRODUCT).zip(pairs) {
            exact::split_product(left, right, columns);
        }
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        let sums = Sums::of(sums);
        let predicted = variance(n, sums.predicted_squares, sums.predicted);
        let gold = variance(n, sums.gold_squares, sums.gold);
        if predicted > 0.0 && gold > 0.0 {
            let both = spread(n, sums.products, sums.predicted, sums.gold);
            (both / predicted.sqrt() / gold.sqrt()).clamp(-1.0, 1.0)
        } else {
            f64::NAN
        }
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Vec::new()
    }

    fn row_score(&self, _stats: &[f64]) -> Option<f64> {
        None
    }
}
