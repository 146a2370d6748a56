//! What systems of the server wrote: their answers become predictions like those that callers send.

use crate::batch::{Batch, Prediction, PredictionExtra, Span, Usage};

/// What a system wrote for one row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Whether the text ends where the limit of tokens was.
    pub truncated: bool,
    /// What writing it took.
    pub usage: Usage,
}

/// What one system wrote for the rows of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WrittenRows {
    /// Index of the system.
    pub system: usize,
    /// One a row; `None` where the system gave no answer.
    pub rows: Vec<Option<Written>>,
}

/// What one system answers to every row alike.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constant {
    /// Index of the system.
    pub system: usize,
    /// The text, if it answers with one.
    pub text: Option<String>,
    /// The number, if it answers with one.
    pub value: Option<f64>,
}

/// The same rows with what systems wrote as their predictions. Other systems keep those of the rows.
pub fn with_written<'b>(
    batch: &Batch<'b>,
    systems: usize,
    written: &'b [WrittenRows],
    constants: &'b [Constant],
) -> Batch<'b> {
    let mut filled = batch.clone();
    let same: Vec<(usize, Prediction<'b>)> = constants
        .iter()
        .map(|one| (one.system, constant(one, &mut filled.prediction_extras)))
        .collect();
    let mut predictions = Vec::with_capacity(batch.instances.len() * systems);
    for (row, instance) in filled.instances.iter_mut().enumerate() {
        let sent = &batch.predictions[instance.predictions.range()];
        let start = predictions.len() as u32;
        for system in 0..systems {
            if let Some((_, prediction)) = same.iter().find(|(of, _)| *of == system) {
                predictions.push(prediction.clone());
                continue;
            }
            let by_server = written.iter().find(|written| written.system == system);
            predictions.push(match by_server {
                None => sent.get(system).cloned().unwrap_or_default(),
                Some(written) => match written.rows.get(row).and_then(Option::as_ref) {
                    None => Prediction::default(),
                    Some(written) => prediction(written, &mut filled.prediction_extras),
                },
            });
        }
        instance.predictions = Span {
            start,
            end: predictions.len() as u32,
        };
    }
    filled.predictions = predictions;
    filled
}

fn prediction<'b>(written: &'b Written, extras: &mut Vec<PredictionExtra>) -> Prediction<'b> {
    extras.push(PredictionExtra {
        truncated: written.truncated,
        usage: written.usage,
        ..PredictionExtra::default()
    });
    Prediction {
        text: Some(&written.text),
        extra: extras.len() as u32,
        ..Prediction::default()
    }
}

fn constant<'b>(answer: &'b Constant, extras: &mut Vec<PredictionExtra>) -> Prediction<'b> {
    let mut prediction = Prediction {
        text: answer.text.as_deref(),
        ..Prediction::default()
    };
    if answer.value.is_some() {
        extras.push(PredictionExtra {
            value: answer.value,
            ..PredictionExtra::default()
        });
        prediction.extra = extras.len() as u32;
    }
    prediction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Instance;

    #[test]
    fn answers_stand_beside_what_was_sent() {
        let mut batch = Batch::default();
        for text in ["sent", "also"] {
            let start = batch.predictions.len() as u32;
            batch.predictions.push(Prediction {
                text: Some(text),
                ..Prediction::default()
            });
            batch.instances.push(Instance {
                predictions: Span {
                    start,
                    end: start + 1,
                },
                ..Instance::default()
            });
        }
        let usage = Usage {
            output_tokens: Some(3.0),
            ..Usage::default()
        };
        let answer = Written {
            text: "written".into(),
            truncated: true,
            usage,
        };
        let written = [WrittenRows {
            system: 1,
            rows: vec![Some(answer), None],
        }];
        let guess = Constant {
            system: 2,
            text: None,
            value: Some(1.5),
        };
        let guesses = [guess];
        let filled = with_written(&batch, 3, &written, &guesses);
        let text = |row: usize, system: usize| {
            let prediction = filled.prediction(&filled.instances[row], system);
            prediction.and_then(|prediction| prediction.text)
        };
        assert_eq!(
            [text(0, 0), text(0, 1), text(0, 2)],
            [Some("sent"), Some("written"), None]
        );
        assert_eq!(
            [text(1, 0), text(1, 1), text(1, 2)],
            [Some("also"), None, None]
        );
        let answer = filled.prediction(&filled.instances[0], 1).unwrap();
        let extra = filled.prediction_extra(answer).unwrap();
        for row in &filled.instances {
            let extra = filled.prediction_extra(filled.prediction(row, 2).unwrap());
            assert_eq!(extra.unwrap().value, Some(1.5));
        }
        assert!(extra.truncated);
        assert_eq!(extra.usage, usage);
    }
}
