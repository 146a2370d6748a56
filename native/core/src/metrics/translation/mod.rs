//! Translations against references.

pub mod bleu;
mod bleu_counts;
mod bleu_score;
mod bleu_smoothing;
pub mod chrf;
pub mod ter;

use super::contract::ReferenceCounts;
use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&bleu::ENTRY, &chrf::ENTRY, &ter::ENTRY];

/// The number of references as signatures of sacrebleu write it.
fn reference_count(references: ReferenceCounts) -> String {
    if references.fewest == references.most {
        references.most.to_string()
    } else {
        "var".to_owned()
    }
}
