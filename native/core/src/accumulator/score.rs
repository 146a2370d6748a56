//! From rows to statistics: which predictions are usable, their classes, the text metrics' vectors.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::labels::LabelTable;
use super::{Accumulator, Cancel, ModelOutput, Pair, class_metrics, text_metrics};
use crate::batch::{Batch, Prediction, RowFailure};
use crate::error::{Error, Result};
use crate::metrics::{Direction, Needs, RowFlags, Statistics, TextRow};
use crate::pool;
use crate::result::RowError;
use crate::spec::Spec;
use crate::stats::hash::{RowKey, key_hash};
use crate::text::scratch::Scratch;

/// Rows that one task scores; also the grain of cancellation.
const ROWS_PER_TASK: usize = 128;

/// Below this many rows a second thread costs more than it saves.
const PARALLEL_ROWS: usize = 512;

/// Results row by row of one system.
#[derive(Debug, Clone, Default)]
pub struct SystemRows {
    /// One column a metric; empty unless all rows are reported. NaN for failed rows.
    pub scores: Vec<Vec<f64>>,
    /// Failed rows.
    pub errors: Vec<RowError>,
}

/// What can be scored: one entry a (row, system).
pub struct Prepared {
    systems: usize,
    usable: Vec<bool>,
    classes: Vec<Option<(u32, u32)>>,
    failures: Vec<RowFailure>,
}

