//! How far scores of classes can be trusted as probabilities.

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[];
