//! How varied the texts of a system are.

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[];
