//! `BERTScore`: every token finds the most similar one on the other side, as a model sees them in their texts.

use super::{MODEL, Measured};
use crate::metrics::{Direction, Entry, ParamKind, ParamSpec, Params};

/// Precision: tokens of the prediction that the reference has.
pub static PRECISION: Entry = Entry {
    name: "bertscore_precision",
    summary: "Mean similarity of the prediction's tokens to their best match in the reference, by a model; -1 to 1.",
    build: |params, _| Measured::build(params, "precision", true),
    ..COMMON
};

/// Recall: tokens of the reference that the prediction has.
pub static RECALL: Entry = Entry {
    name: "bertscore_recall",
    summary: "Mean similarity of the reference's tokens to their best match in the prediction, by a model; -1 to 1.",
    build: |params, _| Measured::build(params, "recall", true),
    ..COMMON
};

/// Their harmonic mean.
pub static F1: Entry = Entry {
    name: "bertscore_f1",
    summary: "Harmonic mean of bertscore_precision and bertscore_recall of a row; -1 to 1.",
    build: |params, _| Measured::build(params, "f1", true),
    ..COMMON
};

const COMMON: Entry = Entry {
    params: &[
        ParamSpec {
            name: "baseline",
            summary: "What unrelated texts score: values are rescaled so that it becomes 0 and 1 stays 1.",
            kind: ParamKind::OptionalFloat {
                low: 0.0,
                high: 0.99,
            },
        },
        ParamSpec {
            name: "idf",
            summary: "Whether tokens weigh by how few references of the call have them.",
            kind: ParamKind::Bool(false),
        },
        ParamSpec {
            name: "layer",
            summary: "Layer whose embeddings of tokens are compared; 0 is before the first, -1 the last.",
            kind: ParamKind::Int {
                default: -1,
                low: -1,
                high: 1_000,
            },
        },
        MODEL,
    ],
    range: (-1.0, 1.0),
    adjust: Some(rescaled),
    weighted: true,
    model: true,
    undefined: "no row has a value",
    reference: "bert-score 0.3.13",
    source: "Zhang et al. 2020, https://openreview.net/forum?id=SkeHuCVFDr",
    ..Entry::TEXTS
};

fn rescaled(params: &Params) -> (Direction, (f64, f64)) {
    let baseline = params.optional("baseline").unwrap_or_default();
    (
        Direction::Higher,
        ((-1.0 - baseline) / (1.0 - baseline), 1.0),
    )
}
