//! Rows in plain form, made from a batch and from prost's messages, to compare the two.

use std::collections::BTreeMap;

use evald_core::batch::Batch;
use evald_wire::proto::{Instance, Prediction};

/// A row. Numbers are compared by their bits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    id: String,
    sample: u32,
    cluster: String,
    references: Vec<String>,
    labels: Vec<String>,
    inputs: BTreeMap<String, String>,
    predictions: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    text: Option<String>,
    labels: Vec<String>,
    class_scores: Vec<u64>,
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// The rows of a batch.
pub fn of_batch(batch: &Batch<'_>) -> Vec<Row> {
    let answers = |range| {
        let predictions: &[evald_core::batch::Prediction<'_>] = &batch.predictions[range];
        let answers = predictions.iter().map(|prediction| Answer {
            text: prediction.text.map(str::to_owned),
            labels: owned(&batch.labels[prediction.labels.range()]),
            class_scores: bits(&batch.numbers[prediction.class_scores.range()]),
        });
        answers.collect()
    };
    let rows = batch.instances.iter().map(|row| Row {
        id: row.id.to_owned(),
        sample: row.sample,
        cluster: row.cluster.to_owned(),
        references: owned(batch.references(row)),
        labels: owned(&batch.labels[row.labels.range()]),
        inputs: batch.inputs[row.inputs.range()]
            .iter()
            .map(|(key, _)| {
                let text = batch.input(row, key).expect("the key is there");
                ((*key).to_owned(), text.to_owned())
            })
            .collect(),
        predictions: answers(row.predictions.range()),
    });
    rows.collect()
}

/// The rows of prost's messages.
pub fn of_messages(rows: &[Instance]) -> Vec<Row> {
    let rows = rows.iter().cloned().map(|row| Row {
        id: row.id,
        sample: row.sample,
        cluster: row.cluster,
        references: row.references,
        labels: row.labels,
        inputs: row.inputs.into_iter().collect(),
        predictions: row
            .predictions
            .into_iter()
            .map(|prediction| Answer {
                text: prediction.text,
                labels: prediction.labels,
                class_scores: bits(&prediction.class_scores),
            })
            .collect(),
    });
    rows.collect()
}

/// Whether the reader must refuse rows that prost decodes: a reserved field or a score that is no number.
pub fn refused(rows: &[Instance]) -> bool {
    rows.iter()
        .any(|row| reserved(row) || row.predictions.iter().any(refused_prediction))
}

fn reserved(row: &Instance) -> bool {
    let used = Instance {
        messages: Vec::new(),
        wrong_references: Vec::new(),
        reference_tokens: Vec::new(),
        value: None,
        choices: Vec::new(),
        task: String::new(),
        split: String::new(),
        slices: BTreeMap::new().into_iter().collect(),
        weight: None,
        human_labels: Vec::new(),
        ..row.clone()
    };
    // NaN differs from itself, which errs on the side that `refused` reports anyway.
    used != *row
}

fn refused_prediction(prediction: &Prediction) -> bool {
    let used = Prediction {
        text: prediction.text.clone(),
        labels: prediction.labels.clone(),
        class_scores: prediction.class_scores.clone(),
        ..Prediction::default()
    };
    used != *prediction
}
