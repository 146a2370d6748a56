//! From rows to statistics: which predictions are usable, their classes, the text metrics' vectors.

use std::ops::Range;

use rayon::prelude::*;

use super::labels::LabelTable;
use super::{Cancel, ModelOutput, text_metrics};
use crate::batch::{Batch, Prediction, RowFailure};
use crate::error::{Error, Result};
use crate::metrics::{Needs, RowFlags, TextRow};
use crate::pool;
use crate::spec::Spec;
use crate::text::scratch::Scratch;

/// Rows that one task scores with the same scratch memory.
const ROWS_PER_TASK: usize = 128;

/// Below this many rows a second thread costs more than it saves.
const PARALLEL_ROWS: usize = 512;

/// What can be scored: one entry a (row, system).
pub struct Prepared {
    /// Number of systems.
    pub systems: usize,
    /// Whether the prediction can be scored.
    pub usable: Vec<bool>,
    /// Gold and predicted class, with labels.
    pub classes: Vec<Option<(u32, u32)>>,
    /// Predictions that cannot be scored.
    pub failures: Vec<RowFailure>,
}

/// Statistics of the text metrics for some rows of a batch: one vector a (row, system).
#[derive(Default)]
pub struct Scored {
    rows: Range<usize>,
    systems: usize,
    width: usize,
    stats: Vec<f64>,
    /// Number of text metrics.
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

    /// What each text metric lost of a (row, system).
    pub fn flags_of(&self, at: usize) -> &[RowFlags] {
        &self.flags[(at - self.rows.start * self.systems) * self.metrics..][..self.metrics]
    }

    /// Zeros for these rows, in the memory of the last ones.
    fn reset(&mut self, spec: &Spec, rows: Range<usize>) {
        self.systems = spec.systems.len();
        self.width = spec.width() - 1;
        self.metrics = text_metrics(spec).count();
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

/// Finds the usable predictions and numbers their labels.
pub fn prepare(
    spec: &Spec,
    batch: &Batch<'_>,
    outputs: &[ModelOutput],
    failures: &[RowFailure],
    labels: &mut LabelTable,
) -> Result<Prepared> {
    let (rows, systems) = (batch.instances.len(), spec.systems.len());
    let mut prepared = Prepared {
        systems,
        usable: vec![true; rows * systems],
        classes: vec![None; rows * systems],
        failures: failures.to_vec(),
    };
    for failure in failures {
        prepared.usable[failure.row as usize * systems + failure.system as usize] = false;
    }
    for (row, instance) in batch.instances.iter().enumerate() {
        let gold = if spec.needs(Needs::Labels) {
            let label = batch.labels[instance.labels.start as usize];
            Some(labels.number(label, || format!("instances[{row}].labels[0]"))?)
        } else {
            None
        };
        for system in 0..systems {
            let at = row * systems + system;
            if !prepared.usable[at] {
                continue;
            }
            let answer = Answer::find(spec, batch, outputs, row, system);
            if let Some(problem) = answer.problem(spec) {
                prepared.usable[at] = false;
                prepared.failures.push(missing(row, system, problem));
            } else if let Some(gold) = gold {
                let path = || format!("instances[{row}].predictions[{system}].labels[0]");
                prepared.classes[at] =
                    Some((gold, labels.number(answer.label.unwrap_or(""), path)?));
            }
        }
    }
    Ok(prepared)
}

fn missing(row: usize, system: usize, problem: &str) -> RowFailure {
    RowFailure {
        row: row as u32,
        system: system as u32,
        reason: "MISSING_PREDICTION".into(),
        message: problem.to_owned(),
    }
}

/// What a system answered for a row.
#[derive(Default)]
struct Answer<'a> {
    text: Option<&'a str>,
    label: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn find(
        spec: &'a Spec,
        batch: &Batch<'a>,
        outputs: &'a [ModelOutput],
        row: usize,
        system: usize,
    ) -> Self {
        if let Some(output) = outputs.iter().find(|output| output.system == system) {
            let width = output.classes.len();
            let best = argmax(
                output.scores[row * width..][..width]
                    .iter()
                    .map(|s| f64::from(*s)),
            );
            return Self {
                text: None,
                label: best.map(|class| output.classes[class].as_str()),
            };
        }
        let Some(prediction) = batch.prediction(&batch.instances[row], system) else {
            return Self::default();
        };
        Self {
            text: prediction.text,
            label: predicted_label(spec, batch, prediction),
        }
    }

    /// What is missing, in words.
    fn problem(&self, spec: &Spec) -> Option<&'static str> {
        if spec.needs(Needs::Texts) && self.text.is_none() {
            return Some("the system has no prediction text for this row");
        }
        if spec.needs(Needs::Labels) && self.label.is_none() {
            return Some("the system has no predicted label for this row");
        }
        None
    }
}

