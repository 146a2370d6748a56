//! What models of the server computed of rows for metrics: the numbers join the predictions that they belong to.

use crate::batch::{Batch, PredictionExtra, Span};

/// One measure of all rows and systems of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeasuredRows {
    /// Name of the measure.
    pub name: String,
    /// By row, then system: the number, and whether a text was cut for it. `None` where there is none, because there is
    /// no text or the model failed.
    pub numbers: Vec<Option<(f64, bool)>>,
}

/// The same rows with these numbers. There are as many systems in each measure as the batch has numbers for.
pub fn with_measured<'b>(
    batch: &Batch<'b>,
    systems: usize,
    measured: &'b [MeasuredRows],
) -> Batch<'b> {
    let mut filled = batch.clone();
    filled.measures = measured.iter().map(|one| one.name.as_str()).collect();
    for (row, instance) in batch.instances.iter().enumerate() {
        for (system, at) in instance.predictions.range().take(systems).enumerate() {
            let found = measured
                .iter()
                .map(|one| one.numbers.get(row * systems + system).copied().flatten());
            let start = filled.measured.len();
            filled.measured.extend(found.map(Option::unwrap_or_default));
            let span = Span {
                start: start as u32,
                end: filled.measured.len() as u32,
            };
            let prediction = &mut filled.predictions[at];
            // A prediction without fields must stay a missing one.
            if prediction.is_missing() {
                continue;
            }
            let known = batch.prediction_extra(prediction);
            filled.prediction_extras.push(PredictionExtra {
                measured: span,
                ..known.cloned().unwrap_or_default()
            });
            prediction.extra = filled.prediction_extras.len() as u32;
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Instance, Prediction, Usage};
    use crate::metrics::Row;

    #[test]
    fn numbers_join_their_predictions() {
        let mut batch = Batch::default();
        let usage = Usage {
            cost: Some(2.0),
            ..Usage::default()
        };
        batch.prediction_extras.push(PredictionExtra {
            usage,
            ..PredictionExtra::default()
        });
        for extra in [0, 1] {
            let start = batch.predictions.len() as u32;
            batch.predictions.push(Prediction {
                text: Some("a"),
                extra,
                ..Prediction::default()
            });
            batch.predictions.push(Prediction::default());
            batch.instances.push(Instance {
                predictions: Span {
                    start,
                    end: start + 2,
                },
                ..Instance::default()
            });
        }
        let measured = [MeasuredRows {
            name: "f1".into(),
            numbers: vec![Some((0.5, true)), None, Some((0.25, false)), None],
        }];
        let filled = with_measured(&batch, 2, &measured);
        let row = |row: usize, system: usize| {
            let instance = &filled.instances[row];
            let prediction = filled.prediction(instance, system);
            Row::of_batch(&filled, instance, prediction, &[], 0)
        };
        assert_eq!(row(0, 0).measured("f1"), Some((0.5, true)));
        assert_eq!(row(0, 0).measured("recall"), None);
        assert_eq!(row(1, 0).measured("f1"), Some((0.25, false)));
        assert_eq!(row(1, 0).usage(), usage);
        assert!(filled.prediction(&filled.instances[0], 1).is_none());
        assert_eq!(row(0, 1).measured("f1"), None);
    }
}
