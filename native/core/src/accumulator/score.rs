//! From rows to statistics: which predictions are usable, their classes, the text metrics' vectors.

use std::ops::Range;

use rayon::prelude::*;

use super::labels::LabelTable;
use super::sums::RowClasses;
use super::{Cancel, ModelOutput, row_metrics};
use crate::batch::{Batch, Prediction, RowFailure, Span};
use crate::error::{Error, Result};
use crate::metrics::{Field, FieldSet, Row, RowFlags};
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
    /// Gold and predicted classes, with labels, into `numbers`.
    classes: Vec<Option<(Span, Span)>>,
    numbers: Vec<u32>,
    /// Predictions that cannot be scored.
    pub failures: Vec<RowFailure>,
}

impl Prepared {
    /// Gold and predicted classes of a (row, system).
    pub fn classes_of(&self, at: usize) -> Option<RowClasses<'_>> {
        self.classes[at].map(|(gold, predicted)| RowClasses {
            gold: &self.numbers[gold.range()],
            predicted: &self.numbers[predicted.range()],
        })
    }

    /// Whether the predicted classes are the gold ones.
    pub fn is_correct(&self, at: usize) -> bool {
        self.classes_of(at).is_some_and(|classes| {
            classes.gold.len() == classes.predicted.len()
                && classes
                    .gold
                    .iter()
                    .all(|gold| classes.predicted.contains(gold))
        })
    }
}

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
    fn reset(&mut self, spec: &Spec, rows: Range<usize>) {
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
        numbers: Vec::new(),
        failures: failures.to_vec(),
    };
    for failure in failures {
        prepared.usable[failure.row as usize * systems + failure.system as usize] = false;
    }
    let needs = spec.needs();
    let mut classes = spec.counts_classes().then(|| Classes {
        spec,
        labels,
        multilabel: spec.multilabel(),
    });
    for row in 0..rows {
        let gold = match &mut classes {
            Some(classes) => classes.gold(batch, row, &mut prepared.numbers)?,
            None => Some(Span::default()),
        };
        for system in 0..systems {
            let at = row * systems + system;
            if !prepared.usable[at] {
                continue;
            }
            let answer = Answer::find(batch, outputs, row, system);
            let problem = match gold {
                None => Some(("UNKNOWN_LABEL", "the gold label is none of the classes")),
                Some(_) => answer
                    .problem(spec, needs, batch)
                    .map(|problem| ("MISSING_PREDICTION", problem)),
            };
            let predicted = match (&mut classes, problem) {
                (Some(classes), None) => {
                    classes.predicted(batch, &answer, (row, system), &mut prepared.numbers)?
                }
                _ => Some(Span::default()),
            };
            let unknown = (
                "UNKNOWN_LABEL",
                "the predicted label is none of the classes",
            );
            match (problem.or(predicted.is_none().then_some(unknown)), gold) {
                (None, Some(gold)) if classes.is_some() => {
                    prepared.classes[at] = predicted.map(|predicted| (gold, predicted));
                }
                (None, _) => {}
                (Some(problem), _) => {
                    prepared.usable[at] = false;
                    prepared.failures.push(failed(row, system, problem));
                }
            }
        }
    }
    Ok(prepared)
}

fn failed(row: usize, system: usize, (reason, problem): (&'static str, &str)) -> RowFailure {
    RowFailure {
        row: row as u32,
        system: system as u32,
        reason: reason.into(),
        message: problem.to_owned(),
    }
}

/// Numbers the labels of rows.
struct Classes<'l> {
    spec: &'l Spec,
    labels: &'l mut LabelTable,
    multilabel: bool,
}

impl Classes<'_> {
    /// The gold classes of a row; `None` if the row is to be left out.
    fn gold(
        &mut self,
        batch: &Batch<'_>,
        row: usize,
        numbers: &mut Vec<u32>,
    ) -> Result<Option<Span>> {
        let labels = &batch.labels[batch.instances[row].labels.range()];
        self.number(labels, numbers, |at| {
            format!("instances[{row}].labels[{at}]")
        })
    }

    /// The predicted classes of a row; `None` if the row is to be left out.
    fn predicted(
        &mut self,
        batch: &Batch<'_>,
        answer: &Answer<'_>,
        (row, system): (usize, usize),
        numbers: &mut Vec<u32>,
    ) -> Result<Option<Span>> {
        let path = |at: usize| format!("instances[{row}].predictions[{system}].labels[{at}]");
        let given = answer.prediction.map_or(&[][..], |prediction| {
            &batch.labels[prediction.labels.range()]
        });
        if !given.is_empty() {
            return self.number(given, numbers, path);
        }
        let classes = answer
            .output
            .map_or(&self.spec.classes, |output| &output.classes);
        let chosen: Vec<&str> = if self.multilabel {
            let likely = |(class, score): (usize, f64)| {
                (score >= LIKELY).then(|| classes.get(class).map(String::as_str))?
            };
            answer
                .scores(batch)
                .enumerate()
                .filter_map(likely)
                .collect()
        } else {
            let best = argmax(answer.scores(batch));
            best.and_then(|class| classes.get(class).map(String::as_str))
                .into_iter()
                .collect()
        };
        self.number(&chosen, numbers, path)
    }

    fn number(
        &mut self,
        labels: &[&str],
        numbers: &mut Vec<u32>,
        path: impl Fn(usize) -> String,
    ) -> Result<Option<Span>> {
        let start = numbers.len();
        for (at, label) in labels.iter().enumerate() {
            match self.labels.number(label, || path(at))? {
                Some(number) if numbers[start..].contains(&number) => {}
                Some(number) => numbers.push(number),
                None if self.multilabel => {}
                None => return Ok(None),
            }
        }
        Ok(Some(Span {
            start: start as u32,
            end: numbers.len() as u32,
        }))
    }
}

