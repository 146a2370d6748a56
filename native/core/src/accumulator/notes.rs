//! What a reader should know before trusting a value.

use super::finish::Desk;
use super::pairing::Pair;
use crate::metrics::Statistics;
use crate::result::Note;

/// Below this many independent rows (or clusters) an interval is optimistic.
const FEW_SLOTS: usize = 30;

impl Desk<'_> {
    /// Notes of one metric of one system.
    pub(super) fn metric_notes(&self, system: usize, metric: usize) -> Vec<Note> {
        let tally = &self.accumulator.tallies[system];
        let is_text = matches!(
            self.accumulator.spec.metrics[metric].statistics,
            Statistics::Text(_)
        );
        let mut notes = self.size_notes();
        if is_text && tally.empty.count > 0 {
            notes.push(Note {
                code: "EMPTY_PREDICTIONS",
                text: "some predictions are empty texts; they are scored as such".into(),
                count: tally.empty.count,
                row_ids: tally.empty.ids(),
            });
        }
        let dropped = &tally.dropped[metric];
        if dropped.count > 0 {
            notes.push(Note {
                code: "NON_ASCII_DROPPED",
                text: "the reference's tokenizer keeps only ASCII letters and digits; the other letters of these rows \
                       do not count"
                    .into(),
                count: dropped.count,
                row_ids: dropped.ids(),
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
    pub(super) fn comparison_notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = Vec::new();
        for pair in &self.accumulator.pairs {
            notes.extend(self.pair_notes(pair));
        }
        if !self.accumulator.pairs.is_empty() {
            notes.extend(self.size_notes());
        }
        notes
    }

    fn pair_notes(&self, pair: &Pair) -> Vec<Note> {
        let rows = self.accumulator.rows_seen();
        let excluded = pair.excluded_baseline.as_ref();
        let excluded = excluded.map_or(0, |sums| sums.totals[0]);
        let common = (self.accumulator.systems[pair.baseline].totals[0] - excluded) as u64;
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