/// Statistics of the text metrics: one vector a (row, system).
pub struct Scored {
    width: usize,
    stats: Vec<f64>,
    metrics: usize,
    flags: Vec<RowFlags>,
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
        let gold = match spec.needs(Needs::Labels) {
            true => Some(
                labels.number(batch.labels[instance.labels.start as usize], || {
                    format!("instances[{row}].labels[0]")
                })?,
            ),
            false => None,
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

/// Computes the text metrics' vectors, in parallel when there are many rows.
pub fn score_texts(
    spec: &Spec,
    batch: &Batch<'_>,
    prepared: &Prepared,
    cancel: Cancel<'_>,
) -> Result<Scored> {
    let (rows, systems) = (batch.instances.len(), prepared.systems);
    let (width, metrics) = (spec.width() - 1, text_metrics(spec).count());
    let mut scored = Scored {
        width,
        stats: vec![0.0; rows * systems * width],
        metrics,
        flags: vec![RowFlags::default(); rows * systems * metrics],
    };
    if metrics == 0 {
        return Ok(scored);
    }
    let task = |(at, (stats, flags)): (usize, (&mut [f64], &mut [RowFlags]))| {
        if cancel() {
            return Err(Error::cancelled());
        }
        let first = at * ROWS_PER_TASK;
        let mut scratch = Scratch::default();
        let cells = stats
            .chunks_mut(systems * width)
            .zip(flags.chunks_mut(systems * metrics));
        for (row, (stats, flags)) in cells.enumerate() {
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
    if rows < PARALLEL_ROWS {
        let stats = scored.stats.chunks_mut(stats_per_task);
        stats
            .zip(scored.flags.chunks_mut(flags_per_task))
            .enumerate()
            .try_for_each(task)?;
    } else {
        let stats = scored.stats.par_chunks_mut(stats_per_task);
        let tasks = stats
            .zip(scored.flags.par_chunks_mut(flags_per_task))
            .enumerate();
        pool::run(|| tasks.try_for_each(task))?;
    }
    Ok(scored)
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

impl Accumulator {
    /// Adds scored rows to the sums.
    pub(super) fn fold(&mut self, batch: &Batch<'_>, prepared: &Prepared, scored: &Scored) {
        let first = self.next_position;
        for (row, instance) in batch.instances.iter().enumerate() {
            let key = if !instance.cluster.is_empty() {
                self.keys.cluster += 1;
                RowKey::Cluster(instance.cluster)
            } else if !instance.id.is_empty() {
                self.keys.id += 1;
                RowKey::Id(instance.id)
            } else {
                self.keys.position += 1;
                RowKey::Position(first + row as u64)
            };
            let hash = key_hash(key);
            let (place, remap) = self.slots.place(hash);
            if let Some(remap) = remap {
                self.all_sums_mut().for_each(|sums| sums.remap(&remap));
            }
            self.add_row(prepared, scored, row, place);
            self.tally_row(batch, prepared, scored, row, hash);
        }
        self.report_rows(batch, prepared, scored);
        self.advance(batch, first);
    }

    fn advance(&mut self, batch: &Batch<'_>, first: u64) {
        self.next_position += batch.instances.len() as u64;
        let by_position =
            |row: &crate::batch::Instance<'_>| row.id.is_empty() && row.cluster.is_empty();
        if batch.instances.iter().any(by_position) {
            match self.positions.last_mut() {
                Some(range) if range.1 == first => range.1 = self.next_position,
                _ => self.positions.push((first, self.next_position)),
            }
        }
    }

    pub(super) fn all_sums_mut(&mut self) -> impl Iterator<Item = &mut super::Sums> {
        self.systems
            .iter_mut()
            .chain(self.pairs.iter_mut().flat_map(Pair::sums_mut))
    }

    fn add_row(&mut self, prepared: &Prepared, scored: &Scored, row: usize, place: u32) {
        for system in 0..prepared.systems {
            let at = row * prepared.systems + system;
            if prepared.usable[at] {
                self.systems[system].add(place, scored.stats_of(at), prepared.classes[at]);
            } else {
                self.tallies[system].failed += 1;
            }
        }
        for pair in &mut self.pairs {
            let base = row * prepared.systems + pair.baseline;
            let cand = row * prepared.systems + pair.candidate;
            let (excluded, at) = match (prepared.usable[base], prepared.usable[cand]) {
                (true, false) => (&mut pair.excluded_baseline, base),
                (false, true) => (&mut pair.excluded_candidate, cand),
                (false, false) => continue,
                (true, true) => {
                    compare_row(&self.spec, pair, scored, prepared, base, cand);
                    continue;
                }
            };
            excluded
                .get_or_insert_with(|| self.systems[0].empty_like())
                .add(place, scored.stats_of(at), prepared.classes[at]);
        }
    }

    fn tally_row(
        &mut self,
        batch: &Batch<'_>,
        prepared: &Prepared,
        scored: &Scored,
        row: usize,
        hash: u64,
    ) {
        let id = || row_id(batch, row, self.next_position);
        for (system, tally) in self.tallies.iter_mut().enumerate() {
            let at = row * prepared.systems + system;
            if !prepared.usable[at] || scored.metrics == 0 {
                continue;
            }
            let prediction = batch.prediction(&batch.instances[row], system);
            if prediction.is_some_and(|prediction| prediction.text == Some("")) {
                tally.empty.add(hash, id);
            }
            for (index, (metric, _, _)) in text_metrics(&self.spec).enumerate() {
                if scored.flags[at * scored.metrics + index].0 & RowFlags::NON_ASCII_DROPPED != 0 {
                    tally.dropped[metric].add(hash, id);
                }
            }
        }
        for pair in &mut self.pairs {
            let answer = |system: usize| batch.prediction(&batch.instances[row], system);
            let text = |system| answer(system).and_then(|prediction| prediction.text);
            let class = |system: usize| prepared.classes[row * prepared.systems + system];
            let same = text(pair.baseline) == text(pair.candidate)
                && class(pair.baseline) == class(pair.candidate);
            pair.different += u64::from(!same);
        }
    }

    fn report_rows(&mut self, batch: &Batch<'_>, prepared: &Prepared, scored: &Scored) {
        for failure in &prepared.failures {
            self.rows[failure.system as usize].errors.push(RowError {
                row: self.next_position + u64::from(failure.row),
                id: row_id(batch, failure.row as usize, self.next_position),
                reason: failure.reason.clone(),
                message: failure.message.clone(),
            });
        }
        for rows in &mut self.rows {
            rows.errors.sort_by_key(|error| error.row);
        }
        if !self.reports_scores() {
            return;
        }
        for row in 0..batch.instances.len() {
            self.row_ids.push(row_id(batch, row, self.next_position));
        }
        for (system, rows) in self.rows.iter_mut().enumerate() {
            rows.scores.resize(self.spec.metrics.len(), Vec::new());
            for row in 0..batch.instances.len() {
                let at = row * prepared.systems + system;
                for (metric, scores) in rows.scores.iter_mut().enumerate() {
                    let score = prepared.usable[at]
                        .then(|| row_score(&self.spec, metric, scored, prepared, at))
                        .flatten();
                    scores.push(score.unwrap_or(f64::NAN));
                }
            }
        }
    }
}

impl Scored {
    fn stats_of(&self, at: usize) -> &[f64] {
        &self.stats[at * self.width..][..self.width]
    }
}

/// Id of a row for people: the id, with the sample if it has one, or the position.
fn row_id(batch: &Batch<'_>, row: usize, first: u64) -> String {
    let instance = &batch.instances[row];
    match (instance.id, instance.sample) {
        ("", _) => format!("#{}", first + row as u64),
        (id, 0) => id.to_owned(),
        (id, sample) => format!("{id}/{sample}"),
    }
}

fn row_score(
    spec: &Spec,
    metric: usize,
    scored: &Scored,
    prepared: &Prepared,
    at: usize,
) -> Option<f64> {
    match &spec.metrics[metric].statistics {
        Statistics::Classes(class) => {
            prepared.classes[at].and_then(|(gold, predicted)| class.row_score(gold == predicted))
        }
        Statistics::Text(text) => {
            let before = text_metrics(spec).take_while(|(index, _, _)| *index < metric);
            let start: usize = before.map(|(_, _, text)| text.columns().len()).sum();
            text.row_score(&scored.stats_of(at)[start..][..text.columns().len()])
        }
    }
}

fn compare_row(
    spec: &Spec,
    pair: &mut Pair,
    scored: &Scored,
    prepared: &Prepared,
    base: usize,
    cand: usize,
) {
    let mut start = 0;
    for (metric, resolved, text) in text_metrics(spec) {
        let range = start..start + text.columns().len();
        start = range.end;
        let scores = (
            text.row_score(&scored.stats_of(base)[range.clone()]),
            text.row_score(&scored.stats_of(cand)[range]),
        );
        if let (Some(base), Some(cand)) = scores {
            pair.count(metric, better(resolved.entry.direction, base, cand));
        }
    }
    let correct =
        |at: usize| prepared.classes[at].is_some_and(|(gold, predicted)| gold == predicted);
    for (metric, class) in class_metrics(spec) {
        let scores = (
            class.row_score(correct(base)),
            class.row_score(correct(cand)),
        );
        if let (Some(base), Some(cand)) = scores {
            pair.count(
                metric,
                better(spec.metrics[metric].entry.direction, base, cand),
            );
        }
    }
}

/// How the candidate's score compares with the baseline's, better is greater.
fn better(direction: Direction, base: f64, cand: f64) -> Ordering {
    let order = cand.partial_cmp(&base).unwrap_or(Ordering::Equal);
    match direction {
        Direction::Lower => order.reverse(),
        Direction::Higher | Direction::None => order,
    }
}
