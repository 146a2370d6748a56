//! Reads one `Prediction` into the pools of a batch.

use evald_core::batch::Prediction;

use super::cursor::{Cursor, Wire};
use super::extras::read_numbers;
use super::instance::{Rows, span_from};
use super::issues::{At, Place, Stop};
use super::reserved::{self, Seen};

impl<'a> Rows<'a> {
    /// Reads prediction number `index` of the row at hand. `depth` is the nesting still allowed in it.
    pub(super) fn read_prediction(
        &mut self,
        mut cursor: Cursor<'a>,
        index: usize,
        depth: u32,
    ) -> Result<(), Stop> {
        let mut prediction = Prediction::default();
        let mut seen = Seen::default();
        let labels = self.batch.labels.len();
        let numbers = self.batch.numbers.len();
        while let Some((tag, wire)) = cursor.key()? {
            match tag {
                1 => {
                    let text =
                        self.prediction_text(&mut cursor, wire, (index, "text", At::Whole))?;
                    prediction.text = Some(text);
                }
                2 => {
                    let at = At::Index(self.batch.labels.len() - labels);
                    let label = self.prediction_text(&mut cursor, wire, (index, "labels", at))?;
                    self.batch.labels.push(label);
                }
                3 => {
                    let count = read_numbers(&mut cursor, wire, &mut self.batch.numbers)?;
                    self.count_numbers(count);
                }
                4..=10 => {
                    self.read_prediction_extra((tag, wire), &mut cursor, index, depth - 1)?;
                }
                // Checked like any other text, and for people only.
                12 => {
                    self.prediction_text(&mut cursor, wire, (index, "reasoning", At::Whole))?;
                }
                _ => seen.read(reserved::PREDICTION, (tag, wire), &mut cursor, depth)?,
            }
        }
        seen.report(
            reserved::PREDICTION,
            self.row(),
            Some(index),
            &mut self.issues,
        )?;
        prediction.labels = span_from(labels, &self.batch.labels);
        prediction.class_scores = span_from(numbers, &self.batch.numbers);
        self.refuse_nan(prediction.class_scores, index, "class_scores")?;
        if self.prediction_draft.is_begun {
            prediction.extra = self.finish_prediction_extra(index)?;
        }
        self.batch.predictions.push(prediction);
        Ok(())
    }

    /// A text field of a prediction; a text that is not UTF-8 is noted and read as empty.
    #[inline]
    pub(super) fn prediction_text(
        &mut self,
        cursor: &mut Cursor<'a>,
        wire: Wire,
        (prediction, field, at): (usize, &'static str, At<'_>),
    ) -> Result<&'a str, Stop> {
        if let Some(text) = self.counted(cursor, wire)? {
            return Ok(text);
        }
        self.issues
            .not_utf8(self.prediction_place(prediction, field, at))?;
        Ok("")
    }

    /// A field of a prediction of the row at hand.
    pub(super) fn prediction_place<'p>(
        &self,
        prediction: usize,
        field: &'static str,
        at: At<'p>,
    ) -> Place<'p> {
        Place {
            prediction: Some(prediction),
            ..self.place(field, at)
        }
    }
}
