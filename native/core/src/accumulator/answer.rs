//! What a system answered for a row: the prediction of the caller, or text and scores of a model.

use super::ModelOutput;
use super::sums::RowClasses;
use crate::batch::{Batch, Prediction};
use crate::metrics::{Field, FieldSet, ModelAnswer, Row};
use crate::spec::Spec;

/// What a system answered for a row.
#[derive(Default)]
pub struct Answer<'a> {
    pub(super) prediction: Option<&'a Prediction<'a>>,
    pub(super) output: Option<&'a ModelOutput>,
    model: ModelAnswer<'a>,
}

impl<'a> Answer<'a> {
    pub fn find(
        batch: &'a Batch<'a>,
        outputs: &'a [ModelOutput],
        row: usize,
        system: usize,
    ) -> Self {
        // A language model may both score and write: what it wrote is a prediction of the row.
        let output = outputs.iter().find(|output| output.system == system);
        Self {
            prediction: batch.prediction(&batch.instances[row], system),
            output,
            model: output.map_or_else(ModelAnswer::default, |output| output.row(row)),
        }
    }

    /// The row as metrics see it.
    pub fn row(
        &self,
        spec: &'a Spec,
        batch: &'a Batch<'a>,
        (row, serial): (usize, u64),
        classes: Option<RowClasses<'a>>,
    ) -> Row<'a> {
        let instance = &batch.instances[row];
        let mut seen = Row::of_batch(batch, instance, self.prediction, &spec.classes, serial);
        if let Some(classes) = classes {
            seen = seen.with_label_sets(classes.gold, classes.predicted);
        }
        match self.output {
            Some(output) => seen.with_model_answer(&output.classes, self.model),
            None => seen,
        }
    }

    /// The scores of the classes, from wherever they are.
    pub fn scores(&self, batch: &'a Batch<'a>) -> impl Iterator<Item = f64> + 'a {
        let given = self.prediction.map_or(&[][..], |prediction| {
            &batch.numbers[prediction.class_scores.range()]
        });
        let model = self.model.class_scores.iter();
        let model = model.map(|score| f64::from(*score));
        given.iter().copied().chain(model)
    }

    /// What is missing, in words.
    pub fn problem(&self, spec: &Spec, needs: FieldSet, batch: &Batch<'_>) -> Option<&'static str> {
        if self.prediction.is_none() && self.output.is_none() && needs.reads_predictions() {
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
            || !self.model.class_scores.is_empty();
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
            (Field::TokenLogprobs, _) if !self.model.token_logprobs.is_empty() => true,
            (Field::ChoiceScores, _) if !self.model.choice_scores.is_empty() => true,
            (Field::PredictionTokens, Some(extra)) => !extra.tokens.is_empty() || has_text,
            (Field::PredictionTokens, None) => has_text,
            (_, None) => false,
            (Field::PredictionValue, Some(extra)) => extra.value.is_some(),
            (Field::TokenLogprobs, Some(extra)) => !extra.token_logprobs.is_empty(),
            (Field::ChoiceScores, Some(extra)) => !extra.choice_scores.is_empty(),
            (Field::NoAnswerScore, Some(extra)) => extra.no_answer_score.is_some(),
            (Field::LatencySeconds, Some(extra)) => extra.usage.latency_seconds.is_some(),
            (Field::InputTokens, Some(extra)) => extra.usage.input_tokens.is_some(),
            (Field::OutputTokens, Some(extra)) => extra.usage.output_tokens.is_some(),
            (Field::Cost, Some(extra)) => extra.usage.cost.is_some(),
            (Field::PeakMemoryBytes, Some(extra)) => extra.usage.peak_memory_bytes.is_some(),
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
const EXTRAS: [(Field, &str); 11] = [
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
    (
        Field::LatencySeconds,
        "the system has no usage.latency_seconds for this row",
    ),
    (
        Field::InputTokens,
        "the system has no usage.input_tokens for this row",
    ),
    (
        Field::OutputTokens,
        "the system has no usage.output_tokens for this row",
    ),
    (Field::Cost, "the system has no usage.cost for this row"),
    (
        Field::PeakMemoryBytes,
        "the system has no usage.peak_memory_bytes for this row",
    ),
];
