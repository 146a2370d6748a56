//! Reads one `Prediction` into the pools of a batch.

use evald_core::batch::Prediction;

use super::cursor::{Cursor, Wire};
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
                3 if wire == Wire::Bytes => {
                    let packed = cursor.doubles(wire)?;
                    let packed = packed.iter().map(|bytes| f64::from_le_bytes(*bytes));
                    self.batch.numbers.extend(packed);
                }
                3 => self.batch.numbers.push(cursor.double(wire)?),
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
        self.check_scores(numbers, index)?;
        self.batch.predictions.push(prediction);
        Ok(())
    }

    /// A text field of a prediction; a text that is not UTF-8 is noted and read as empty.
    #[inline]
    fn prediction_text(
        &mut self,
        cursor: &mut Cursor<'a>,
        wire: Wire,
        (prediction, field, at): (usize, &'static str, At<'_>),
    ) -> Result<&'a str, Stop> {
        if let Some(text) = self.counted(cursor, wire)? {
            return Ok(text);
        }
        self.issues.not_utf8(Place {
            row: self.row(),
            prediction: Some(prediction),
            field,
            at,
        })?;
        Ok("")
    }

    /// Class scores from `start` on must be numbers; infinities order like numbers and are fine.
    fn check_scores(&mut self, start: usize, prediction: usize) -> Result<(), Stop> {
        let row = self.row();
        for (index, score) in self.batch.numbers[start..].iter().enumerate() {
            if score.is_nan() {
                let place = Place {
                    row,
                    prediction: Some(prediction),
                    field: "class_scores",
                    at: At::Index(index),
                };
                let description = "is not a number; send a score for every class, or no scores";
                self.issues.add("NAN_SCORE", place, description)?;
            }
        }
        Ok(())
    }
}
