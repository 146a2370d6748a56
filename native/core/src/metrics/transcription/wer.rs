//! Word error rate, as jiwer 4.0.0 has it.

use super::error_counts::{COMMON, Counts, Unit, build};
use crate::metrics::Entry;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "wer",
    summary: "Words substituted, deleted and inserted, per word of the reference; 0 is best.",
    range: (0.0, f64::INFINITY),
    source: "Levenshtein distance over words; Morris, Maier and Green 2004, \
             https://doi.org/10.21437/Interspeech.2004-668",
    build: |params, _| Ok(build(params, Unit::Words, rate)),
    ..COMMON
};

/// Errors per word of the references. Without such words it is the number of words inserted.
pub(super) fn rate(counts: &Counts) -> f64 {
    if counts.reference == 0.0 {
        counts.insertions
    } else {
        counts.errors / counts.reference
    }
}

#[cfg(test)]
mod tests {
    use super::super::error_counts::counts;
    use super::rate;

    #[test]
    fn errors_are_counted_per_word_of_the_reference() {
        assert_eq!(rate(&counts([2, 1, 1, 2])), 1.0);
        assert_eq!(rate(&counts([0, 0, 0, 0])), 0.0);
        assert_eq!(rate(&counts([0, 0, 0, 2])), 2.0);
    }
}
