//! Share of distinct n-grams among all n-grams of all texts.

use super::corpus::Grams;
use super::words::Tokenizer;
use super::{ANSWERS, Kept, TOKENIZER, kept_corpus, n};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Entry, Row, RowFlags, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry entry. More texts have a smaller share of distinct n-grams, and drawing texts with replacement
/// repeats some: replicates would lie below the value, so there is no interval.
pub static ENTRY: Entry = Entry {
    name: "distinct_n",
    summary: "Share of distinct n-grams among all n-grams of a system's texts; 0 to 1.",
    params: &[n("Length of the n-grams.", 2), TOKENIZER],
    interval: false,
    row_score: false,
    undefined: "no text has as many words as an n-gram",
    reference: "the number of different tuples over that of all tuples",
    source: "Li et al. 2016, https://aclanthology.org/N16-1014",
    build: |params, _| {
        Ok(Statistics::Collected(Box::new(DistinctN {
            n: params.int("n") as usize,
            tokenizer: Tokenizer::named(params.text("tokenizer")),
        })))
    },
    ..ANSWERS
};

struct DistinctN {
    n: usize,
    tokenizer: Tokenizer,
}

impl CollectedMetric for DistinctN {
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let kept = scratch.of::<Kept>();
        self.tokenizer.tokenize(row.prediction, &mut kept.tokens);
        kept.keep(out);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        Box::new(Texts::new(&kept_corpus(rows).grams(self.n)))
    }
}

/// The n-grams of each text, each once, and how many there are with repetitions.
struct Texts {
    texts: Vec<(Vec<u32>, usize)>,
    distinct: usize,
}

/// Counts of n-grams.
struct Counted {
    distinct: f64,
    all: f64,
    /// Sum of the texts' own shares, and the texts that have n-grams.
    shares: (f64, f64),
}

impl Texts {
    fn new(grams: &Grams) -> Self {
        let text = |grams: &Vec<u32>| {
            let mut sorted = grams.clone();
            sorted.sort_unstable();
            sorted.dedup();
            (sorted, grams.len())
        };
        Self {
            texts: grams.of_texts.iter().map(text).collect(),
            distinct: grams.distinct,
        }
    }

    fn count(&self, weights: &[f64]) -> Counted {
        let mut seen = vec![false; self.distinct];
        let (mut all, mut shares) = (0.0, (0.0, 0.0));
        for ((grams, len), weight) in self.texts.iter().zip(weights) {
            if *weight > 0.0 && *len > 0 {
                all += weight * *len as f64;
                shares.0 += weight * grams.len() as f64 / *len as f64;
                shares.1 += weight;
                for gram in grams {
                    seen[*gram as usize] = true;
                }
            }
        }
        Counted {
            distinct: seen.iter().filter(|seen| **seen).count() as f64,
            all,
            shares,
        }
    }
}

impl Weighted for Texts {
    fn value(&self, weights: &[f64]) -> f64 {
        let counted = self.count(weights);
        counted.distinct / counted.all
    }

    fn components(&self, weights: &[f64]) -> Components {
        let counted = self.count(weights);
        let (sum, texts) = counted.shares;
        vec![
            ("distinct".into(), Some(counted.distinct)),
            ("mean_of_texts".into(), (texts > 0.0).then(|| sum / texts)),
            ("total".into(), Some(counted.all)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::corpus::tests::corpus;
    use super::*;

    #[test]
    fn a_text_drawn_twice_brings_nothing_new() {
        let texts = Texts::new(&corpus(&["a b a b", "", "b a c"]).grams(2));
        assert_eq!(texts.value(&[1.0; 3]), 3.0 / 5.0);
        assert_eq!(texts.value(&[2.0, 1.0, 0.0]), 2.0 / 6.0);
        assert!(texts.value(&[0.0, 1.0, 0.0]).is_nan());
        let parts = texts.components(&[1.0; 3]);
        assert_eq!(
            parts[1],
            ("mean_of_texts".into(), Some(f64::midpoint(2.0 / 3.0, 1.0)))
        );
    }
}
