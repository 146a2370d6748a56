//! One (row, system) as metrics see it.

use crate::batch::{Batch, Instance, Prediction, Usage};

/// One (row, system). Fields that a metric needs are there; others read as empty.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The answer of the system.
    pub prediction: &'a str,
    /// The reference texts.
    pub references: &'a [&'a str],
    /// Differs from call to call within one [`crate::text::scratch::Scratch`]: metrics that share a tokenizer use it
    /// to see that the tokens of this row are already there.
    pub serial: u64,
    source: Option<Source<'a>>,
    gold_set: &'a [u32],
    predicted_set: &'a [u32],
}

/// Where the other fields are.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    batch: &'a Batch<'a>,
    instance: &'a Instance<'a>,
    prediction: Option<&'a Prediction<'a>>,
    classes: &'a [String],
    model: ModelAnswer<'a>,
}

/// What a model of the server answered for a row; empty: nothing of that kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ModelAnswer<'a> {
    /// One score a class.
    pub class_scores: &'a [f32],
    /// Natural-log likelihoods of tokens.
    pub token_logprobs: &'a [f64],
    /// One score a choice of the row.
    pub choice_scores: &'a [f64],
}

/// Scores of the classes, from the caller or a model.
#[derive(Debug, Clone, Copy)]
pub enum ClassScores<'a> {
    /// From the caller.
    Given(&'a [f64]),
    /// From a model of the server.
    Model(&'a [f32]),
}

impl ClassScores<'_> {
    /// Number of classes.
    pub fn len(&self) -> usize {
        match self {
            Self::Given(scores) => scores.len(),
            Self::Model(scores) => scores.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a class.
    pub fn get(&self, class: usize) -> Option<f64> {
        match self {
            Self::Given(scores) => scores.get(class).copied(),
            Self::Model(scores) => scores.get(class).map(|score| f64::from(*score)),
        }
    }

    /// All scores.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.len()).filter_map(|class| self.get(class))
    }
}

impl<'a> Row<'a> {
    /// A row of texts alone.
    pub fn of_texts(prediction: &'a str, references: &'a [&'a str], serial: u64) -> Self {
        Self {
            prediction,
            references,
            serial,
            source: None,
            gold_set: &[],
            predicted_set: &[],
        }
    }

    /// A row of a batch. A prediction that is missing reads as one without fields.
    pub fn of_batch(
        batch: &'a Batch<'a>,
        instance: &'a Instance<'a>,
        prediction: Option<&'a Prediction<'a>>,
        classes: &'a [String],
        serial: u64,
    ) -> Self {
        Self {
            prediction: prediction.and_then(|answer| answer.text).unwrap_or(""),
            references: batch.references(instance),
            serial,
            source: Some(Source {
                batch,
                instance,
                prediction,
                classes,
                model: ModelAnswer::default(),
            }),
            gold_set: &[],
            predicted_set: &[],
        }
    }

    /// The same row with the answer of a model.
    #[must_use]
    pub fn with_model_answer(mut self, classes: &'a [String], answer: ModelAnswer<'a>) -> Self {
        if let Some(source) = &mut self.source {
            source.classes = classes;
            source.model = answer;
        }
        self
    }

    fn model(&self) -> ModelAnswer<'a> {
        self.source
            .map_or_else(ModelAnswer::default, |source| source.model)
    }

    /// The same row with its labels numbered: each once, those that are to be left out not at all.
    #[must_use]
    pub fn with_label_sets(mut self, gold: &'a [u32], predicted: &'a [u32]) -> Self {
        self.gold_set = gold;
        self.predicted_set = predicted;
        self
    }

    fn row_extra(&self) -> Option<(&'a Batch<'a>, &'a crate::batch::RowExtra)> {
        let source = self.source?;
        Some((source.batch, source.batch.row_extra(source.instance)?))
    }

    fn answer_extra(&self) -> Option<(&'a Batch<'a>, &'a crate::batch::PredictionExtra)> {
        let source = self.source?;
        let extra = source.batch.prediction_extra(source.prediction?)?;
        Some((source.batch, extra))
    }

    /// Whether the prediction has a text.
    pub fn has_text(&self) -> bool {
        self.source.is_none_or(|source| {
            source
                .prediction
                .is_some_and(|answer| answer.text.is_some())
        })
    }

    /// References known to be wrong.
    pub fn wrong_references(&self) -> &'a [&'a str] {
        self.row_extra().map_or(&[], |(batch, extra)| {
            &batch.texts[extra.wrong_references.range()]
        })
    }

    /// Tokens of the prediction.
    pub fn tokens(&self) -> &'a [&'a str] {
        self.answer_extra()
            .map_or(&[], |(batch, extra)| &batch.texts[extra.tokens.range()])
    }

    /// Tokens of each reference.
    pub fn reference_tokens(&self) -> impl ExactSizeIterator<Item = &'a [&'a str]> + Clone + 'a {
        let lists = self.row_extra().map(|(batch, extra)| {
            let spans = &batch.token_lists[extra.reference_tokens.range()];
            (batch, spans)
        });
        let spans = lists.map_or(&[][..], |(_, spans)| spans);
        spans
            .iter()
            .map(move |span| lists.map_or(&[][..], |(batch, _)| &batch.texts[span.range()]))
    }

    /// Gold labels.
    pub fn gold_labels(&self) -> &'a [&'a str] {
        self.source.map_or(&[], |source| {
            &source.batch.labels[source.instance.labels.range()]
        })
    }

    /// Numbers of the gold labels, for metrics that need [`crate::metrics::Field::LabelSet`]. They are the same for
    /// all rows of a call, in no order.
    pub fn gold_label_set(&self) -> &'a [u32] {
        self.gold_set
    }

    /// Numbers of the predicted labels: those that the caller gave, else the classes whose score is at least a half.
    pub fn predicted_label_set(&self) -> &'a [u32] {
        self.predicted_set
    }

    /// Predicted labels, as the caller gave them.
    pub fn labels(&self) -> &'a [&'a str] {
        self.source.map_or(&[], |source| {
            source
                .prediction
                .map_or(&[], |answer| &source.batch.labels[answer.labels.range()])
        })
    }

    /// Scores of the classes, in the order of [`Row::classes`].
    pub fn class_scores(&self) -> ClassScores<'a> {
        let Some(source) = self.source else {
            return ClassScores::Given(&[]);
        };
        if !source.model.class_scores.is_empty() {
            return ClassScores::Model(source.model.class_scores);
        }
        ClassScores::Given(source.prediction.map_or(&[], |answer| {
            &source.batch.numbers[answer.class_scores.range()]
        }))
    }

    /// Names of the classes that scores stand for.
    pub fn classes(&self) -> &'a [String] {
        self.source.map_or(&[], |source| source.classes)
    }

    /// Gold number.
    pub fn gold_value(&self) -> Option<f64> {
        self.row_extra().and_then(|(_, extra)| extra.value)
    }

    /// Predicted number.
    pub fn value(&self) -> Option<f64> {
        self.answer_extra().and_then(|(_, extra)| extra.value)
    }

    /// Natural-log likelihoods of the tokens.
    pub fn token_logprobs(&self) -> &'a [f64] {
        match self.model().token_logprobs {
            [] => self.answer_extra().map_or(&[], |(batch, extra)| {
                &batch.numbers[extra.token_logprobs.range()]
            }),
            of_model => of_model,
        }
    }

    /// Answer choices: text, whether it is right.
    pub fn choices(&self) -> &'a [(&'a str, bool)] {
        self.row_extra()
            .map_or(&[], |(batch, extra)| &batch.choices[extra.choices.range()])
    }

    /// Scores of the choices.
    pub fn choice_scores(&self) -> &'a [f64] {
        match self.model().choice_scores {
            [] => self.answer_extra().map_or(&[], |(batch, extra)| {
                &batch.numbers[extra.choice_scores.range()]
            }),
            of_model => of_model,
        }
    }

    /// Score of "no answer".
    pub fn no_answer_score(&self) -> Option<f64> {
        self.answer_extra()
            .and_then(|(_, extra)| extra.no_answer_score)
    }

    /// What producing the answer took.
    pub fn usage(&self) -> Usage {
        self.answer_extra()
            .map(|(_, extra)| extra.usage)
            .unwrap_or_default()
    }

    /// The caller's number of a name; the last one if it is given twice.
    pub fn score(&self, name: &str) -> Option<f64> {
        let (batch, extra) = self.answer_extra()?;
        let scores = &batch.scores[extra.scores.range()];
        let found = scores.iter().rev().find(|(key, _)| *key == name);
        found.map(|(_, score)| *score)
    }

    /// A number that a model of the server computed of this row and system, and whether a text was cut for it.
    pub fn measured(&self, name: &str) -> Option<(f64, bool)> {
        let (batch, extra) = self.answer_extra()?;
        let at = batch.measures.iter().position(|known| *known == name)?;
        batch.measured[extra.measured.range()].get(at).copied()
    }

    /// Labels given by human annotators.
    pub fn human_labels(&self) -> &'a [&'a str] {
        self.row_extra().map_or(&[], |(batch, extra)| {
            &batch.labels[extra.human_labels.range()]
        })
    }
}
