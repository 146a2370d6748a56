//! Tags of tokens.

mod counts;
mod entity;
mod entity_f1;
mod lenient;
mod strict;

use super::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&entity_f1::ENTRY];
