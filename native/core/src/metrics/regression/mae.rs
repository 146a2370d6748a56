//! Mean absolute error, as scikit-learn's `mean_absolute_error`.

use super::{NUMBERS, check_numbers, numbers};
use crate::metrics::exact::{self, Exact};
use crate::metrics::{
    Components, Direction, Entry, Estimand, Problem, Row, RowFlags, RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "mae",
    summary: "Mean absolute error of predicted numbers.",
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    row_score: true,
    reference: "scikit-learn 1.9.1 mean_absolute_error",
    source: "Willmott and Matsuura 2005, https://doi.org/10.3354/cr030079",
    build: |_, _| Ok(Statistics::Rows(Box::new(Mae))),
    ..NUMBERS
};

struct Mae;

impl RowMetric for Mae {
    fn width(&self) -> usize {
        exact::NUMBER
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        check_numbers(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let (predicted, gold) = numbers(row);
        exact::split((predicted - gold).abs(), out);
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        Exact::of_numbers(sums).to_f64() / n
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Vec::new()
    }

    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.value(stats, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rows_have_no_error() {
        assert!(Mae.value(&[0.0; exact::NUMBER], 0.0).is_nan());
        assert_eq!(
            Mae.value(&[0.0, 6.0, 0.0, 0.0, 0.0, 0.0], 4.0),
            1.5 * 65536.0
        );
    }
}
