//! The usual batch: texts of one system, nothing missing, no ids, and no scores asked for row by row.
//!
//! Such rows are in no order, so every thread scores some and sums them up at once.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::part_sums::PartSums;
use super::score::{ROWS_AHEAD, fetch_texts, row_score, rows_per_task, score_row};
use super::sums::Sums;
use super::tallies::SystemTally;
use super::{Accumulator, Cancel, Meanwhile, ModelOutput, Placement, collect};
use crate::batch::{Batch, Instance, RowFailure};
use crate::error::{Error, Result};
use crate::metrics::{Field, ReferenceCounts, ResolvedMetric, Row, RowFlags, Statistics};
use crate::pool;
use crate::spec::{Question, RowReport, Source, Spec};
use crate::stats::hash::{RowKey, key_hash};
use crate::text::scratch::Scratch;

/// Whether rows of texts can be summed without looking back at them.
fn is_plain(spec: &Spec) -> bool {
    let is_text = |field: &Field| matches!(field, Field::PredictionText | Field::References);
    let is_plain = |metric: &ResolvedMetric| match &metric.statistics {
        Statistics::Rows(rows) => !rows.checks_rows() && metric.needs.iter().all(is_text),
        Statistics::Classes(_) | Statistics::Collected(_) => false,
    };
    let one_inline = matches!(&spec.systems[..], [system] if system.source == Source::Inline);
    one_inline
        && spec.analysis.is_none()
        && spec.row_report != RowReport::All
        && spec.question == Question::Evaluate
        && spec.slices.is_empty()
        && spec.metrics.iter().all(is_plain)
}

/// How many references the rows have, if there are rows and all have one prediction with a text, references if they need
/// some, and nothing else.
fn plain_rows(batch: &Batch<'_>, with_references: bool) -> Option<ReferenceCounts> {
    let only_texts = batch.labels.is_empty()
        && batch.numbers.is_empty()
        && batch.row_extras.is_empty()
        && batch.prediction_extras.is_empty();
    let is_plain = |row: &Instance<'_>| {
        let predictions = &batch.predictions[row.predictions.range()];
        let is_text = matches!(predictions, [prediction] if prediction.text.is_some());
        is_text && row.id.is_empty() && row.cluster.is_empty()
    };
    let mut counts = ReferenceCounts {
        fewest: u32::MAX,
        most: 0,
    };
    for row in &batch.instances {
        let count = row.references.len() as u32;
        counts.fewest = counts.fewest.min(count);
        counts.most = counts.most.max(count);
        if !is_plain(row) {
            return None;
        }
    }
    let complete = !batch.instances.is_empty() && (!with_references || counts.fewest > 0);
    (only_texts && complete).then_some(counts)
}

impl Accumulator {
    /// Scores and adds the rows of a batch if it is a usual one; false if nothing was done.
    pub(super) fn push_plain(
        &mut self,
        batch: &Batch<'_>,
        outputs: &[ModelOutput],
        failures: &[RowFailure],
        cancel: Cancel<'_>,
        meanwhile: Meanwhile<'_>,
    ) -> Result<bool> {
        if !is_plain(&self.spec) || !outputs.is_empty() || !failures.is_empty() {
            return Ok(false);
        }
        let with_references = self.spec.needs().has(Field::References);
        let Some(references) = plain_rows(batch, with_references) else {
            return Ok(false);
        };
        let rows = batch.instances.len();
        let task = rows_per_task(rows);
        let tasks = (0..rows).step_by(task);
        let places = self.places(batch, 0..rows);
        let first = self.next_position;
        let width = self.spec.width();
        let scored = (&self.layout[..], &self.summed[..]);
        let empty = || Sums::new(width, self.spec.resamples());
        // A table of slots is large: one thread goes on with the one that is there.
        let so_far = Mutex::new(Some(std::mem::replace(&mut self.systems[0], empty())));
        let parts = pool::share_while(
            meanwhile,
            tasks.map(|start| start..rows.min(start + task)),
            || {
                let sums = so_far.lock().unwrap_or_else(PoisonError::into_inner).take();
                Part::new(&self.spec, scored, first, sums.unwrap_or_else(empty))
            },
            |part, rows| part.add(batch, &places, rows, cancel),
        )?;
        let mut parts = parts.into_iter();
        if let Some(part) = parts.next() {
            self.systems[0] = part.sums;
            self.tallies[0].merge(part.tally);
        }
        for part in parts {
            self.systems[0].combine(&part.sums, 1);
            self.tallies[0].merge(part.tally);
        }
        if with_references {
            self.references = Some(collect::join(self.references, references));
        }
        self.advance_by_position(rows as u64);
        Ok(true)
    }
}

