//! Which predictions of a batch can be scored, and the classes of their labels.

use super::ModelOutput;
use super::answer::Answer;
use super::labels::LabelTable;
use super::sums::RowClasses;
use crate::batch::{Batch, RowFailure, Span};
use crate::error::Result;
use crate::spec::Spec;

/// What can be scored: one entry a (row, system).
pub struct Prepared {
    /// Number of systems.
    pub systems: usize,
    /// Whether the prediction can be scored.
    pub usable: Vec<bool>,
    /// Whether a metric rests on counts by class.
    counted: bool,
    /// Gold and predicted classes, with labels, into `numbers`; empty if labels are not numbered.
    classes: Vec<Option<(Span, Span)>>,
    numbers: Vec<u32>,
    /// Predictions that cannot be scored.
    pub failures: Vec<RowFailure>,
}

impl Prepared {
    /// Gold and predicted classes of a (row, system), if they are counted.
    pub fn counted_classes(&self, at: usize) -> Option<RowClasses<'_>> {
        self.classes_of(at).filter(|_| self.counted)
    }

    /// Gold and predicted classes of a (row, system).
    pub fn classes_of(&self, at: usize) -> Option<RowClasses<'_>> {
        let classes = self.classes.get(at).copied().flatten();
        classes.map(|(gold, predicted)| RowClasses {
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

/// Finds the usable predictions and numbers their labels.
pub fn prepare(
    spec: &Spec,
    batch: &Batch<'_>,
    outputs: &[ModelOutput],
    failures: &[RowFailure],
    labels: &mut LabelTable,
) -> Result<Prepared> {
    let (rows, systems) = (batch.instances.len(), spec.systems.len());
    let mut prepared = unchecked(spec, rows, failures);
    let needs = spec.needs();
    let mut classes = spec.numbers_labels().then(|| Classes {
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
            let missing = |problem| ("MISSING_PREDICTION", problem);
            let found = match (gold, answer.problem(spec, needs, batch)) {
                (None, _) => Err(("UNKNOWN_LABEL", "the gold label is none of the classes")),
                (Some(_), Some(problem)) => Err(missing(problem)),
                (Some(gold), None) => match &mut classes {
                    None => Ok(None),
                    Some(classes) => classes
                        .predicted(batch, &answer, (row, system), &mut prepared.numbers)?
                        .map(|predicted| Some((gold, predicted)))
                        .ok_or(UNKNOWN_PREDICTION),
                },
            };
            match found {
                Ok(None) => {}
                Ok(classes) => prepared.classes[at] = classes,
                Err(problem) => {
                    prepared.usable[at] = false;
                    prepared.failures.push(failed(row, system, problem));
                }
            }
        }
    }
    Ok(prepared)
}

/// What is known before the rows are looked at: every prediction is usable but the failures.
fn unchecked(spec: &Spec, rows: usize, failures: &[RowFailure]) -> Prepared {
    let systems = spec.systems.len();
    let labelled = if spec.numbers_labels() { rows } else { 0 };
    let mut prepared = Prepared {
        systems,
        usable: vec![true; rows * systems],
        counted: spec.counts_classes(),
        classes: vec![None; labelled * systems],
        numbers: Vec::new(),
        failures: failures.to_vec(),
    };
    for failure in failures {
        prepared.usable[failure.row as usize * systems + failure.system as usize] = false;
    }
    prepared
}

const UNKNOWN_PREDICTION: (&str, &str) = (
    "UNKNOWN_LABEL",
    "the predicted label is none of the classes",
);

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
        let row = batch.place(row);
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
        let row = batch.place(row);
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
