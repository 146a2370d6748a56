//! Rows as the accumulator takes them: flat pools of borrowed text, one range a field.
//!
//! A `Batch` borrows from the buffer that the rows were read from (a request, or one string that
//! holds the texts of a list), so that no text is copied; only what models add is owned.

use std::borrow::Cow;
use std::ops::Range;

/// A range of one of the batch's pools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// First element.
    pub start: u32,
    /// One past the last element.
    pub end: u32,
}

impl Span {
    /// The span as a range of indexes.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Number of elements.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether there is no element.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Instance<'a> {
    /// Empty means absent.
    pub id: &'a str,
    /// Distinguishes samples of one id.
    pub sample: u32,
    /// Empty means absent.
    pub cluster: &'a str,
    /// Into [`Batch::texts`].
    pub references: Span,
    /// Into [`Batch::labels`].
    pub labels: Span,
    /// Into [`Batch::inputs`].
    pub inputs: Span,
    /// Into [`Batch::predictions`]; at most one a system.
    pub predictions: Span,
    /// Place in [`Batch::row_extras`] plus one; 0 if the row has none of those fields.
    pub extra: u32,
}

/// Fields of a row that few data sets have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowExtra {
    /// Into [`Batch::texts`].
    pub wrong_references: Span,
    /// Into [`Batch::token_lists`]; one a reference.
    pub reference_tokens: Span,
    /// Gold number.
    pub value: Option<f64>,
    /// Into [`Batch::choices`].
    pub choices: Span,
    /// Into [`Batch::messages`].
    pub messages: Span,
    /// Into [`Batch::labels`].
    pub human_labels: Span,
    /// Weight of the row.
    pub weight: Option<f64>,
    /// Into [`Batch::slices`]; task and split are slices of these names.
    pub slices: Span,
}

/// The answer of one system for one row. All fields unset: missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prediction<'a> {
    /// The text; `Some("")` is a real, empty answer.
    pub text: Option<&'a str>,
    /// Into [`Batch::labels`].
    pub labels: Span,
    /// Into [`Batch::numbers`].
    pub class_scores: Span,
    /// Place in [`Batch::prediction_extras`] plus one; 0 if the prediction has none of those fields.
    pub extra: u32,
}

/// Fields of a prediction that few data sets have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PredictionExtra {
    /// Into [`Batch::texts`].
    pub tokens: Span,
    /// Predicted number.
    pub value: Option<f64>,
    /// Into [`Batch::numbers`].
    pub token_logprobs: Span,
    /// Into [`Batch::numbers`].
    pub choice_scores: Span,
    /// Score of "no answer".
    pub no_answer_score: Option<f64>,
    /// Into [`Batch::scores`].
    pub scores: Span,
    /// What producing the answer took.
    pub usage: Usage,
    /// Whether the text ends where the limit of tokens was.
    pub truncated: bool,
    /// Into [`Batch::measured`]; one a measure of the batch, or none.
    pub measured: Span,
}

/// What producing an answer took, as far as the caller knows; nothing of it is below 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Wall time in seconds.
    pub latency_seconds: Option<f64>,
    /// Tokens that the model read.
    pub input_tokens: Option<f64>,
    /// Tokens that the model wrote.
    pub output_tokens: Option<f64>,
    /// Cost in the caller's unit.
    pub cost: Option<f64>,
    /// Most bytes of memory that were held.
    pub peak_memory_bytes: Option<f64>,
}

impl Usage {
    /// Its numbers by the path of their field within a prediction.
    pub fn parts(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("usage.latency_seconds", self.latency_seconds),
            ("usage.input_tokens", self.input_tokens),
            ("usage.output_tokens", self.output_tokens),
            ("usage.cost", self.cost),
            ("usage.peak_memory_bytes", self.peak_memory_bytes),
        ]
    }
}

impl Prediction<'_> {
    /// Whether no field is set.
    pub fn is_missing(&self) -> bool {
        self.text.is_none()
            && self.labels.is_empty()
            && self.class_scores.is_empty()
            && self.extra == 0
    }
}

/// Why the prediction of a row failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// Index of the row in the batch.
    pub row: u32,
    /// Index of the system.
    pub system: u32,
    /// Upper-case word of a closed set.
    pub reason: Cow<'static, str>,
    /// The reason in words, without text of the row.
    pub message: String,
}

