//! Whether an answer matches a regular expression, a parameter or the references; 0 to 100.

use rustc_hash::FxHashMap;

use regex::Regex;

use super::hits::{Hit, share_of};
use crate::error::Result;
use crate::metrics::{
    Context, Entry, Field, ParamKind, ParamSpec, Params, Problem, Row, Statistics,
};
use crate::text::patterns;
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "regex_match",
    summary: "Share of answers that match a regular expression, in percent; 0 to 100.",
    params: &[
        ParamSpec {
            name: "ignore_case",
            summary: "Match letters of both cases.",
            kind: ParamKind::Bool(false),
        },
        ParamSpec {
            name: "mode",
            summary: "Whether the pattern matches somewhere (search) or the whole answer (full).",
            kind: ParamKind::Choice(&["search", "full"]),
        },
        ParamSpec {
            name: "pattern",
            summary: "The pattern for all rows; if it is not given, each reference is a pattern and any may match.",
            kind: ParamKind::Text,
        },
    ],
    range: (0.0, 100.0),
    reference: "Rust crate regex 1",
    source: "https://docs.rs/regex/1/regex/#syntax",
    build,
    ..Entry::TEXTS
};

fn build(params: &Params, _: &Context<'_>) -> Result<Statistics> {
    let mut metric = RegexMatch {
        ignore_case: params.bool("ignore_case"),
        full: params.text("mode") == "full",
        pattern: None,
    };
    if !params.text("pattern").is_empty() {
        let pattern = metric.compile(params.text("pattern"));
        metric.pattern = Some(pattern.map_err(|problem| params.error("pattern", problem))?);
    }
    Ok(share_of(metric))
}

struct RegexMatch {
    ignore_case: bool,
    full: bool,
    pattern: Option<Regex>,
}

/// Compiled patterns that are kept: rows often share references, and all systems of a row do.
const MAX_KEPT: usize = 64;

/// Patterns of references, compiled, by metric and text; `None` for those that are none.
#[derive(Default)]
struct Compiled(FxHashMap<(bool, bool, String), Option<Regex>>);

impl RegexMatch {
    fn compile(&self, pattern: &str) -> std::result::Result<Regex, String> {
        if self.full {
            patterns::compile_full(pattern, self.ignore_case)
        } else {
            patterns::compile(pattern, self.ignore_case)
        }
    }

    /// Whether the answer matches a reference's pattern. Bad patterns were refused by [`Hit::check_row`].
    fn matches(&self, compiled: &mut Compiled, pattern: &str, answer: &str) -> bool {
        let key = (self.ignore_case, self.full, pattern.to_owned());
        if compiled.0.len() >= MAX_KEPT && !compiled.0.contains_key(&key) {
            compiled.0.clear();
        }
        let found = compiled.0.entry(key);
        let pattern = found.or_insert_with(|| self.compile(pattern).ok());
        pattern
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(answer))
    }
}

impl Hit for RegexMatch {
    fn needs(&self) -> Option<&'static [Field]> {
        self.pattern.as_ref()?;
        Some(&[Field::PredictionText])
    }

    fn checks_rows(&self) -> bool {
        self.pattern.is_none()
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        for (at, reference) in row.references.iter().enumerate() {
            if let Err(problem) = self.compile(reference) {
                return Err(Problem::new(
                    "BAD_PATTERN",
                    format!("references[{at}]"),
                    problem,
                ));
            }
        }
        Ok(())
    }

    fn is_hit(&self, row: &Row<'_>, scratch: &mut Scratch) -> bool {
        if let Some(pattern) = &self.pattern {
            return pattern.is_match(row.prediction);
        }
        let compiled = scratch.of();
        let mut references = row.references.iter();
        references.any(|reference| self.matches(compiled, reference, row.prediction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(full: bool, prediction: &str, references: &[&str]) -> bool {
        let metric = RegexMatch {
            ignore_case: true,
            full,
            pattern: None,
        };
        let row = Row::of_texts(prediction, references, 1);
        metric.check_row(&row).expect("good patterns");
        metric.is_hit(&row, &mut Scratch::default())
    }

    #[test]
    fn references_are_patterns() {
        assert!(hit(false, "It is PARIS.", &["^Paris", "paris\\.$"]));
        assert!(!hit(true, "It is PARIS.", &["paris", "is|it"]));
        assert!(hit(true, "It", &["is|it"]));
    }

    #[test]
    fn a_pattern_cannot_leave_its_group() {
        let row = Row::of_texts("ab", &["a)|(?:b"], 1);
        let metric = RegexMatch {
            ignore_case: false,
            full: true,
            pattern: None,
        };
        let problem = metric.check_row(&row).expect_err("a bad pattern");
        assert_eq!(
            (problem.reason, problem.field.as_str()),
            ("BAD_PATTERN", "references[0]")
        );
    }

    #[test]
    fn kept_patterns_are_bounded() {
        let metric = RegexMatch {
            ignore_case: false,
            full: false,
            pattern: None,
        };
        let mut compiled = Compiled::default();
        for number in 0..1_000 {
            assert!(metric.matches(&mut compiled, &format!("^{number}$"), &number.to_string()));
            assert!(compiled.0.len() <= MAX_KEPT);
        }
    }
}
