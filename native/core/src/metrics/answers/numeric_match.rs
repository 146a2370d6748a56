//! Whether the number in an answer is that of a reference, within a tolerance; 0 to 100.

use super::hits::{Hit, share_of};
use crate::metrics::{Entry, ParamKind, ParamSpec, Problem, Row};
use crate::text::numbers::{Notation, Which};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "numeric_match",
    summary: "Share of answers whose number is that of a reference within a tolerance, in percent; 0 to 100.",
    params: PARAMS,
    range: (0.0, 100.0),
    reference: "numpy.isclose 2.4 for the comparison",
    source: "https://numpy.org/doc/2.4/reference/generated/numpy.isclose.html; taking the last number of an answer: \
             Cobbe et al. 2021, https://arxiv.org/abs/2110.14168",
    build: |params, _| {
        Ok(share_of(NumericMatch {
            notation: Notation {
                decimal_comma: params.text("decimal") == "comma",
                percent_is_fraction: params.text("percent") == "fraction",
            },
            which: match params.text("extract") {
                "first" => Which::First,
                "only" => Which::Only,
                _ => Which::Last,
            },
            absolute: params.number("absolute_tolerance"),
            relative: params.number("relative_tolerance"),
        }))
    },
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "absolute_tolerance",
        summary: "How far from the reference's number the answer's may be.",
        kind: ParamKind::Float {
            default: 0.0,
            low: 0.0,
            high: 1e15,
        },
    },
    ParamSpec {
        name: "decimal",
        summary: "What stands before decimals; the other sign separates thousands.",
        kind: ParamKind::Choice(&["point", "comma"]),
    },
    ParamSpec {
        name: "extract",
        summary: "Which number of a text counts: the last, the first, or only a text that is nothing but a number.",
        kind: ParamKind::Choice(&["last", "first", "only"]),
    },
    ParamSpec {
        name: "percent",
        summary: "Whether 50% is the number 50 (ignore) or 0.5 (fraction).",
        kind: ParamKind::Choice(&["ignore", "fraction"]),
    },
    ParamSpec {
        name: "relative_tolerance",
        summary: "How far from the reference's number the answer's may be, as a share of the reference's; it adds to \
                  absolute_tolerance.",
        kind: ParamKind::Float {
            default: 0.0,
            low: 0.0,
            high: 1e9,
        },
    },
];

struct NumericMatch {
    notation: Notation,
    which: Which,
    absolute: f64,
    relative: f64,
}

impl NumericMatch {
    fn read(&self, text: &str) -> Option<f64> {
        self.notation.read(text, self.which)
    }

    fn is_close(&self, number: f64, gold: f64) -> bool {
        number == gold
            || (number - gold).abs() <= self.absolute + self.relative * gold.abs()
                && number.is_finite()
                && gold.is_finite()
    }
}

impl Hit for NumericMatch {
    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        if row
            .references
            .iter()
            .any(|reference| self.read(reference).is_some())
        {
            return Ok(());
        }
        let text = "no reference holds a number that the parameters decimal and extract can read";
        Err(Problem::new("NO_NUMBER", "references", text))
    }

    fn is_hit(&self, row: &Row<'_>, _scratch: &mut Scratch) -> bool {
        let Some(number) = self.read(row.prediction) else {
            return false;
        };
        let mut golds = row
            .references
            .iter()
            .filter_map(|reference| self.read(reference));
        golds.any(|gold| self.is_close(number, gold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: NumericMatch = NumericMatch {
        notation: Notation {
            decimal_comma: false,
            percent_is_fraction: false,
        },
        which: Which::Last,
        absolute: 0.0,
        relative: 0.0,
    };

    fn hit(metric: &NumericMatch, prediction: &str, references: &[&str]) -> bool {
        let row = Row::of_texts(prediction, references, 1);
        metric.is_hit(&row, &mut Scratch::default())
    }

    #[test]
    fn spelling_does_not_matter() {
        assert!(hit(&EXACT, "So it costs $1,200.00.", &["... #### 1200"]));
        assert!(!hit(&EXACT, "12", &["12.5", "13"]));
        assert!(!hit(&EXACT, "twelve", &["12"]));
    }

    #[test]
    fn tolerances_add_up() {
        let loose = NumericMatch {
            absolute: 1.0,
            relative: 0.01,
            ..EXACT
        };
        assert!(hit(&loose, "102", &["100"]));
        assert!(!hit(&loose, "102.1", &["100"]));
        assert!(!hit(&loose, "1e999", &["100"]));
        assert!(hit(&EXACT, "1e999", &["1e999"]));
    }

    #[test]
    fn rows_without_a_gold_number_are_refused() {
        assert!(
            EXACT
                .check_row(&Row::of_texts("1", &["a dozen", "12"], 1))
                .is_ok()
        );
        let problem = EXACT.check_row(&Row::of_texts("1", &["a dozen"], 1));
        assert_eq!(problem.expect_err("no number").reason, "NO_NUMBER");
    }
}
