//! Multiple choice.

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[];
