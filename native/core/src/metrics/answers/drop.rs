//! DROP: exact match and F1 of answers that are lists of spans, with numbers that must match; 0 to 1.

use crate::error::Result;
use crate::metrics::{
    Components, Context, Entry, Estimand, Field, ParamKind, ParamSpec, Params, Problem, Row,
    RowFlags, RowMetric, Statistics,
};
use crate::text::drop::{Answer, MAX_SPANS, f1, is_exact};
use crate::text::python::is_space;
use crate::text::scratch::Scratch;

/// Exact match.
pub static EM: Entry = Entry {
    name: "drop_em",
    summary: "Share of answers whose spans are exactly those of a reference, as DROP counts; 0 to 1.",
    build: |params, context| build(Unit::Exact, params, context),
    ..SHARED
};

/// F1.
pub static F1: Entry = Entry {
    name: "drop_f1",
    summary: "F1 of the words of the best-aligned spans, 0 where no number matches, as DROP counts; 0 to 1.",
    build: |params, context| build(Unit::F1, params, context),
    ..SHARED
};

/// What both entries have in common.
const SHARED: Entry = Entry {
    params: &[ParamSpec {
        name: "spans",
        summary: "Where spans are: every text is one span; or reference_tokens holds a list of spans for each \
                  reference; or tokens does so for the prediction too.",
        kind: ParamKind::Choice(&["text", "reference_tokens", "tokens"]),
    }],
    reference: "lm-evaluation-harness 0.4.13 tasks/drop/utils.py, allennlp-reading-comprehension drop_eval.py",
    source: "Dua et al. 2019, https://aclanthology.org/N19-1246",
    ..Entry::TEXTS
};

#[derive(Debug, Clone, Copy)]
enum Unit {
    Exact,
    F1,
}

/// Which fields hold lists of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    None,
    Gold,
    Both,
}

struct Drop {
    unit: Unit,
    lists: Lists,
}

// The signature is that of [`Entry::build`].
#[allow(clippy::unnecessary_wraps)]
fn build(unit: Unit, params: &Params, _: &Context<'_>) -> Result<Statistics> {
    let lists = match params.text("spans") {
        "reference_tokens" => Lists::Gold,
        "tokens" => Lists::Both,
        _ => Lists::None,
    };
    Ok(Statistics::Rows(Box::new(Drop { unit, lists })))
}

/// The answers of the row that was scored last.
#[derive(Default)]
struct Answers {
    predicted: Answer,
    gold: Answer,
}

impl Drop {
    /// The best score over the references; one that begins with a blank span does not count.
    fn best(&self, row: &Row<'_>, answers: &mut Answers) -> f64 {
        if self.lists == Lists::Both {
            answers.predicted.load(row.tokens().iter().copied());
        } else {
            answers.predicted.load([row.prediction]);
        }
        let mut best = 0.0;
        let mut compare = |spans: &[&str]| {
            let is_blank = spans
                .first()
                .is_none_or(|span| span.trim_matches(is_space).is_empty());
            if !is_blank {
                answers.gold.load(spans.iter().copied());
                best = f64::max(best, self.unit.score(&answers.predicted, &answers.gold));
            }
        };
        if self.lists == Lists::None {
            for reference in row.references {
                compare(&[reference]);
            }
        } else {
            row.reference_tokens().for_each(compare);
        }
        best
    }
}

impl Unit {
    fn score(self, predicted: &Answer, gold: &Answer) -> f64 {
        match self {
            Self::Exact => f64::from(u8::from(is_exact(predicted, gold))),
            Self::F1 => f1(predicted, gold),
        }
    }
}

impl RowMetric for Drop {
    fn width(&self) -> usize {
        1
    }

    fn needs(&self) -> Option<&'static [Field]> {
        match self.lists {
            Lists::None => None,
            Lists::Gold => Some(&[Field::PredictionText, Field::ReferenceTokens]),
            Lists::Both => Some(&[Field::PredictionTokens, Field::ReferenceTokens]),
        }
    }

    fn checks_rows(&self) -> bool {
        self.lists != Lists::None
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        let refuse = |field: String| {
            let text = format!("an answer may have at most {MAX_SPANS} spans");
            Err(Problem::new("TOO_MANY_SPANS", field, text))
        };
        if self.lists == Lists::Both && row.tokens().len() > MAX_SPANS {
            return refuse("prediction.tokens".into());
        }
        let mut lists = row.reference_tokens();
        match lists.position(|spans| spans.len() > MAX_SPANS) {
            Some(at) => refuse(format!("reference_tokens[{at}]")),
            None => Ok(()),
        }
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        out[0] = self.best(row, scratch.of());
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 { sums[0] / n } else { f64::NAN }
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Components::new()
    }

    fn estimand(&self) -> Estimand {
        match self.unit {
            Unit::Exact => Estimand::Proportion,
            Unit::F1 => Estimand::Mean,
        }
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(unit: Unit, prediction: &str, references: &[&str]) -> f64 {
        let metric = Drop {
            unit,
            lists: Lists::None,
        };
        let mut out = [0.0];
        let row = Row::of_texts(prediction, references, 1);
        metric.row(&row, &mut Scratch::default(), &mut out);
        out[0]
    }

    #[test]
    fn the_best_reference_counts() {
        assert_eq!(score(Unit::F1, "78", &["dog", "78-yard"]), 0.67);
        assert_eq!(score(Unit::Exact, "78 yard", &["dog", "78-yard"]), 1.0);
    }

    #[test]
    fn blank_references_do_not_count() {
        assert_eq!(score(Unit::Exact, "", &[" "]), 0.0);
        assert_eq!(score(Unit::F1, "", &[""]), 0.0);
        // This one is blank only after normalisation.
        assert_eq!(score(Unit::F1, "", &["the"]), 1.0);
    }
}
