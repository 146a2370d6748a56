//! Exact match of short answers after normalisation (`SQuAD` v1.1 evaluation script); 0 to 100.

use crate::metrics::{Components, Entry, Row, RowFlags, RowMetric, Statistics};
use crate::text::scratch::Scratch;
use crate::text::tokens::Tokens;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "exact_match",
    summary: "Share of answers that equal a reference after normalisation, in percent; 0 to 100.",
    range: (0.0, 100.0),
    reference: "SQuAD evaluate-v1.1.py",
    source: "Rajpurkar et al. 2016, https://aclanthology.org/D16-1264",
    build: |_, _| Ok(Statistics::Rows(Box::new(ExactMatch))),
    ..Entry::TEXTS
};

struct ExactMatch;

impl RowMetric for ExactMatch {
    fn width(&self) -> usize {
        1
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let (words, _) = scratch.squad(row);
        let hit = words
            .references()
            .iter()
            .any(|reference| are_equal(&words.prediction, reference));
        out[0] = f64::from(u8::from(hit));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 {
            100.0 * sums[0] / n
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        vec![("matches".into(), Some(sums[0]))]
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(100.0 * stats[0])
    }
}

fn are_equal(left: &Tokens, right: &Tokens) -> bool {
    left.len() == right.len() && (0..left.len()).all(|at| left.same(at, right, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(prediction: &str, references: &[&str]) -> f64 {
        let mut out = [f64::NAN];
        let row = Row::of_texts(prediction, references, 1);
        ExactMatch.row(&row, &mut Scratch::default(), &mut out);
        out[0]
    }

    #[test]
    fn any_reference_may_match_after_normalisation() {
        assert_eq!(hit("The Eiffel-Tower!", &["Paris", "eiffeltower"]), 1.0);
        assert_eq!(hit("Eiffel Tower", &["Paris", "Eiffel Towers"]), 0.0);
        assert_eq!(hit("eiffel", &["eiffel tower"]), 0.0);
        assert_eq!(hit("the", &[""]), 1.0);
    }

    #[test]
    fn the_value_is_in_percent() {
        assert_eq!(ExactMatch.value(&[1.0], 3.0), 100.0 / 3.0);
        assert_eq!(ExactMatch.row_score(&[1.0]), Some(100.0));
        assert!(ExactMatch.value(&[0.0], 0.0).is_nan());
    }
}
