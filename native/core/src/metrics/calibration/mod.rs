//! Whether probabilities mean what they say.

pub mod bins;
pub mod ece;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&ece::ECE, &ece::MCE];
