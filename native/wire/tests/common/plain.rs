//! Rows in plain form, made from a batch and from prost's messages, to compare the two.

use std::collections::{BTreeMap, HashMap};

use evald_core::batch::{self, Batch, Span};
use evald_wire::proto::{Instance, Prediction, Usage};

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
    wrong_references: Vec<String>,
    reference_tokens: Vec<Vec<String>>,
    value: Option<u64>,
    choices: Vec<(String, bool)>,
    messages: Vec<(String, String)>,
    weight: Option<u64>,
    human_labels: Vec<String>,
    /// With task and split.
    slices: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Answer {
    text: Option<String>,
    labels: Vec<String>,
    class_scores: Vec<u64>,
    tokens: Vec<String>,
    value: Option<u64>,
    token_logprobs: Vec<u64>,
    choice_scores: Vec<u64>,
    no_answer_score: Option<u64>,
    scores: BTreeMap<String, u64>,
    usage: [Option<u64>; 5],
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn answer_of(batch: &Batch<'_>, prediction: &batch::Prediction<'_>) -> Answer {
    let numbers = |span: Span| bits(&batch.numbers[span.range()]);
    let answer = Answer {
        text: prediction.text.map(str::to_owned),
        labels: owned(&batch.labels[prediction.labels.range()]),
        class_scores: numbers(prediction.class_scores),
        ..Answer::default()
    };
    let Some(extra) = batch.prediction_extra(prediction) else {
        return answer;
    };
    let scores = batch.scores[extra.scores.range()].iter();
    let answer = Answer {
        tokens: owned(&batch.texts[extra.tokens.range()]),
        value: extra.value.map(f64::to_bits),
        token_logprobs: numbers(extra.token_logprobs),
        choice_scores: numbers(extra.choice_scores),
        no_answer_score: extra.no_answer_score.map(f64::to_bits),
        // Of entries of one name the last wins.
        scores: scores
            .map(|(name, score)| ((*name).to_owned(), score.to_bits()))
            .collect(),
        usage: extra.usage.parts().map(|(_, part)| part.map(f64::to_bits)),
        ..answer
    };
    assert_ne!(
        answer,
        Answer {
            text: answer.text.clone(),
            labels: answer.labels.clone(),
            class_scores: answer.class_scores.clone(),
            ..Answer::default()
        },
        "an extra that holds nothing makes a missing prediction a real one"
    );
    answer
}

fn row_of(batch: &Batch<'_>, row: &batch::Instance<'_>) -> Row {
    let predictions = batch.predictions[row.predictions.range()].iter();
    let inputs = batch.inputs[row.inputs.range()].iter().map(|(key, _)| {
        let text = batch.input(row, key).expect("the key is there");
        ((*key).to_owned(), text.to_owned())
    });
    let plain = Row {
        id: row.id.to_owned(),
        sample: row.sample,
        cluster: row.cluster.to_owned(),
        references: owned(batch.references(row)),
        labels: owned(&batch.labels[row.labels.range()]),
        inputs: inputs.collect(),
        predictions: predictions
            .map(|prediction| answer_of(batch, prediction))
            .collect(),
        ..Row::default()
    };
    let Some(extra) = batch.row_extra(row) else {
        return plain;
    };
    let lists = batch.token_lists[extra.reference_tokens.range()].iter();
    let choices = batch.choices[extra.choices.range()].iter();
    let messages = batch.messages[extra.messages.range()].iter();
    Row {
        messages: messages
            .map(|(role, content)| ((*role).to_owned(), (*content).to_owned()))
            .collect(),
        wrong_references: owned(&batch.texts[extra.wrong_references.range()]),
        reference_tokens: lists
            .map(|list| owned(&batch.texts[list.range()]))
            .collect(),
        value: extra.value.map(f64::to_bits),
        choices: choices
            .map(|(text, correct)| ((*text).to_owned(), *correct))
            .collect(),
        weight: extra.weight.map(f64::to_bits),
        human_labels: owned(&batch.labels[extra.human_labels.range()]),
        slices: batch.slices[extra.slices.range()]
            .iter()
            .map(|(key, _)| {
                let value = batch.slice(row, key).expect("the key is there");
                ((*key).to_owned(), value.to_owned())
            })
            .collect(),
        ..plain
    }
}

/// The rows of a batch.
pub fn of_batch(batch: &Batch<'_>) -> Vec<Row> {
    let rows = batch.instances.iter();
    rows.map(|row| row_of(batch, row)).collect()
}

fn answer_of_message(prediction: Prediction) -> Answer {
    Answer {
        text: prediction.text,
        labels: prediction.labels,
        class_scores: bits(&prediction.class_scores),
        tokens: prediction.tokens,
        value: prediction.value.map(f64::to_bits),
        token_logprobs: bits(&prediction.token_logprobs),
        choice_scores: bits(&prediction.choice_scores),
        no_answer_score: prediction.no_answer_score.map(f64::to_bits),
        scores: prediction
            .scores
            .into_iter()
            .map(|(name, score)| (name, score.to_bits()))
            .collect(),
        usage: usage_of(prediction.usage.as_ref()).map(|part| part.map(f64::to_bits)),
    }
}

fn usage_of(usage: Option<&Usage>) -> [Option<f64>; 5] {
    usage.map_or([None; 5], |usage| {
        [
            usage.latency_seconds,
            usage.input_tokens.map(|tokens| tokens as f64),
            usage.output_tokens.map(|tokens| tokens as f64),
            usage.cost,
            usage.peak_memory_bytes.map(|bytes| bytes as f64),
        ]
    })
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
        predictions: row.predictions.into_iter().map(answer_of_message).collect(),
        wrong_references: row.wrong_references,
        reference_tokens: row
            .reference_tokens
            .into_iter()
            .map(|list| list.tokens)
            .collect(),
        value: row.value.map(f64::to_bits),
        choices: row
            .choices
            .into_iter()
            .map(|choice| (choice.text, choice.correct))
            .collect(),
        messages: row
            .messages
            .into_iter()
            .map(|message| (message.role, message.content))
            .collect(),
        weight: row.weight.map(f64::to_bits),
        human_labels: row.human_labels,
        slices: slices_of(row.slices, [("task", row.task), ("split", row.split)]),
    });
    rows.collect()
}

