//! ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004), as rouge-score 0.1.2 computes them (profile `google`).

use crate::metrics::{
    Components, Entry, ParamKind, ParamSpec, Params, Row, RowFlags, RowMetric, Statistics,
};
use crate::stats::f_measure;
use crate::text::matching::Matching;
use crate::text::scratch::Scratch;

/// ROUGE-1.
pub static ROUGE_1: Entry = Entry {
    name: "rouge_1",
    summary: "Overlap of single words with the reference, as F-measure; 0 to 1.",
    build: |params, _| Ok(build(Unit::Grams(1), params)),
    ..SHARED
};

/// ROUGE-2.
pub static ROUGE_2: Entry = Entry {
    name: "rouge_2",
    summary: "Overlap of pairs of words with the reference, as F-measure; 0 to 1.",
    build: |params, _| Ok(build(Unit::Grams(2), params)),
    ..SHARED
};

/// ROUGE-L.
pub static ROUGE_L: Entry = Entry {
    name: "rouge_l",
    summary: "Longest common subsequence of words with the reference, as F-measure; 0 to 1.",
    build: |params, _| Ok(build(Unit::Subsequence, params)),
    ..SHARED
};

/// What all ROUGE entries have in common.
const SHARED: Entry = Entry {
    params: &[ParamSpec {
        name: "stemmer",
        summary: "Compare Porter stems of words with more than three letters.",
        kind: ParamKind::Bool(false),
    }],
    profiles: &["google"],
    reference: "rouge-score 0.1.2",
    source: "Lin 2004, https://aclanthology.org/W04-1013",
    ..Entry::TEXTS
};

/// What is counted.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Grams(usize),
    Subsequence,
}

struct Rouge {
    unit: Unit,
    stemmer: bool,
}

fn build(unit: Unit, params: &Params) -> Statistics {
    Statistics::Rows(Box::new(Rouge {
        unit,
        stemmer: params.bool("stemmer"),
    }))
}

impl RowMetric for Rouge {
    /// Precision, recall, F-measure.
    fn width(&self) -> usize {
        3
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let compared = scratch.rouge(row, self.stemmer);
        let mut best = [0.0; 3];
        for matching in compared.matchings() {
            let triple = self.unit.score(matching);
            // The first of the best, as NumPy's argmax.
            if triple[2] > best[2] {
                best = triple;
            }
        }
        out.copy_from_slice(&best);
        RowFlags(if compared.dropped {
            RowFlags::NON_ASCII_DROPPED
        } else {
            0
        })
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 { sums[2] / n } else { f64::NAN }
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let names = ["precision", "recall", "fmeasure"];
        let part = |(name, sum): (&str, &f64)| (name.to_owned(), (n > 0.0).then(|| sum / n));
        names.into_iter().zip(sums).map(part).collect()
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[2])
    }
}

impl Unit {
    /// Precision, recall and F-measure. An F-measure of 0 means that nothing matches, so all three are 0.
    fn score(self, matching: &mut Matching) -> [f64; 3] {
        let (hits, shorter_by) = match self {
            Self::Grams(1) => (matching.counts::<1>()[0] as usize, 0),
            Self::Grams(_) => (matching.counts::<2>()[1] as usize, 1),
            Self::Subsequence => (matching.lcs(), 0),
        };
        let of = |tokens: usize| hits as f64 / tokens.saturating_sub(shorter_by).max(1) as f64;
        let precision = of(matching.prediction());
        let recall = of(matching.reference());
        [precision, recall, f_measure(precision, recall)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(unit: Unit, prediction: &str, references: &[&str]) -> ([f64; 3], RowFlags) {
        let mut out = [f64::NAN; 3];
        let row = Row::of_texts(prediction, references, 1);
        let metric = Rouge {
            unit,
            stemmer: false,
        };
        let flags = metric.row(&row, &mut Scratch::default(), &mut out);
        (out, flags)
    }

    /// Lin 2004, section 3: S1 to S3.
    #[test]
    fn the_example_of_the_paper() {
        let reference = ["police killed the gunman"];
        assert_eq!(
            stats(Unit::Subsequence, "police kill the gunman", &reference).0[2],
            0.75
        );
        assert_eq!(
            stats(Unit::Subsequence, "the gunman kill police", &reference).0[2],
            0.5
        );
        assert_eq!(
            stats(Unit::Grams(2), "the gunman kill police", &reference).0[1],
            1.0 / 3.0
        );
    }

    #[test]
    fn the_first_of_the_best_references_counts() {
        let (best, _) = stats(Unit::Grams(1), "a b", &["x", "a b c d", "a b"]);
        assert_eq!(best, [1.0, 1.0, 1.0]);
        let (best, _) = stats(Unit::Grams(1), "a b c", &["a b d", "b c e"]);
        assert_eq!(best, [2.0 / 3.0; 3]);
    }

    #[test]
    fn dropped_letters_are_flagged() {
        let flags = |text| stats(Unit::Grams(1), text, &["x"]).1;
        assert_eq!(flags("caf\u{e9}").0, RowFlags::NON_ASCII_DROPPED);
        assert_eq!(flags("\u{6f22}").0, RowFlags::NON_ASCII_DROPPED);
        assert_eq!(
            flags("\u{2018}x\u{2019} \u{212a}\u{130} \u{1f600}"),
            RowFlags::default()
        );
    }

    #[test]
    fn rows_of_one_scratch_do_not_mix() {
        let mut scratch = Scratch::default();
        let mut out = [0.0; 3];
        for (serial, stemmer, f) in [
            (1, false, 0.0),
            (1, true, 1.0),
            (2, false, 0.0),
            (3, true, 1.0),
        ] {
            let metric = Rouge {
                unit: Unit::Grams(1),
                stemmer,
            };
            let row = Row::of_texts("running", &["runs"], serial);
            metric.row(&row, &mut scratch, &mut out);
            assert_eq!(out[2], f, "{serial} {stemmer}");
        }
    }
}
