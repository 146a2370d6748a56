//! Root mean squared error, as scikit-learn's `root_mean_squared_error`.

use super::{NUMBERS, check_numbers, numbers};
use crate::metrics::exact::{self, Exact};
use crate::metrics::{Components, Direction, Entry, Problem, Row, RowFlags, RowMetric, Statistics};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "rmse",
    summary: "Root of the mean squared error of predicted numbers.",
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    row_score: true,
    reference: "scikit-learn 1.9.1 root_mean_squared_error",
    source: "Willmott and Matsuura 2005, https://doi.org/10.3354/cr030079",
    build: |_, _| Ok(Statistics::Rows(Box::new(Rmse))),
    ..NUMBERS
};

struct Rmse;

/// The mean of squares whose limbs were summed.
fn mean_square(sums: &[f64], n: f64) -> f64 {
    Exact::of_products(sums).to_f64() / n
}

impl RowMetric for Rmse {
    fn width(&self) -> usize {
        exact::PRODUCT
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
        exact::split_product(error, error, out);
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        mean_square(sums, n).sqrt()
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        vec![("mse".into(), Some(mean_square(sums, n)))]
    }

    /// The absolute error: the root of one square.
    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.value(stats, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_root_of_the_mean() {
        let mut sums = [0.0; exact::PRODUCT];
        exact::split_product(-6.0, -6.0, &mut sums);
        assert_eq!(Rmse.value(&sums, 4.0), 3.0);
        assert_eq!(Rmse.row_score(&sums), Some(6.0));
        assert_eq!(Rmse.components(&sums, 4.0), [("mse".into(), Some(9.0))]);
        assert!(Rmse.value(&[0.0; exact::PRODUCT], 0.0).is_nan());
    }
}
