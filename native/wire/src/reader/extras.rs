//! Reads the fields of rows and predictions that few data sets have. Rows without them cost nothing.

use evald_core::batch::{PredictionExtra, RowExtra, Span, Usage};

use super::cursor::{Cursor, Read, Wire};
use super::instance::{Rows, moved, span_from};
use super::issues::{At, Stop};

/// Bytes that a number counts into the size of a row.
const NUMBER_BYTES: usize = 8;

const NOT_NAN: &str = "is not a number; send a number for every element, or leave the list empty";
const FINITE: &str = "must be a finite number";
const USAGE: &str = "must be a number from 0 to 2^64 (1.8e19); leave it out where it is not known";

/// More than an answer can take; tokens are 64-bit integers.
const MOST_USAGE: f64 = 18_446_744_073_709_551_616.0;

/// Rare fields of the row at hand. Texts and labels share their pools with predictions, and a writer may
/// mix both, so they wait here for the end of the row. Empty between rows.
#[derive(Debug, Default)]
pub(super) struct RowDraft<'a> {
    pub is_begun: bool,
    extra: RowExtra,
    wrong_references: Vec<&'a str>,
    human_labels: Vec<&'a str>,
    /// Task and split: they win over slices of the same name, so they come last.
    task: &'a str,
    split: &'a str,
}

/// Rare fields of the prediction at hand. Numbers share their pool with class scores, so they wait here
/// for the end of the prediction. Empty between predictions.
#[derive(Debug, Default)]
pub(super) struct PredictionDraft {
    pub is_begun: bool,
    extra: PredictionExtra,
    token_logprobs: Vec<f64>,
    choice_scores: Vec<f64>,
}

/// Reads numbers of a list, packed or one by one; returns how many.
pub(super) fn read_numbers(
    cursor: &mut Cursor<'_>,
    wire: Wire,
    pool: &mut Vec<f64>,
) -> Read<usize> {
    if wire != Wire::Bytes {
        pool.push(cursor.double(wire)?);
        return Ok(1);
    }
    let packed = cursor.doubles(wire)?;
    pool.extend(packed.iter().map(|bytes| f64::from_le_bytes(*bytes)));
    Ok(packed.len())
}

/// Reads a `Usage`; returns how many numbers it held. Of several in one prediction the last of each number counts, as
/// messages merge.
fn read_usage(mut cursor: Cursor<'_>, depth: u32, usage: &mut Usage) -> Read<usize> {
    let mut count = 0;
    while let Some((tag, wire)) = cursor.key()? {
        match tag {
            1 => usage.latency_seconds = Some(cursor.double(wire)?),
            2 => usage.input_tokens = Some(cursor.uint64(wire)? as f64),
            3 => usage.output_tokens = Some(cursor.uint64(wire)? as f64),
            4 => usage.cost = Some(cursor.double(wire)?),
            5 => usage.peak_memory_bytes = Some(cursor.uint64(wire)? as f64),
            _ => {
                cursor.skip(tag, wire, depth)?;
                continue;
            }
        }
        count += 1;
    }
    Ok(count)
}

impl<'a> Rows<'a> {
    /// Reads a rare field of the row at hand. `depth` is the nesting still allowed in a message in it.
    pub(super) fn read_row_extra(
        &mut self,
        (tag, wire): (u32, Wire),
        cursor: &mut Cursor<'a>,
        depth: u32,
    ) -> Result<(), Stop> {
        if !self.row_draft.is_begun {
            self.row_draft.is_begun = true;
            let (lists, choices) = (&self.batch.token_lists, &self.batch.choices);
            let (slices, messages) = (&self.batch.slices, &self.batch.messages);
            self.row_draft.extra = RowExtra {
                reference_tokens: span_from(lists.len(), lists),
                choices: span_from(choices.len(), choices),
                messages: span_from(messages.len(), messages),
                slices: span_from(slices.len(), slices),
                ..RowExtra::default()
            };
        }
        match tag {
            8 => self.read_message(cursor.message(wire)?, depth)?,
            9 => {
                let at = At::Index(self.row_draft.wrong_references.len());
                let text = self.text(cursor, wire, "wrong_references", at)?;
                self.row_draft.wrong_references.push(text);
            }
            10 => self.read_reference_tokens(cursor.message(wire)?, depth)?,
            11 => {
                self.row_draft.extra.value = Some(cursor.double(wire)?);
                self.count_numbers(1);
            }
            12 => self.read_choice(cursor.message(wire)?, depth)?,
            13 => self.row_draft.task = self.text(cursor, wire, "task", At::Whole)?,
            14 => self.row_draft.split = self.text(cursor, wire, "split", At::Whole)?,
            15 => self.read_slice(cursor.message(wire)?, depth)?,
            16 => {
                self.row_draft.extra.weight = Some(cursor.double(wire)?);
                self.count_numbers(1);
            }
            _ => {
                let at = At::Index(self.row_draft.human_labels.len());
                let label = self.text(cursor, wire, "human_labels", at)?;
                self.row_draft.human_labels.push(label);
            }
        }
        Ok(())
    }

