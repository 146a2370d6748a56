//! `brier`: the squared distance between probabilities and what came true.

use super::probabilities::{SCORES, Scores};
use super::row_classes;
use crate::metrics::{
    Components, Direction, Entry, Estimand, Field, ParamKind, ParamSpec, Problem, Row, RowFlags,
    RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "brier",
    summary: "Mean squared distance between the probabilities of the classes and the gold class.",
    params: &[
        ParamSpec {
            name: "scale_by_half",
            summary: "Halve the sum over classes, so that it reaches from 0 to 1: auto halves with two classes.",
            kind: ParamKind::Choice(&["auto", "true", "false"]),
        },
        SCORES,
    ],
    needs: &[Field::ClassScores, Field::Labels],
    direction: Direction::Lower,
    range: (0.0, 2.0),
    row_score: true,
    reference: "scikit-learn 1.9.1 brier_score_loss",
    source: "Brier 1950, https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    build: |params, _| {
        Ok(Statistics::Rows(Box::new(Brier {
            scores: Scores::of(params),
            halve: match params.text("scale_by_half") {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
        })))
    },
    ..Entry::LABELS
};

struct Brier {
    scores: Scores,
    /// `None`: with two classes.
    halve: Option<bool>,
}

impl RowMetric for Brier {
    fn width(&self) -> usize {
        1
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        row_classes::check_gold(row, row.classes())?;
        self.scores.check(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let gold = row_classes::gold(row, row.classes());
        let scores = row.class_scores();
        let probabilities = self.scores.probabilities(scores);
        let distances = probabilities
            .iter()
            .enumerate()
            .map(|(class, probability)| {
                let truth = f64::from(u8::from(Some(class) == gold));
                (truth - probability).powi(2)
            });
        let halve = self.halve.unwrap_or(scores.len() < 3);
        out[0] = distances.sum::<f64>() * if halve { 0.5 } else { 1.0 };
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        // Without rows this is 0 / 0: undefined.
        sums[0] / n
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Components::new()
    }

    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[0])
    }
}
