//! Summaries against references.

mod compared;
mod options;
mod rouge;
pub mod rouge_l;
pub mod rouge_n;
pub mod rouge_s;
pub mod rouge_w;
mod scoring;
mod tools;
mod words;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &rouge_n::ENTRIES[0],
    &rouge_n::ENTRIES[1],
    &rouge_n::ENTRIES[2],
    &rouge_n::ENTRIES[3],
    &rouge_n::ENTRIES[4],
    &rouge_n::ENTRIES[5],
    &rouge_n::ENTRIES[6],
    &rouge_n::ENTRIES[7],
    &rouge_n::ENTRIES[8],
    &rouge_l::ROUGE_L,
    &rouge_l::ROUGE_LSUM,
    &rouge_s::ROUGE_S,
    &rouge_s::ROUGE_SU,
    &rouge_w::ENTRY,
];
