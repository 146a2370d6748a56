//! Word information preserved, as jiwer 4.0.0 has it.

use super::error_counts::{COMMON, Counts, Unit, build};
use crate::metrics::{Direction, Entry};

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "wip",
    summary: "Share of the reference's words that are hit, times that of the prediction's; 1 is best.",
    direction: Direction::Higher,
    source: "Morris, Maier and Green 2004, https://doi.org/10.21437/Interspeech.2004-668",
    build: |params, _| Ok(build(params, Unit::Words, rate)),
    ..COMMON
};

/// Hits per word of the references, times hits per word of the predictions. Where both have no words all is preserved.
pub(super) fn rate(counts: &Counts) -> f64 {
    if counts.reference == 0.0 && counts.prediction == 0.0 {
        1.0
    } else if counts.reference == 0.0 || counts.prediction == 0.0 {
        0.0
    } else {
        (counts.hits / counts.reference) * (counts.hits / counts.prediction)
    }
}

#[cfg(test)]
mod tests {
    use super::super::error_counts::counts;
    use super::rate;

    #[test]
    fn hits_are_counted_per_word_of_both() {
        assert_eq!(rate(&counts([2, 1, 1, 5])), 0.125);
        assert_eq!(rate(&counts([0, 0, 0, 0])), 1.0);
        assert_eq!(rate(&counts([0, 0, 2, 0])), 0.0);
        assert_eq!(rate(&counts([0, 0, 0, 2])), 0.0);
    }
}