fn predicted_label<'a>(
    spec: &'a Spec,
    batch: &Batch<'a>,
    prediction: &Prediction<'a>,
) -> Option<&'a str> {
    if let Some(label) = batch.labels[prediction.labels.range()].first() {
        return Some(label);
    }
    let scores = &batch.numbers[prediction.class_scores.range()];
    argmax(scores.iter().copied()).map(|class| spec.classes[class].as_str())
}

/// Index of the highest score, the first on ties.
fn argmax(scores: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (at, score) in scores.enumerate() {
        if best.is_none_or(|(_, top)| score > top) {
            best = Some((at, score));
        }
    }
    best.map(|(at, _)| at)
}

/// Computes the text metrics' vectors of some rows, in parallel when there are many.
pub fn score_texts(
    spec: &Spec,
    batch: &Batch<'_>,
    prepared: &Prepared,
    rows: Range<usize>,
    scored: &mut Scored,
    cancel: Cancel<'_>,
) -> Result<()> {
    scored.reset(spec, rows.clone());
    let (systems, width, metrics) = (scored.systems, scored.width, scored.metrics);
    if metrics == 0 {
        return Ok(());
    }
    let task = |(at, (stats, flags)): (usize, (&mut [f64], &mut [RowFlags]))| {
        let first = rows.start + at * ROWS_PER_TASK;
        let mut scratch = Scratch::default();
        let cells = stats
            .chunks_mut(systems * width)
            .zip(flags.chunks_mut(systems * metrics));
        for (row, (stats, flags)) in cells.enumerate() {
            // A row may be a megabyte of text, so every one is a chance to end.
            if cancel() {
                return Err(Error::cancelled());
            }
            score_row(
                spec,
                batch,
                prepared,
                first + row,
                &mut scratch,
                stats,
                flags,
            );
        }
        Ok(())
    };
    let stats_per_task = ROWS_PER_TASK * systems * width;
    let flags_per_task = ROWS_PER_TASK * systems * metrics;
    if rows.len() < PARALLEL_ROWS || !pool::is_parallel() {
        let stats = scored.stats.chunks_mut(stats_per_task);
        let tasks = stats.zip(scored.flags.chunks_mut(flags_per_task));
        tasks.enumerate().try_for_each(task)
    } else {
        let stats = scored.stats.par_chunks_mut(stats_per_task);
        let tasks = stats.zip(scored.flags.par_chunks_mut(flags_per_task));
        pool::run(|| tasks.enumerate().try_for_each(task))
    }
}

fn score_row(
    spec: &Spec,
    batch: &Batch<'_>,
    prepared: &Prepared,
    row: usize,
    scratch: &mut Scratch,
    stats: &mut [f64],
    flags: &mut [RowFlags],
) {
    let instance = &batch.instances[row];
    let (width, metrics) = (
        stats.len() / prepared.systems,
        flags.len() / prepared.systems,
    );
    for system in 0..prepared.systems {
        let at = row * prepared.systems + system;
        let text = batch
            .prediction(instance, system)
            .and_then(|prediction| prediction.text);
        let (true, Some(prediction)) = (prepared.usable[at], text) else {
            continue;
        };
        let text_row = TextRow {
            prediction,
            references: batch.references(instance),
            serial: at as u64,
        };
        let mut out = &mut stats[system * width..][..width];
        for (index, (_, _, metric)) in text_metrics(spec).enumerate() {
            let (mine, rest) = out.split_at_mut(metric.columns().len());
            flags[system * metrics + index] = metric.row(&text_row, scratch, mine);
            out = rest;
        }
    }
}