    /// Reads one `Tokens` of `reference_tokens`.
    fn read_reference_tokens(&mut self, mut cursor: Cursor<'a>, depth: u32) -> Result<(), Stop> {
        let start = self.batch.texts.len();
        let first = self.row_draft.extra.reference_tokens.start as usize;
        let list = self.batch.token_lists.len() - first;
        while let Some((tag, wire)) = cursor.key()? {
            if tag != 1 {
                cursor.skip(tag, wire, depth)?;
                continue;
            }
            let at = At::Inside(list, "tokens", Some(self.batch.texts.len() - start));
            let token = self.text(&mut cursor, wire, "reference_tokens", at)?;
            self.batch.texts.push(token);
        }
        let tokens = span_from(start, &self.batch.texts);
        self.batch.token_lists.push(tokens);
        Ok(())
    }

    /// Reads one `Choice`.
    fn read_choice(&mut self, mut cursor: Cursor<'a>, depth: u32) -> Result<(), Stop> {
        let first = self.row_draft.extra.choices.start as usize;
        let at = At::Inside(self.batch.choices.len() - first, "text", None);
        let mut choice = ("", false);
        while let Some((tag, wire)) = cursor.key()? {
            match tag {
                1 => choice.0 = self.text(&mut cursor, wire, "choices", at)?,
                2 => choice.1 = cursor.boolean(wire)?,
                _ => cursor.skip(tag, wire, depth)?,
            }
        }
        self.batch.choices.push(choice);
        Ok(())
    }

    /// Reads one `Message`.
    fn read_message(&mut self, mut cursor: Cursor<'a>, depth: u32) -> Result<(), Stop> {
        let first = self.row_draft.extra.messages.start as usize;
        let index = self.batch.messages.len() - first;
        let mut message = ("", "");
        while let Some((tag, wire)) = cursor.key()? {
            let (field, text) = match tag {
                1 => ("role", &mut message.0),
                2 => ("content", &mut message.1),
                _ => {
                    cursor.skip(tag, wire, depth)?;
                    continue;
                }
            };
            let at = At::Inside(index, field, None);
            *text = self.text(&mut cursor, wire, "messages", at)?;
        }
        self.batch.messages.push(message);
        Ok(())
    }

    /// Reads one entry of the map `slices`. Key and value may come in any order, twice or not at all.
    fn read_slice(&mut self, mut cursor: Cursor<'a>, depth: u32) -> Result<(), Stop> {
        let (mut key, mut value) = (Some(""), Some(""));
        while let Some((tag, wire)) = cursor.key()? {
            match tag {
                // Also an occurrence that a later one overwrites must be UTF-8.
                1 => key = key.and(self.counted(&mut cursor, wire)?),
                2 => value = value.and(self.counted(&mut cursor, wire)?),
                _ => cursor.skip(tag, wire, depth)?,
            }
        }
        if let (Some(key), Some(value)) = (key, value) {
            self.batch.slices.push((key, value));
            return Ok(());
        }
        self.issues
            .not_utf8(self.place("slices", At::Key(key.unwrap_or("?"))))
    }

    /// Checks the rare fields of the row at hand and moves them into the batch; returns the index of the row's
    /// extra, plus one.
    pub(super) fn finish_row_extra(&mut self) -> Result<u32, Stop> {
        let (batch, draft) = (&mut self.batch, &mut self.row_draft);
        draft.is_begun = false;
        let mut extra = std::mem::take(&mut draft.extra);
        extra.wrong_references = moved(&mut batch.texts, &mut draft.wrong_references);
        extra.human_labels = moved(&mut batch.labels, &mut draft.human_labels);
        extra.reference_tokens.end = batch.token_lists.len() as u32;
        extra.choices.end = batch.choices.len() as u32;
        extra.messages.end = batch.messages.len() as u32;
        for (key, value) in [("task", &mut draft.task), ("split", &mut draft.split)] {
            let value = std::mem::take(value);
            if !value.is_empty() {
                batch.slices.push((key, value));
            }
        }
        extra.slices.end = batch.slices.len() as u32;
        let (value, weight) = (extra.value, extra.weight);
        batch.row_extras.push(extra);
        let index = batch.row_extras.len() as u32;
        if value.is_some_and(|value| !value.is_finite()) {
            self.issues
                .add("NOT_FINITE", self.place("value", At::Whole), FINITE)?;
        }
        if weight.is_some_and(|weight| !(weight.is_finite() && weight > 0.0)) {
            let place = self.place("weight", At::Whole);
            let description =
                "must be a finite number above 0; leave rows out that should not count";
            self.issues.add("BAD_WEIGHT", place, description)?;
        }
        Ok(index)
    }

