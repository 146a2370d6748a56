//! Coefficient of determination, as scikit-learn's `r2_score` with `force_finite=False`.

use super::moments::variance;
use super::{NUMBERS, check_numbers, numbers};
use crate::metrics::exact::{self, Exact, NUMBER, PRODUCT};
use crate::metrics::{Components, Entry, Problem, Row, RowFlags, RowMetric, Statistics};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "r2",
    summary: "Share of the variance of the gold numbers that the predictions explain; 1 is perfect, 0 is their mean.",
    range: (f64::NEG_INFINITY, 1.0),
    undefined: "the gold numbers are all the same",
    reference: "scikit-learn 1.9.1 r2_score(force_finite=False)",
    source: "Wright 1921, Correlation and causation, Journal of Agricultural Research 20",
    build: |_, _| Ok(Statistics::Rows(Box::new(R2))),
    ..NUMBERS
};

struct R2;

/// Squared errors, gold numbers, their squares.
struct Sums<'s> {
    errors: &'s [f64],
    gold: &'s [f64],
    squares: &'s [f64],
}

impl<'s> Sums<'s> {
    fn of(sums: &'s [f64]) -> Self {
        let (errors, rest) = sums.split_at(PRODUCT);
        let (gold, squares) = rest.split_at(NUMBER);
        Self {
            errors,
            gold,
            squares,
        }
    }
}

impl RowMetric for R2 {
    fn width(&self) -> usize {
        NUMBER + 2 * PRODUCT
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        check_numbers(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let (predicted, gold) = numbers(row);
        let error = predicted - gold;
        let (errors, rest) = out.split_at_mut(PRODUCT);
        let (numbers, squares) = rest.split_at_mut(NUMBER);
        exact::split_product(error, error, errors);
        exact::split(gold, numbers);
        exact::split_product(gold, gold, squares);
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        let sums = Sums::of(sums);
        let variance = variance(n, sums.squares, sums.gold);
        if variance > 0.0 {
            1.0 - n * Exact::of_products(sums.errors).to_f64() / variance
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let sums = Sums::of(sums);
        vec![
            (
                "mse".into(),
                Some(Exact::of_products(sums.errors).to_f64() / n),
            ),
            (
                "variance".into(),
                Some(variance(n, sums.squares, sums.gold) / (n * n)),
            ),
        ]
    }

    fn row_score(&self, _stats: &[f64]) -> Option<f64> {
        None
    }
}
