//! Cosine of the embeddings of prediction and reference.

use super::{MODEL, Measured};
use crate::metrics::Entry;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "semantic_similarity",
    summary: "Cosine of the embeddings of prediction and reference by a model; -1 to 1.",
    params: &[MODEL],
    range: (-1.0, 1.0),
    weighted: true,
    model: true,
    undefined: "no row has a value",
    reference: "sentence-transformers util.cos_sim",
    source: "Reimers and Gurevych 2019, https://aclanthology.org/D19-1410",
    build: |params, _| Measured::build(params, "similarity", false),
    ..Entry::TEXTS
};