    /// Reads a rare field of prediction number `index` of the row at hand. `depth` is the nesting still
    /// allowed in a message in it.
    pub(super) fn read_prediction_extra(
        &mut self,
        (tag, wire): (u32, Wire),
        cursor: &mut Cursor<'a>,
        index: usize,
        depth: u32,
    ) -> Result<(), Stop> {
        if !self.prediction_draft.is_begun {
            self.prediction_draft.is_begun = true;
            let (texts, scores) = (&self.batch.texts, &self.batch.scores);
            self.prediction_draft.extra = PredictionExtra {
                tokens: span_from(texts.len(), texts),
                scores: span_from(scores.len(), scores),
                ..PredictionExtra::default()
            };
        }
        let draft = &mut self.prediction_draft;
        let numbers = match tag {
            4 => {
                let first = draft.extra.tokens.start as usize;
                let at = At::Index(self.batch.texts.len() - first);
                let token = self.prediction_text(cursor, wire, (index, "tokens", at))?;
                self.batch.texts.push(token);
                0
            }
            5 => {
                draft.extra.value = Some(cursor.double(wire)?);
                1
            }
            6 => read_numbers(cursor, wire, &mut draft.token_logprobs)?,
            7 => read_numbers(cursor, wire, &mut draft.choice_scores)?,
            8 => {
                draft.extra.no_answer_score = Some(cursor.double(wire)?);
                1
            }
            9 => {
                self.read_score(cursor.message(wire)?, index, depth)?;
                1
            }
            _ => read_usage(cursor.message(wire)?, depth, &mut draft.extra.usage)?,
        };
        self.count_numbers(numbers);
        Ok(())
    }

    /// Reads one entry of the map `scores`. Key and number may come in any order, twice or not at all.
    /// Entries stay in order, so that the last one of a name can win.
    fn read_score(&mut self, mut cursor: Cursor<'a>, index: usize, depth: u32) -> Result<(), Stop> {
        let (mut key, mut score) = (Some(""), 0.0);
        while let Some((tag, wire)) = cursor.key()? {
            match tag {
                // Also an occurrence that a later one overwrites must be UTF-8.
                1 => key = key.and(self.counted(&mut cursor, wire)?),
                2 => score = cursor.double(wire)?,
                _ => cursor.skip(tag, wire, depth)?,
            }
        }
        let place = self.prediction_place(index, "scores", At::Key(key.unwrap_or("?")));
        let Some(key) = key else {
            return self.issues.not_utf8(place);
        };
        if !score.is_finite() {
            self.issues.add("NOT_FINITE", place, FINITE)?;
        }
        self.batch.scores.push((key, score));
        Ok(())
    }

    /// Checks the rare fields of prediction number `index` and moves them into the batch; returns the index of
    /// the prediction's extra, plus one, or 0 if there were only empty lists.
    pub(super) fn finish_prediction_extra(&mut self, index: usize) -> Result<u32, Stop> {
        let (batch, draft) = (&mut self.batch, &mut self.prediction_draft);
        draft.is_begun = false;
        let mut extra = std::mem::take(&mut draft.extra);
        extra.tokens.end = batch.texts.len() as u32;
        extra.scores.end = batch.scores.len() as u32;
        extra.token_logprobs = moved(&mut batch.numbers, &mut draft.token_logprobs);
        extra.choice_scores = moved(&mut batch.numbers, &mut draft.choice_scores);
        let singles = [
            ("value", extra.value),
            ("no_answer_score", extra.no_answer_score),
        ];
        let lists = [
            ("token_logprobs", extra.token_logprobs),
            ("choice_scores", extra.choice_scores),
        ];
        let is_empty = singles.iter().all(|(_, number)| number.is_none())
            && lists.iter().all(|(_, numbers)| numbers.is_empty())
            && extra.tokens.is_empty()
            && extra.scores.is_empty()
            && extra.usage == Usage::default();
        if is_empty {
            return Ok(0);
        }
        let usage = extra.usage.parts();
        batch.prediction_extras.push(extra);
        let extras = batch.prediction_extras.len() as u32;
        for (field, number) in singles {
            if number.is_some_and(|number| !number.is_finite()) {
                let place = self.prediction_place(index, field, At::Whole);
                self.issues.add("NOT_FINITE", place, FINITE)?;
            }
        }
        for (name, number) in usage {
            if number.is_some_and(|number| !(0.0..=MOST_USAGE).contains(&number)) {
                let place = self.prediction_place(index, name, At::Whole);
                self.issues.add("BAD_USAGE", place, USAGE)?;
            }
        }
        for (field, numbers) in lists {
            self.refuse_nan(numbers, index, field)?;
        }
        Ok(extras)
    }

    /// Numbers of a list must be numbers; infinities order like numbers and are fine.
    #[inline]
    pub(super) fn refuse_nan(
        &mut self,
        numbers: Span,
        prediction: usize,
        field: &'static str,
    ) -> Result<(), Stop> {
        for (at, number) in self.batch.numbers[numbers.range()].iter().enumerate() {
            if number.is_nan() {
                let place = self.prediction_place(prediction, field, At::Index(at));
                self.issues.add("NAN_SCORE", place, NOT_NAN)?;
            }
        }
        Ok(())
    }

    /// Counts numbers into the size of the row.
    #[inline]
    pub(super) fn count_numbers(&mut self, numbers: usize) {
        self.row_bytes += numbers * NUMBER_BYTES;
    }
}
