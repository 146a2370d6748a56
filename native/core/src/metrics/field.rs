//! The fields of a row that metrics need.

/// One field; the names are those of the API's `RowField`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `Prediction.text`.
    PredictionText,
    /// `Instance.references`, at least one.
    References,
    /// `Prediction.labels`, exactly one, or `Prediction.class_scores`.
    PredictionLabel,
    /// `Instance.labels`, exactly one.
    Labels,
    /// `Prediction.labels`, any number.
    PredictionLabelSet,
    /// `Instance.labels`, any number.
    LabelSet,
    /// `Prediction.class_scores`.
    ClassScores,
    /// `Instance.wrong_references`, at least one.
    WrongReferences,
    /// `Prediction.tokens`.
    PredictionTokens,
    /// `Instance.reference_tokens`, at least one list.
    ReferenceTokens,
    /// `Prediction.value`.
    PredictionValue,
    /// `Instance.value`.
    Value,
    /// `Prediction.token_logprobs`.
    TokenLogprobs,
    /// `Instance.choices`.
    Choices,
    /// `Prediction.choice_scores`, as many as choices.
    ChoiceScores,
    /// `Prediction.no_answer_score`.
    NoAnswerScore,
    /// `Prediction.scores`, the one that a parameter names.
    Scores,
    /// `Instance.human_labels`.
    HumanLabels,
    /// `Prediction.usage.latency_seconds`.
    LatencySeconds,
    /// `Prediction.usage.input_tokens`.
    InputTokens,
    /// `Prediction.usage.output_tokens`.
    OutputTokens,
    /// `Prediction.usage.cost`.
    Cost,
    /// `Prediction.usage.peak_memory_bytes`.
    PeakMemoryBytes,
}

impl Field {
    /// What metrics over sets of labels need.
    pub const LABEL_SETS: &'static [Self] = &[Self::PredictionLabelSet, Self::LabelSet];

    /// All fields, in the order of the API.
    pub const ALL: [Self; 23] = [
        Self::PredictionText,
        Self::References,
        Self::PredictionLabel,
        Self::Labels,
        Self::PredictionLabelSet,
        Self::LabelSet,
        Self::ClassScores,
        Self::WrongReferences,
        Self::PredictionTokens,
        Self::ReferenceTokens,
        Self::PredictionValue,
        Self::Value,
        Self::TokenLogprobs,
        Self::Choices,
        Self::ChoiceScores,
        Self::NoAnswerScore,
        Self::Scores,
        Self::HumanLabels,
        Self::LatencySeconds,
        Self::InputTokens,
        Self::OutputTokens,
        Self::Cost,
        Self::PeakMemoryBytes,
    ];

    /// The name in the API, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::PredictionText => "prediction_text",
            Self::References => "references",
            Self::PredictionLabel => "prediction_label",
            Self::Labels => "labels",
            Self::PredictionLabelSet => "prediction_label_set",
            Self::LabelSet => "label_set",
            Self::ClassScores => "class_scores",
            Self::WrongReferences => "wrong_references",
            Self::PredictionTokens => "prediction_tokens",
            Self::ReferenceTokens => "reference_tokens",
            Self::PredictionValue => "prediction_value",
            Self::Value => "value",
            Self::TokenLogprobs => "token_logprobs",
            Self::Choices => "choices",
            Self::ChoiceScores => "choice_scores",
            Self::NoAnswerScore => "no_answer_score",
            Self::Scores => "scores",
            Self::HumanLabels => "human_labels",
            Self::LatencySeconds => "latency_seconds",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Cost => "cost",
            Self::PeakMemoryBytes => "peak_memory_bytes",
        }
    }

    /// Whether it is a field of predictions, not of the row.
    pub fn is_of_prediction(self) -> bool {
        !matches!(
            self,
            Self::References
                | Self::Labels
                | Self::LabelSet
                | Self::WrongReferences
                | Self::ReferenceTokens
                | Self::Value
                | Self::Choices
                | Self::HumanLabels
        )
    }
}

/// A set of fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldSet(u32);

impl FieldSet {
    /// Adds a field.
    pub fn add(&mut self, field: Field) {
        self.0 |= 1 << field as u32;
    }

    /// Whether a field is in the set.
    pub fn has(self, field: Field) -> bool {
        self.0 >> field as u32 & 1 == 1
    }

    /// Whether a field of predictions is in the set: agreement of human raters needs none.
    pub fn reads_predictions(self) -> bool {
        let mut fields = Field::ALL.into_iter();
        fields.any(|field| field.is_of_prediction() && self.has(field))
    }
}