/// What one thread scored.
struct Part<'s> {
    spec: &'s Spec,
    /// Where metrics have their statistics, and which have their row scores summed.
    scored: (&'s [Placement], &'s [usize]),
    /// Position of the batch's first row.
    first: u64,
    scratch: Scratch,
    stats: Vec<f64>,
    flags: Vec<RowFlags>,
    few: PartSums,
    sums: Sums,
    tally: SystemTally,
}

impl<'s> Part<'s> {
    fn new(spec: &'s Spec, scored: (&'s [Placement], &'s [usize]), first: u64, sums: Sums) -> Self {
        let width = spec.width();
        Self {
            spec,
            scored,
            first,
            scratch: Scratch::default(),
            stats: vec![0.0; width - 1],
            flags: vec![RowFlags::default(); spec.metrics.len()],
            few: PartSums::new(width - 1),
            sums,
            tally: SystemTally::new(spec.metrics.len()),
        }
    }

    /// Adds some rows; `places` are those of all rows of the batch, or none if there are no sums by slot.
    fn add(
        &mut self,
        batch: &Batch<'_>,
        places: &[u32],
        rows: Range<usize>,
        cancel: Cancel<'_>,
    ) -> Result<()> {
        for row in rows {
            // A row may be a megabyte of text, so every one is a chance to end.
            if cancel() {
                return Err(Error::cancelled());
            }
            fetch_texts(batch, row + ROWS_AHEAD, 0);
            // A row is long enough for what it is added to.
            let place = places.get(row).copied().unwrap_or(0);
            self.sums.fetch_slot(place);
            self.add_row(batch, row, place);
        }
        self.sums.add_part(&mut self.few);
        Ok(())
    }

    fn add_row(&mut self, batch: &Batch<'_>, at: usize, place: u32) {
        let instance = &batch.instances[at];
        let prediction = batch.prediction(instance, 0);
        let row = Row::of_batch(batch, instance, prediction, &self.spec.classes, at as u64);
        let (stats, flags) = (&mut self.stats[..], &mut self.flags[..]);
        stats.fill(0.0);
        score_row(self.spec, &row, &mut self.scratch, stats, flags);
        if self.few.add(stats) {
            self.sums.add_to_slot(place, 1.0, stats);
        } else {
            self.sums.add(place, 1.0, stats, None);
        }
        let (layout, summed) = self.scored;
        for metric in summed {
            let statistics = &self.spec.metrics[*metric].statistics;
            if let Some(score) = row_score(statistics, layout[*metric], stats) {
                self.tally.scores[*metric].add(score);
            }
        }
        let noted = flags.iter().any(|flags| *flags != RowFlags::default());
        if noted || row.prediction.is_empty() {
            self.note(row.prediction, self.first + at as u64);
        }
    }

    fn note(&mut self, prediction: &str, position: u64) {
        let hash = key_hash(RowKey::Position(position));
        let id = || format!("#{position}");
        if prediction.is_empty() && self.spec.needs().has(Field::PredictionText) {
            self.tally.empty.add(hash, id);
        }
        for (metric, flags) in self.flags.iter().enumerate() {
            self.tally.flag(metric, *flags, hash, id);
        }
    }
}