fn slices_of(
    slices: HashMap<String, String>,
    fields: [(&str, String); 2],
) -> BTreeMap<String, String> {
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let fields = fields.map(|(key, value)| (key.to_owned(), value));
    slices.into_iter().chain(fields).collect()
}

/// Whether the reader must refuse rows that prost decodes: a reserved field, or a number that makes no sense.
pub fn refused(rows: &[Instance]) -> bool {
    rows.iter().any(|row| {
        let value = row.value.is_some_and(|value| !value.is_finite());
        let weight = row
            .weight
            .is_some_and(|weight| !(weight > 0.0 && weight < f64::INFINITY));
        value || weight || row.predictions.iter().any(refused_prediction)
    })
}

fn refused_prediction(prediction: &Prediction) -> bool {
    let lists = [
        &prediction.class_scores,
        &prediction.token_logprobs,
        &prediction.choice_scores,
    ];
    let singles = [prediction.value, prediction.no_answer_score];
    let singles = singles.iter().flatten().chain(prediction.scores.values());
    let nan = lists.iter().any(|list| list.iter().any(|n| n.is_nan()));
    let usage = usage_of(prediction.usage.as_ref());
    let mut usage = usage.into_iter().flatten();
    let negative = usage.any(|number| !(number >= 0.0 && number <= 2_f64.powi(64)));
    nan || negative
        || !prediction.finish_reason.is_empty()
        || !prediction.embedding.is_empty()
        || singles.into_iter().any(|number| !number.is_finite())
}
