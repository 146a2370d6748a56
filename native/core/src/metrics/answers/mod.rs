//! Short answers to questions.

pub mod exact_match;
pub mod token_f1;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&exact_match::ENTRY, &token_f1::ENTRY];
