//! Word information lost, as jiwer 4.0.0 has it.

use super::error_counts::{COMMON, Unit, build};
use super::wip;
use crate::metrics::Entry;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "wil",
    summary: "What `wip` leaves of 1: the share of words that is lost; 0 is best.",
    source: "Morris, Maier and Green 2004, https://doi.org/10.21437/Interspeech.2004-668",
    build: |params, _| Ok(build(params, Unit::Words, |counts| 1.0 - wip::rate(counts))),
    ..COMMON
};
