//! From rows to statistics: the row metrics' vectors.

use std::ops::Range;

use super::answer::Answer;
use super::prepare::Prepared;
use super::{Cancel, Meanwhile, ModelOutput, row_metrics};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::metrics::{Row, RowFlags};
use crate::pool;
use crate::spec::Spec;
use crate::text::scratch::Scratch;
use crate::text::simd;

/// Rows that a thread takes at once, if there is more than one thread: few, for all to end together.
const ROWS_PER_TASK: usize = 32;

/// Below this many rows a second thread costs more than it saves.
const PARALLEL_ROWS: usize = 512;

/// How far ahead of the row at hand texts are fetched, and how much of them: the processor goes on by itself.
pub const ROWS_AHEAD: usize = 3;
const FETCHED_BYTES: usize = 256;

/// Statistics of the row metrics for some rows of a batch: one vector a (row, system).
#[derive(Default)]
pub struct Scored {
    rows: Range<usize>,
    systems: usize,
    width: usize,
    stats: Vec<f64>,
    /// Number of row metrics.
    pub metrics: usize,
    flags: Vec<RowFlags>,
}

impl Scored {
    /// The rows, by index in the batch.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// The vector of a (row, system), numbered over the batch.
    pub fn stats_of(&self, at: usize) -> &[f64] {
        &self.stats[(at - self.rows.start * self.systems) * self.width..][..self.width]
    }

    /// What each row metric lost of a (row, system).
    pub fn flags_of(&self, at: usize) -> &[RowFlags] {
        &self.flags[(at - self.rows.start * self.systems) * self.metrics..][..self.metrics]
    }

    /// Zeros for these rows, in the memory of the last ones.
    pub fn reset(&mut self, spec: &Spec, rows: Range<usize>) {
        self.systems = spec.systems.len();
        self.width = spec.width() - 1;
        self.metrics = row_metrics(spec).count();
        self.stats.clear();
        self.stats
            .resize(rows.len() * self.systems * self.width, 0.0);
        self.flags.clear();
        self.flags.resize(
            rows.len() * self.systems * self.metrics,
            RowFlags::default(),
        );
        self.rows = rows;
    }
}

/// How many of these rows a thread takes at once: all of them if they are few.
pub fn rows_per_task(rows: usize) -> usize {
    if rows < PARALLEL_ROWS {
        rows
    } else {
        ROWS_PER_TASK
    }
}

/// Computes the row metrics' vectors of the rows that `scored` was reset for, in parallel when there are many.
pub fn score_rows(
    spec: &Spec,
    batch: &Batch<'_>,
    prepared: &Prepared,
    outputs: &[ModelOutput],
    scored: &mut Scored,
    cancel: Cancel<'_>,
    meanwhile: Meanwhile<'_>,
) -> Result<()> {
    let rows = scored.rows();
    let (systems, width, metrics) = (scored.systems, scored.width, scored.metrics);
    if metrics == 0 {
        return Ok(());
    }
    let rows_per_task = rows_per_task(rows.len());
    let task = |scratch: &mut Scratch,
                (at, (stats, flags)): (usize, (&mut [f64], &mut [RowFlags]))| {
        let first = rows.start + at * rows_per_task;
        let cells = stats
            .chunks_mut(width)
            .zip(flags.chunks_mut(metrics))
            .enumerate();
        for (at, (stats, flags)) in cells {
            // A row may be a megabyte of text, so every one is a chance to end.
            if cancel() {
                return Err(Error::cancelled());
            }
            let (row, system) = (first + at / systems, at % systems);
            let at = row * systems + system;
            fetch_texts(batch, row + ROWS_AHEAD, system);
            if prepared.usable[at] {
                let answer = Answer::find(batch, outputs, row, system);
                let row = answer.row(spec, batch, (row, at as u64), prepared.classes_of(at));
                score_row(spec, &row, scratch, stats, flags);
            }
        }
        Ok(())
    };
    let cells = rows_per_task * systems;
    let stats = scored.stats.chunks_mut(cells * width);
    let tasks = stats.zip(scored.flags.chunks_mut(cells * metrics));
    pool::share_while(meanwhile, tasks.enumerate(), Scratch::default, task)?;
    Ok(())
}

/// Fetches texts of a row that will be scored soon: they may lie anywhere in memory.
#[inline]
pub fn fetch_texts(batch: &Batch<'_>, row: usize, system: usize) {
    let Some(instance) = batch.instances.get(row) else {
        return;
    };
    let prediction = batch.predictions[instance.predictions.range()].get(system);
    let reference = batch.references(instance).first();
    for text in [
        prediction.and_then(|prediction| prediction.text),
        reference.copied(),
    ] {
        let text = text.unwrap_or_default().as_bytes();
        simd::prefetch(&text[..text.len().min(FETCHED_BYTES)]);
    }
}

pub fn score_row(
    spec: &Spec,
    row: &Row<'_>,
    scratch: &mut Scratch,
    mut stats: &mut [f64],
    flags: &mut [RowFlags],
) {
    for ((_, _, metric), flags) in row_metrics(spec).zip(flags) {
        let (mine, rest) = stats.split_at_mut(metric.width());
        *flags = metric.row(row, scratch, mine);
        stats = rest;
    }
}
