//! What a reader should know before trusting a value.

use super::finish::Desk;
use super::pairing::Pair;
use crate::metrics::{Field, RowFlags};
use crate::result::{Note, PairedAnswer};

/// Below this many independent rows (or clusters) an interval is optimistic.
const FEW_SLOTS: usize = 30;

/// Code and words for each of [`RowFlags`], lowest bit first.
const FLAG_NOTES: [(&str, &str); RowFlags::COUNT] = [
    (
        "NON_ASCII_DROPPED",
        "the reference's tokenizer keeps only ASCII letters and digits; the other letters of these rows do not count",
    ),
    (
        "NO_NEWLINE_FOR_LSUM",
        "texts of several sentences without a newline count as one sentence: put each sentence on its own line, or \
         ask for another way to split sentences",
    ),
    (
        "TRUNCATED",
        "texts were cut at the limit that a parameter sets",
    ),
];

impl Desk<'_> {
    /// Notes of one metric of one system.
    pub(super) fn metric_notes(&self, system: usize, metric: usize) -> Vec<Note> {
        let tally = &self.accumulator.tallies[system];
        let mut notes = self.size_notes();
        let needs = self.accumulator.spec.metrics[metric].needs;
        if needs.contains(&Field::PredictionText) && tally.empty.count > 0 {
            notes.push(Note {
                code: "EMPTY_PREDICTIONS",
                text: "some predictions are empty texts; they are scored as such".into(),
                count: tally.empty.count,
                row_ids: tally.empty.ids(),
            });
        }
        let flagged = FLAG_NOTES.iter().zip(&tally.flagged[metric]);
        for ((code, text), rows) in flagged.filter(|(_, rows)| rows.count > 0) {
            notes.push(Note {
                code,
                text: (*text).into(),
                count: rows.count,
                row_ids: rows.ids(),
            });
        }
        notes
    }

    fn size_notes(&self) -> Vec<Note> {
        let slots = self.ranks.len();
        if slots >= FEW_SLOTS || !self.accumulator.spec.resamples() {
            return Vec::new();
        }
        let (code, what) = if self.accumulator.keys.cluster > 0 {
            ("FEW_CLUSTERS", "clusters")
        } else {
            ("SMALL_SAMPLE", "rows")
        };
        vec![Note {
            code,
            text: format!(
                "there are only {slots} independent {what}: the interval is likely too narrow"
            ),
            count: slots as u64,
            row_ids: Vec::new(),
        }]
    }

    /// Notes of a comparison as a whole.
    pub(super) fn comparison_notes(&self, comparisons: &[PairedAnswer]) -> Vec<Note> {
        let mut notes = self.disagreements(comparisons);
        for pair in &self.accumulator.pairs {
            notes.extend(self.pair_notes(pair));
        }
        if !self.accumulator.pairs.is_empty() {
            notes.extend(self.size_notes());
        }
        notes
    }

    /// Intervals and p-values rest on different methods; near the level one may say what the other does not.
    fn disagreements(&self, comparisons: &[PairedAnswer]) -> Vec<Note> {
        let alpha = 1.0 - self.accumulator.spec.statistics.confidence;
        let disagree = |found: &&PairedAnswer| {
            let (Some(p), Some(interval)) = (found.p, found.difference.interval) else {
                return false;
            };
            let excludes_zero = interval.low > 0.0 || interval.high < 0.0;
            excludes_zero != (p.value <= alpha)
        };
        let note = |found: &PairedAnswer| Note {
            code: "INTERVAL_DISAGREES",
            text: format!(
                "by {} the interval of {} and its uncorrected p-value do not agree whether there is a difference: take it \
                 for borderline",
                found.metric, found.candidate
            ),
            count: 0,
            row_ids: Vec::new(),
        };
        comparisons.iter().filter(disagree).map(note).collect()
    }

    fn pair_notes(&self, pair: &Pair) -> Vec<Note> {
        let rows = self.accumulator.rows_seen();
        let excluded = pair.excluded_baseline.as_ref();
        let excluded = excluded.map_or(0, |sums| sums.rows);
        let common = (self.accumulator.systems[pair.baseline].rows - excluded) as u64;
        let name = &self.accumulator.spec.systems[pair.candidate].name;
        let mut notes = Vec::new();
        if common < rows {
            notes.push(Note {
                code: "UNPAIRED_ROWS",
                text: format!(
                    "rows that {name} or the baseline has no usable prediction for are left out of their comparison"
                ),
                count: rows - common,
                row_ids: Vec::new(),
            });
        }
        if common > 0 && pair.different == 0 {
            notes.push(Note {
                code: "IDENTICAL_SYSTEMS",
                text: format!(
                    "every prediction of {name} equals the baseline's: check that the right files are compared"
                ),
                count: common,
                row_ids: Vec::new(),
            });
        }
        notes
    }
}