/// Rows with the predictions of all systems.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch<'a> {
    /// The rows.
    pub instances: Vec<Instance<'a>>,
    /// Pool of predictions.
    pub predictions: Vec<Prediction<'a>>,
    /// Pool of reference texts and tokens.
    pub texts: Vec<&'a str>,
    /// Pool of gold, predicted and human labels.
    pub labels: Vec<&'a str>,
    /// Pool of class scores, choice scores and token log-likelihoods.
    pub numbers: Vec<f64>,
    /// Rarely used fields of rows.
    pub row_extras: Vec<RowExtra>,
    /// Rarely used fields of predictions.
    pub prediction_extras: Vec<PredictionExtra>,
    /// Pool of token lists, each into `texts`.
    pub token_lists: Vec<Span>,
    /// Pool of answer choices: text, whether it is right.
    pub choices: Vec<(&'a str, bool)>,
    /// Pool of chat messages: role, content.
    pub messages: Vec<(&'a str, &'a str)>,
    /// Pool of named numbers.
    pub scores: Vec<(&'a str, f64)>,
    /// Pool of slice keys and values.
    pub slices: Vec<(&'a str, &'a str)>,
    /// Pool of named inputs: name, text.
    pub inputs: Vec<(&'a str, &'a str)>,
    /// Rows that were set aside to learn from: nothing of them is checked or scored.
    pub aside: Vec<Instance<'a>>,
    /// Index in the request of each row, then of each row set aside; empty if none was.
    pub places: Vec<u32>,
    /// Whether the rows were checked as they were sent.
    pub is_checked: bool,
    /// Names of what models computed of the rows for metrics.
    pub measures: Vec<&'a str>,
    /// Pool of the numbers: number, whether a text was cut for it.
    pub measured: Vec<(f64, bool)>,
}

impl<'a> Batch<'a> {
    /// Sets aside the rows of a split. The others keep their places, which identify rows without ids and name them in
    /// errors.
    pub fn set_aside(&mut self, split: &str) {
        let is_aside = |row: &Instance<'a>| self.slice(row, "split") == Some(split);
        let (aside, kept): (Vec<u32>, Vec<u32>) = (0..self.instances.len() as u32)
            .partition(|row| is_aside(&self.instances[*row as usize]));
        if aside.is_empty() {
            return;
        }
        let rows = |places: &[u32]| -> Vec<Instance<'a>> {
            let rows = places.iter().map(|row| &self.instances[*row as usize]);
            rows.cloned().collect()
        };
        (self.aside, self.instances) = (rows(&aside), rows(&kept));
        self.places = [kept, aside].concat();
    }

    /// Index in the request of a row.
    pub fn place(&self, row: usize) -> usize {
        let place = self.places.get(row);
        place.map_or(row, |place| *place as usize)
    }

    /// Rows of the request: those that are left and those that were set aside.
    pub fn sent(&self) -> usize {
        self.instances.len() + self.aside.len()
    }

    /// Reference texts of a row.
    pub fn references(&self, instance: &Instance<'a>) -> &[&'a str] {
        &self.texts[instance.references.range()]
    }

    /// Rarely used fields of a row.
    pub fn row_extra(&self, instance: &Instance<'a>) -> Option<&RowExtra> {
        self.row_extras
            .get((instance.extra as usize).wrapping_sub(1))
    }

    /// Rarely used fields of a prediction.
    pub fn prediction_extra(&self, prediction: &Prediction<'a>) -> Option<&PredictionExtra> {
        self.prediction_extras
            .get((prediction.extra as usize).wrapping_sub(1))
    }

    /// Prediction of a system for a row; `None` when the row holds fewer predictions or an empty one.
    pub fn prediction(&self, instance: &Instance<'a>, system: usize) -> Option<&Prediction<'a>> {
        self.predictions[instance.predictions.range()]
            .get(system)
            .filter(|prediction| !prediction.is_missing())
    }

    /// Weight of a row, 1 unless it carries one.
    pub fn weight(&self, row: usize) -> f64 {
        let extra = self.row_extra(&self.instances[row]);
        extra.and_then(|extra| extra.weight).unwrap_or(1.0)
    }

    /// The value of a row for a slice key; the last of several wins.
    pub fn slice(&self, instance: &Instance<'a>, key: &str) -> Option<&'a str> {
        let slices = &self.slices[self.row_extra(instance)?.slices.range()];
        let found = slices.iter().rev().find(|(name, _)| *name == key);
        found.map(|(_, value)| *value)
    }

    /// The named input of a row.
    pub fn input(&self, instance: &Instance<'a>, name: &str) -> Option<&'a str> {
        self.inputs[instance.inputs.range()]
            .iter()
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, text)| *text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows<'a>(splits: &[&'a str]) -> Batch<'a> {
        let mut batch = Batch::default();
        for split in splits {
            let start = batch.slices.len() as u32;
            batch.slices.push(("split", split));
            batch.row_extras.push(RowExtra {
                slices: Span {
                    start,
                    end: start + 1,
                },
                ..RowExtra::default()
            });
            batch.instances.push(Instance {
                sample: start,
                extra: batch.row_extras.len() as u32,
                ..Instance::default()
            });
        }
        batch
    }

    fn samples(rows: &[Instance<'_>]) -> Vec<u32> {
        rows.iter().map(|row| row.sample).collect()
    }

    #[test]
    fn rows_that_are_left_keep_their_places() {
        let mut batch = rows(&["train", "test", "train", "", "training"]);
        batch.set_aside("train");
        assert_eq!(samples(&batch.instances), [1, 3, 4]);
        assert_eq!(samples(&batch.aside), [0, 2]);
        assert_eq!(
            (0..3).map(|row| batch.place(row)).collect::<Vec<_>>(),
            [1, 3, 4]
        );
        assert_eq!(batch.places, [1, 3, 4, 0, 2]);
        assert_eq!(batch.sent(), 5);
    }

    #[test]
    fn without_rows_of_the_split_nothing_changes() {
        let mut batch = rows(&["test", ""]);
        let before = batch.clone();
        batch.set_aside("train");
        assert_eq!(batch, before);
        assert_eq!((batch.place(1), batch.sent()), (1, 2));
    }
}
