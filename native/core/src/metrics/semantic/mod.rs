//! How near the meaning of a text is to that of another, as a model sees it. What the model must compute of a call's
//! rows stands in [`Measure`]; the numbers come back with the rows.

mod bertscore;
mod measured;
mod similarity;

pub use measured::{Measure, Measured};

use super::{Entry, ParamKind, ParamSpec};

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &bertscore::F1,
    &bertscore::PRECISION,
    &bertscore::RECALL,
    &similarity::ENTRY,
];

/// Names the model.
const MODEL: ParamSpec = ParamSpec {
    name: "model",
    summary: "Required: alias of a model of the server that gives embeddings.",
    kind: ParamKind::Model,
};
