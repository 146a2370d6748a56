//! Questions with choices, of which a model has scored each.

pub mod accuracy;
mod scored;
pub mod truthfulqa;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &accuracy::ENTRY,
    &truthfulqa::MC0,
    &truthfulqa::MC1,
    &truthfulqa::MC2,
    &truthfulqa::MC3,
];
