//! Match error rate, as jiwer 4.0.0 has it.

use super::error_counts::{COMMON, Counts, Unit, build};
use crate::metrics::Entry;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "mer",
    summary: "Share of errors in the alignment of words: substituted, deleted or inserted, not hit; 0 is best.",
    source: "Morris, Maier and Green 2004, https://doi.org/10.21437/Interspeech.2004-668",
    build: |params, _| Ok(build(params, Unit::Words, rate)),
    ..COMMON
};

/// Errors per hit or error. Without a word in the references all words are errors.
fn rate(counts: &Counts) -> f64 {
    if counts.errors == 0.0 {
        0.0
    } else {
        counts.errors / (counts.hits + counts.errors)
    }
}

#[cfg(test)]
mod tests {
    use super::super::error_counts::counts;
    use super::rate;

    #[test]
    fn errors_are_counted_per_hit_or_error() {
        assert_eq!(rate(&counts([2, 1, 1, 4])), 0.75);
        assert_eq!(rate(&counts([0, 0, 0, 0])), 0.0);
        assert_eq!(rate(&counts([0, 0, 0, 2])), 1.0);
    }
}
