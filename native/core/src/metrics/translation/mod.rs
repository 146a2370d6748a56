//! Translations against references.

pub mod bleu;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&bleu::ENTRY];
