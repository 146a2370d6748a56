//! F1 of the words of short answers after normalisation (`SQuAD` v1.1 evaluation script); 0 to 100.

use crate::metrics::{Components, Entry, Row, RowFlags, RowMetric, Statistics};
use crate::stats::f_measure;
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "token_f1",
    summary: "Overlap of the words of an answer with the best reference, as F1 in percent; 0 to 100.",
    range: (0.0, 100.0),
    reference: "SQuAD evaluate-v1.1.py",
    source: "Rajpurkar et al. 2016, https://aclanthology.org/D16-1264",
    build: |_, _| Ok(Statistics::Rows(Box::new(TokenF1))),
    ..Entry::TEXTS
};

struct TokenF1;

impl RowMetric for TokenF1 {
    fn width(&self) -> usize {
        3
    }

    /// Precision, recall and F1, 0 to 1, of the first of the best references. As in the script, two empty answers
    /// have nothing in common and score 0.
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let (words, matching) = scratch.squad(row);
        let mut best = [0.0; 3];
        for reference in words.references() {
            matching.load(&words.prediction, reference);
            let [common] = matching.counts::<1>();
            let of = |len: usize| f64::from(common) / len.max(1) as f64;
            let (precision, recall) = (of(words.prediction.len()), of(reference.len()));
            let f1 = f_measure(precision, recall);
            if f1 > best[2] {
                best = [precision, recall, f1];
            }
        }
        out.copy_from_slice(&best);
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 {
            100.0 * sums[2] / n
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let names = ["precision", "recall"];
        let part =
            |(name, sum): (&str, &f64)| (name.to_owned(), (n > 0.0).then(|| 100.0 * sum / n));
        names.into_iter().zip(sums).map(part).collect()
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(100.0 * stats[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(prediction: &str, references: &[&str]) -> [f64; 3] {
        let mut out = [f64::NAN; 3];
        let row = Row::of_texts(prediction, references, 1);
        TokenF1.row(&row, &mut Scratch::default(), &mut out);
        out
    }

    #[test]
    fn the_best_reference_counts_with_all_its_parts() {
        assert_eq!(
            stats("the big red dog", &["cat", "red dog"]),
            [2.0 / 3.0, 1.0, 0.8]
        );
        assert_eq!(stats("dog dog", &["dog"]), [0.5, 1.0, 2.0 / 3.0]);
    }

    #[test]
    fn two_empty_answers_have_nothing_in_common() {
        assert_eq!(stats("", &["the"]), [0.0; 3]);
    }

    #[test]
    fn values_are_in_percent() {
        assert_eq!(TokenF1.value(&[1.0, 1.0, 1.5], 2.0), 75.0);
        assert_eq!(
            TokenF1.components(&[1.0, 2.0, 1.5], 2.0)[1],
            ("recall".into(), Some(100.0))
        );
        assert!(TokenF1.value(&[0.0; 3], 0.0).is_nan());
    }
}
