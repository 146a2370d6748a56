//! Summaries against references.

pub mod rouge;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&rouge::ROUGE_1, &rouge::ROUGE_2, &rouge::ROUGE_L];
