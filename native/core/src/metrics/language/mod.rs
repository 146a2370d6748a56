//! Likelihoods that a language model gives texts.

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[];
