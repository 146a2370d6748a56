//! Real states, and how to make bytes look like one.

use std::sync::Arc;

use evald_core::spec::Spec;

use crate::call::{push, spec_of};
use crate::rows::{Tag, Writer, parse};

/// A specification with a state of it.
pub struct Example {
    /// The specification.
    pub spec: Arc<Spec>,
    /// A state of some rows.
    pub state: Vec<u8>,
    /// Bytes at its beginning that any state of the specification has.
    pub shared: usize,
}

/// One example for each kind of statistics, and a comparison.
pub fn examples() -> Vec<Example> {
    let evaluate = 2 + 0x40;
    [
        (0, "bleu;token_f1"),
        (evaluate, "bleu;rouge_l;wer"),
        (evaluate, "accuracy;f1(average=macro)"),
        (evaluate, "pearson;spearman;mae"),
        (evaluate, "perplexity;score(of=quality)"),
        (evaluate + 1, "token_f1;accuracy;kendall"),
        (2 + 1, "chrf;mcc"),
    ]
    .map(|(options, metrics)| example(options, metrics))
    .into()
}

fn example(options: u8, metrics: &str) -> Example {
    let parsed = parse(&input(options, metrics));
    let kind = parsed.kind.expect("inputs have a kind");
    let request = parsed.encode(&parsed.rows);
    let spec = spec_of(kind, &request).expect("a good specification");
    let accumulator = push(&spec, &request, 0).expect("good rows");
    let state = accumulator.expect("no models").state();
    let digest = spec.digest();
    let starts = state.windows(digest.len());
    let shared = starts
        .enumerate()
        .find(|(_, bytes)| *bytes == digest.as_bytes())
        .map(|(at, _)| at + digest.len());
    Example {
        shared: shared.expect("the digest is part of a state"),
        spec,
        state,
    }
}

/// Rows that have what the metrics need.
fn input(options: u8, metrics: &str) -> Vec<u8> {
    let mut writer = Writer::new(options, metrics);
    for row in 0..6_u8 {
        if row > 0 {
            writer.tag(Tag::Row);
        }
        writer.tag(Tag::Reference).text("the cat sat on the mat");
        writer
            .tag(Tag::Label)
            .text(["yes", "no", "?"][usize::from(row % 3)]);
        writer.tag(Tag::Value).number(f64::from(row) / 8.0);
        // The last row has no second answer.
        for system in 0..2 - row / 5 {
            let word = ["cat", "dog", "mat"][usize::from((row + system) % 3)];
            let label = ["yes", "no"][usize::from((row + system) % 2)];
            writer.tag(Tag::Prediction);
            writer.tag(Tag::Text).text(&format!("the {word} sat"));
            writer.tag(Tag::PredictedLabel).text(label);
            writer
                .tag(Tag::PredictedValue)
                .number(f64::from(row * row + system));
            writer.tag(Tag::TokenLogprob).number(-f64::from(row));
            writer
                .tag(Tag::Score)
                .text("quality")
                .number(f64::from(system));
            if options & 1 == 0 {
                break;
            }
        }
    }
    writer.0
}

/// Appends the checksum that a state ends with.
pub fn seal(body: &[u8]) -> Vec<u8> {
    let checksum = crc32fast::hash(body).to_le_bytes();
    [body, &checksum].concat()
}
