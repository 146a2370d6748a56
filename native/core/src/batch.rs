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
}

impl Prediction<'_> {
    /// Whether no field is set.
    pub fn is_missing(&self) -> bool {
        self.text.is_none() && self.labels.is_empty() && self.class_scores.is_empty()
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
    /// Pool of reference texts.
    pub texts: Vec<&'a str>,
    /// Pool of gold and predicted labels.
    pub labels: Vec<&'a str>,
    /// Pool of class scores.
    pub numbers: Vec<f64>,
    /// Pool of named inputs: name, text.
    pub inputs: Vec<(&'a str, &'a str)>,
}

impl<'a> Batch<'a> {
    /// Reference texts of a row.
    pub fn references(&self, instance: &Instance<'a>) -> &[&'a str] {
        &self.texts[instance.references.range()]
    }

    /// Prediction of a system for a row; `None` when the row holds fewer predictions or an empty one.
    pub fn prediction(&self, instance: &Instance<'a>, system: usize) -> Option<&Prediction<'a>> {
        self.predictions[instance.predictions.range()]
            .get(system)
            .filter(|prediction| !prediction.is_missing())
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
