//! Transcripts against references.

mod cer;
mod error_counts;
mod mer;
mod wer;
mod wil;
mod wip;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &cer::ENTRY,
    &mer::ENTRY,
    &wer::ENTRY,
    &wil::ENTRY,
    &wip::ENTRY,
];
