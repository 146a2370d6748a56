//! Character error rate, as jiwer 4.0.0 has it.

use super::error_counts::{COMMON, Unit, build};
use super::wer::rate;
use crate::metrics::Entry;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "cer",
    summary: "Characters substituted, deleted and inserted, per character of the reference; 0 is best.",
    range: (0.0, f64::INFINITY),
    source: "Levenshtein distance over characters, spaces among them",
    build: |params, _| Ok(build(params, Unit::Characters, rate)),
    ..COMMON
};
