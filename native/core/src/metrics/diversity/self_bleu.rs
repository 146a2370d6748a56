//! BLEU of every text against all others, as Texygen computes it with NLTK.

use super::each_other::EachOther;
use super::words::Tokenizer;
use super::{ANSWERS, Kept, TOKENIZER, kept_corpus};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Direction, Entry, ParamKind, ParamSpec, Row,
    RowFlags, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry entry. A text that is drawn twice is its own reference and scores 1: replicates would lie above the
/// value, so there is no interval.
pub static ENTRY: Entry = Entry {
    name: "self_bleu",
    summary: "Mean BLEU of each text against all other texts of the system: 1 is all the same; 0 to 1.",
    params: &[
        ParamSpec {
            name: "max_order",
            summary: "Longest n-gram that counts.",
            kind: ParamKind::Int {
                default: 4,
                low: 1,
                high: 9,
            },
        },
        TOKENIZER,
    ],
    direction: Direction::Lower,
    interval: false,
    row_score: false,
    undefined: "there is only one text",
    reference: "nltk 3.10.4 sentence_bleu(smoothing_function=SmoothingFunction().method1)",
    source: "Zhu et al. 2018, https://arxiv.org/abs/1802.01886",
    build: |params, _| {
        Ok(Statistics::Collected(Box::new(SelfBleu {
            max_order: params.int("max_order") as usize,
            tokenizer: Tokenizer::named(params.text("tokenizer")),
        })))
    },
    ..ANSWERS
};

struct SelfBleu {
    max_order: usize,
    tokenizer: Tokenizer,
}

impl CollectedMetric for SelfBleu {
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let kept = scratch.of::<Kept>();
        self.tokenizer.tokenize(row.prediction, &mut kept.tokens);
        kept.keep(out);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        Box::new(EachOther::new(&kept_corpus(rows), self.max_order))
    }
}

impl Weighted for EachOther {
    /// Undefined for one text: it has no others.
    fn value(&self, weights: &[f64]) -> f64 {
        let (mut sum, mut texts) = (0.0, 0.0);
        for (score, weight) in self.scores(weights).into_iter().zip(weights) {
            if *weight > 0.0 {
                sum += score * weight;
                texts += weight;
            }
        }
        sum / texts
    }

    fn components(&self, _weights: &[f64]) -> Components {
        Vec::new()
    }
}