/// From this score on a class belongs to the predicted set of a multilabel row.
const LIKELY: f64 = 0.5;

/// What a system answered for a row.
#[derive(Default)]
pub struct Answer<'a> {
    prediction: Option<&'a Prediction<'a>>,
    output: Option<&'a ModelOutput>,
    model_scores: &'a [f32],
}

impl<'a> Answer<'a> {
    pub fn find(
        batch: &'a Batch<'a>,
        outputs: &'a [ModelOutput],
        row: usize,
        system: usize,
    ) -> Self {
        if let Some(output) = outputs.iter().find(|output| output.system == system) {
            let width = output.classes.len();
            return Self {
                prediction: None,
                output: Some(output),
                model_scores: &output.scores[row * width..][..width],
            };
        }
        Self {
            prediction: batch.prediction(&batch.instances[row], system),
            ..Self::default()
        }
    }

    /// The row as metrics see it.
    pub fn row(&self, spec: &'a Spec, batch: &'a Batch<'a>, row: usize, serial: u64) -> Row<'a> {
        let instance = &batch.instances[row];
        let seen = Row::of_batch(batch, instance, self.prediction, &spec.classes, serial);
        match self.output {
            Some(output) => seen.with_model_scores(&output.classes, self.model_scores),
            None => seen,
        }
    }

    fn scores(&self, batch: &'a Batch<'a>) -> impl Iterator<Item = f64> + 'a {
        let given = self.prediction.map_or(&[][..], |prediction| {
            &batch.numbers[prediction.class_scores.range()]
        });
        let model = self.model_scores.iter().map(|score| f64::from(*score));
        given.iter().copied().chain(model)
    }

    /// What is missing, in words.
    pub fn problem(&self, spec: &Spec, needs: FieldSet, batch: &Batch<'_>) -> Option<&'static str> {
        if self.prediction.is_none() && self.output.is_none() {
            return Some("the system has no prediction for this row");
        }
        let has_text = self
            .prediction
            .is_some_and(|prediction| prediction.text.is_some());
        if needs.has(Field::PredictionText) && !has_text {
            return Some("the system has no prediction text for this row");
        }
        let labels = self
            .prediction
            .is_some_and(|answer| !answer.labels.is_empty());
        let scores = self
            .prediction
            .is_some_and(|answer| !answer.class_scores.is_empty())
            || !self.model_scores.is_empty();
        if needs.has(Field::PredictionLabel) && !labels && !scores {
            return Some("the system has no predicted label for this row");
        }
        if needs.has(Field::PredictionLabelSet) && !labels && !scores && !has_text {
            return Some(
                "the system has no predicted labels for this row; for an empty set of labels set the text",
            );
        }
        if needs.has(Field::ClassScores) && !scores {
            return Some("the system has no class scores for this row");
        }
        let extra = self
            .prediction
            .and_then(|prediction| batch.prediction_extra(prediction));
        let has = |field: Field| match (field, extra) {
            (Field::PredictionTokens, Some(extra)) => !extra.tokens.is_empty() || has_text,
            (Field::PredictionTokens, None) => has_text,
            (_, None) => false,
            (Field::PredictionValue, Some(extra)) => extra.value.is_some(),
            (Field::TokenLogprobs, Some(extra)) => !extra.token_logprobs.is_empty(),
            (Field::ChoiceScores, Some(extra)) => !extra.choice_scores.is_empty(),
            (Field::NoAnswerScore, Some(extra)) => extra.no_answer_score.is_some(),
            (_, Some(extra)) => {
                let given = &batch.scores[extra.scores.range()];
                let mut names = spec.score_names();
                names.all(|name| given.iter().any(|(key, _)| *key == name))
            }
        };
        let found = EXTRAS
            .iter()
            .find(|(field, _)| needs.has(*field) && !has(*field));
        found.map(|(_, problem)| *problem)
    }
}

/// Fields of predictions that few data sets have, and what to say when one is missing.
const EXTRAS: [(Field, &str); 6] = [
    (
        Field::PredictionTokens,
        "the system has no prediction tokens for this row",
    ),
    (
        Field::PredictionValue,
        "the system has no prediction value for this row",
    ),
    (
        Field::TokenLogprobs,
        "the system has no token_logprobs for this row",
    ),
    (
        Field::ChoiceScores,
        "the system has no choice_scores for this row",
    ),
    (
        Field::NoAnswerScore,
        "the system has no no_answer_score for this row",
    ),
    (
        Field::Scores,
        "the system lacks a number in scores that a metric needs for this row",
    ),
];

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

/// Computes the row metrics' vectors of some rows, in parallel when there are many.
pub fn score_rows(
    spec: &Spec,
    batch: &Batch<'_>,
    prepared: &Prepared,
    outputs: &[ModelOutput],
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
            if prepared.usable[at] {
                let answer = Answer::find(batch, outputs, row, system);
                let row = answer.row(spec, batch, row, at as u64);
                score_row(spec, &row, &mut scratch, stats, flags);
            }
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
