//! Predicted numbers against gold numbers.

mod kendall;
mod mae;
mod moments;
mod pairs;
mod pearson;
mod r2;
mod ranks;
mod rmse;
mod spearman;

use super::{CollectedRows, Entry, Field, Problem, Row};
use ranks::Ranking;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &kendall::ENTRY,
    &mae::ENTRY,
    &pearson::ENTRY,
    &r2::ENTRY,
    &rmse::ENTRY,
    &spearman::ENTRY,
];

/// What these metrics have in common.
const NUMBERS: Entry = Entry {
    needs: &[Field::PredictionValue, Field::Value],
    weighted: true,
    row_score: false,
    ..Entry::TEXTS
};

/// Numbers are below this, so that their differences fit [`super::exact`].
const MAX: f64 = super::exact::MAX / 2.0;

/// The predicted and the gold number of a row; a row that lacks one does not get here.
fn numbers(row: &Row<'_>) -> (f64, f64) {
    (
        row.value().unwrap_or(f64::NAN),
        row.gold_value().unwrap_or(f64::NAN),
    )
}

/// Refuses numbers that have no place in exact sums.
fn check_numbers(row: &Row<'_>) -> Result<(), Problem> {
    let (predicted, gold) = numbers(row);
    for (number, field) in [(predicted, "prediction.value"), (gold, "value")] {
        if number.is_nan() || number.abs() >= MAX {
            return Err(Problem::new(
                "BAD_VALUE",
                field,
                "must be a finite number below 2^63 (9.2e18); scale larger ones down",
            ));
        }
    }
    Ok(())
}

/// The rankings of predicted and gold numbers, kept in this order.
fn rankings(rows: &CollectedRows) -> (Ranking, Ranking) {
    let column = |at: usize| -> Vec<f64> {
        let number = |numbers: &[f64]| numbers.get(at).copied().unwrap_or_default();
        rows.iter().map(number).collect()
    };
    (Ranking::of(&column(0)), Ranking::of(&column(1)))
}
