//! `SQuAD` 2.0: answers to questions of which some have none. Exact match and F1, also by kind of question; 0 to 100.

use super::words::{NORMALIZER, Rules, percent};
use crate::error::Result;
use crate::metrics::{
    Components, Context, Entry, Estimand, Field, ParamKind, ParamSpec, Params, Row, RowFlags,
    RowMetric, Statistics,
};
use crate::text::normalizers::Normalizer;
use crate::text::scratch::Scratch;

/// Exact match.
pub static EXACT: Entry = Entry {
    name: "squad2_exact",
    summary: "Share of questions, answerable or not, that are answered exactly as SQuAD 2.0 asks, in percent; 0 to 100.",
    build: |params, context| build(Unit::Exact, params, context),
    ..SHARED
};

/// F1 of words.
pub static F1: Entry = Entry {
    name: "squad2_f1",
    summary: "Overlap of words with the best reference as SQuAD 2.0 counts it, unanswerable questions included, \
              as F1 in percent; 0 to 100.",
    build: |params, context| build(Unit::F1, params, context),
    ..SHARED
};

/// What both entries have in common.
const SHARED: Entry = Entry {
    params: &[
        ParamSpec {
            name: "no_answer_threshold",
            summary: "Read a prediction as no answer where its no_answer_score is above this.",
            kind: ParamKind::OptionalFloat {
                low: -1e9,
                high: 1e9,
            },
        },
        NORMALIZER,
    ],
    range: (0.0, 100.0),
    reference: "SQuAD evaluate-v2.0.py",
    source: "Rajpurkar et al. 2018, https://aclanthology.org/P18-2124",
    ..Entry::TEXTS
};

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Exact,
    F1,
}

/// How a row of `SQuAD` 2.0 is scored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scoring {
    unit: Unit,
    rules: Rules,
}

impl Scoring {
    pub(super) fn of(unit: Unit, params: &Params) -> Self {
        Self::new(unit, Normalizer::named(params.text("normalizer")))
    }

    pub(super) fn new(unit: Unit, normalizer: Normalizer) -> Self {
        let rules = Rules {
            normalizer,
            no_answers: true,
        };
        Self { unit, rules }
    }

    /// The score of the answer's text, 0 to 1.
    pub(super) fn score(self, row: &Row<'_>, scratch: &mut Scratch) -> f64 {
        let words = self.rules.words(row, scratch);
        match self.unit {
            Unit::Exact => f64::from(u8::from(self.rules.is_exact(words))),
            Unit::F1 => self.rules.best(words)[2],
        }
    }
}

/// Whether the question has an answer: an unanswerable one has no reference but the empty string.
pub(super) fn has_answer(row: &Row<'_>) -> bool {
    row.references.iter().any(|reference| !reference.is_empty())
}

struct Squad2 {
    scoring: Scoring,
    threshold: Option<f64>,
}

// The signature is that of [`Entry::build`].
#[allow(clippy::unnecessary_wraps)]
fn build(unit: Unit, params: &Params, _: &Context<'_>) -> Result<Statistics> {
    Ok(Statistics::Rows(Box::new(Squad2 {
        scoring: Scoring::of(unit, params),
        threshold: params.optional("no_answer_threshold"),
    })))
}

impl RowMetric for Squad2 {
    /// Score, score if the question has an answer, whether it has one.
    fn width(&self) -> usize {
        3
    }

    fn needs(&self) -> Option<&'static [Field]> {
        self.threshold?;
        Some(&[
            Field::PredictionText,
            Field::References,
            Field::NoAnswerScore,
        ])
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let has_answer = has_answer(row);
        let withheld = match (self.threshold, row.no_answer_score()) {
            (Some(threshold), Some(score)) => score > threshold,
            _ => false,
        };
        let score = if withheld {
            f64::from(u8::from(!has_answer))
        } else {
            self.scoring.score(row, scratch)
        };
        out[0] = score;
        if has_answer {
            out[1] = score;
            out[2] = 1.0;
        }
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        percent(sums[0], n)
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let (with, without) = (sums[2], n - sums[2]);
        let part = |sum: f64, n: f64| (n > 0.0).then(|| percent(sum, n));
        vec![
            ("has_answer".into(), part(sums[1], with)),
            ("has_answer_total".into(), Some(with)),
            ("no_answer".into(), part(sums[0] - sums[1], without)),
            ("no_answer_total".into(), Some(without)),
        ]
    }

    fn estimand(&self) -> Estimand {
        match self.scoring.unit {
            Unit::Exact => Estimand::Proportion,
            Unit::F1 => Estimand::Mean,
        }
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(100.0 * stats[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(unit: Unit) -> Squad2 {
        Squad2 {
            scoring: Scoring::new(unit, Normalizer::Squad),
            threshold: None,
        }
    }

    fn stats(unit: Unit, prediction: &str, references: &[&str]) -> [f64; 3] {
        let mut out = [0.0; 3];
        let row = Row::of_texts(prediction, references, 1);
        metric(unit).row(&row, &mut Scratch::default(), &mut out);
        out
    }

    #[test]
    fn unanswerable_questions_want_no_words() {
        assert_eq!(stats(Unit::Exact, "", &[""]), [1.0, 0.0, 0.0]);
        assert_eq!(stats(Unit::F1, "The!", &[""]), [1.0, 0.0, 0.0]);
        assert_eq!(stats(Unit::F1, "Paris", &[""]), [0.0; 3]);
        assert_eq!(stats(Unit::Exact, "", &["Paris"]), [0.0, 0.0, 1.0]);
        assert_eq!(stats(Unit::F1, "the old Paris", &["Paris"])[1], 2.0 / 3.0);
    }

    #[test]
    fn parts_are_of_their_own_questions() {
        let metric = metric(Unit::Exact);
        let parts = metric.components(&[3.0, 1.0, 2.0], 6.0);
        assert_eq!(parts[0].1, Some(50.0));
        assert_eq!(parts[2].1, Some(50.0));
        assert_eq!(metric.components(&[1.0, 0.0, 0.0], 1.0)[0].1, None);
    }
}
