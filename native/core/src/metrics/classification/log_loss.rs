//! `log_loss` and `cross_entropy`: minus the mean logarithm of the gold class's probability.

use super::probabilities::{SCORES, Scores};
use super::row_classes;
use crate::metrics::{
    Components, Direction, Entry, Estimand, Field, ParamKind, ParamSpec, Problem, Row, RowFlags,
    RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// The registry's entry of `log_loss`.
pub static LOG_LOSS: Entry = Entry {
    name: "log_loss",
    summary: "Minus the mean natural logarithm of the probability given to the gold class.",
    params: &[SCORES],
    needs: &[Field::ClassScores, Field::Labels],
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    row_score: true,
    reference: "scikit-learn 1.9.1 log_loss",
    source: "Bishop, Pattern Recognition and Machine Learning, 2006, section 4.3.4",
    build: |params, _| Ok(Statistics::Rows(Box::new(LogLoss(Scores::of(params))))),
    ..Entry::LABELS
};

/// The registry's entry of `cross_entropy`: the same with logits as the default.
pub static CROSS_ENTROPY: Entry = Entry {
    name: "cross_entropy",
    summary: "Minus the mean natural logarithm of the softmax of the logits at the gold class.",
    params: &[ParamSpec {
        kind: ParamKind::Choice(&["logits", "probabilities"]),
        ..SCORES
    }],
    reference: "scipy 1.17.1 special.log_softmax",
    ..LOG_LOSS
};

struct LogLoss(Scores);

impl RowMetric for LogLoss {
    fn width(&self) -> usize {
        1
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        row_classes::check_gold(row, row.classes())?;
        self.0.check(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        if let Some(gold) = row_classes::gold(row, row.classes()) {
            out[0] = self.0.probabilities(row.class_scores()).loss(gold);
        }
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
