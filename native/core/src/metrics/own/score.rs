//! The mean of a number that the caller computed.

use super::{OF, name_of};
use crate::metrics::{
    Components, Direction, Entry, Estimand, Field, ParamKind, ParamSpec, Problem, Row, RowFlags,
    RowMetric, Statistics, wide,
};
use crate::text::scratch::Scratch;

/// Lowest and highest value: any number.
const RANGE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "score",
    summary: "Mean of a number of the caller's own, which each prediction carries under a name.",
    params: &[
        ParamSpec {
            name: "direction",
            summary: "Which way is better.",
            kind: ParamKind::Choice(&["higher", "lower"]),
        },
        OF,
    ],
    needs: &[Field::Scores],
    range: RANGE,
    adjust: Some(|params| match params.text("direction") {
        "lower" => (Direction::Lower, RANGE),
        _ => (Direction::Higher, RANGE),
    }),
    weighted: true,
    reference: "the arithmetic mean",
    source: "the caller",
    build: |params, _| {
        Ok(Statistics::Rows(Box::new(Score {
            name: name_of(params)?,
        })))
    },
    ..Entry::TEXTS
};

struct Score {
    name: String,
}

impl RowMetric for Score {
    fn width(&self) -> usize {
        wide::WIDTH
    }

    fn score_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        match row.score(&self.name) {
            Some(number) if number.is_nan() || number.abs() > wide::MAX => Err(Problem::new(
                "BAD_SCORE",
                format!("prediction.scores[{}]", self.name),
                "must be a finite number of at most 2^64 (1.8e19); leave it out where there is none",
            )),
            _ => Ok(()),
        }
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        // A row without the number is a missing prediction and does not get here.
        out.copy_from_slice(&wide::split(row.score(&self.name).unwrap_or_default()));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        wide::join(sums) / n
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Vec::new()
    }

    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(wide::join(stats))
    }
}
