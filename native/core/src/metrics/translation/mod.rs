//! Translations against references.

pub mod bleu;
mod bleu_counts;
mod bleu_score;
mod bleu_smoothing;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&bleu::ENTRY];
