//! How varied the texts of a system are.

mod corpus;
mod distinct_n;
mod each_other;
mod grams;
mod length_ratio;
mod repetition;
mod self_bleu;
mod words;

use super::{CollectedRows, Entry, Field, ParamKind, ParamSpec, packed};
use crate::text::tokens::Tokens;
use corpus::Corpus;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &distinct_n::ENTRY,
    &length_ratio::ENTRY,
    &repetition::ENTRY,
    &self_bleu::ENTRY,
];

/// What metrics of predictions alone have in common.
const ANSWERS: Entry = Entry {
    needs: &[Field::PredictionText],
    ..Entry::TEXTS
};

const TOKENIZER: ParamSpec = ParamSpec {
    name: "tokenizer",
    summary: "How texts become words: 13a is that of mteval-v13a, as for BLEU.",
    kind: ParamKind::Choice(&["13a", "whitespace"]),
};

/// The parameter for the length of n-grams.
const fn n(summary: &'static str, default: i64) -> ParamSpec {
    ParamSpec {
        name: "n",
        summary,
        kind: ParamKind::Int {
            default,
            low: 1,
            high: 9,
        },
    }
}

/// Reused memory: the words of a text, and the form in which they are kept.
#[derive(Debug, Default)]
struct Kept {
    tokens: Tokens,
    text: Vec<u8>,
}

impl Kept {
    /// Appends the words of `tokens` to the numbers of a row.
    fn keep(&mut self, out: &mut Vec<f64>) {
        self.text.clear();
        for at in 0..self.tokens.len() {
            self.text.extend_from_slice(self.tokens.bytes(at));
            self.text.push(corpus::END);
        }
        packed::push(&self.text, out);
    }
}

/// The texts of all rows.
fn kept_corpus(rows: &CollectedRows) -> Corpus {
    let mut corpus = Corpus::default();
    let mut text = Vec::new();
    for numbers in rows.iter() {
        packed::read(numbers, &mut text);
        corpus.push(&text);
    }
    corpus
}
