//! Reads one `Instance` into the pools of a batch.

use evald_core::batch::{Batch, Instance, Span};
use evald_core::error::Error;

use super::ReadLimits;
use super::cursor::{Cursor, Read, Wire};
use super::extras::{PredictionDraft, RowDraft};
use super::issues::{At, Issues, Place, Stop, limit_exceeded};

/// The batch being filled and what is wrong with its rows.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub batch: Batch<'a>,
    pub issues: Issues,
    /// References of the row at hand. They share a pool with tokens, and gold labels with predicted
    /// ones; a writer may mix both, so they enter the pools only at the end of the row. Empty between rows.
    references: Vec<&'a str>,
    /// Gold labels of the row at hand.
    gold: Vec<&'a str>,
    pub(super) row_draft: RowDraft<'a>,
    pub(super) prediction_draft: PredictionDraft,
    /// Bytes of texts and numbers in the row at hand.
    pub(super) row_bytes: usize,
    limits: ReadLimits,
}

/// The span from `start` to the end of a pool. Pools fit: a request of less than 4 GiB holds less
/// than 2^32 fields, and the reader refuses larger ones.
pub(super) fn span_from<T>(start: usize, pool: &[T]) -> Span {
    Span {
        start: start as u32,
        end: pool.len() as u32,
    }
}

/// Moves what waited for the end of a row or prediction into its pool.
pub(super) fn moved<T: Copy>(pool: &mut Vec<T>, waiting: &mut Vec<T>) -> Span {
    let start = pool.len();
    // Most often one or none: faster than a call that copies them all.
    for one in &*waiting {
        pool.push(*one);
    }
    waiting.clear();
    span_from(start, pool)
}

impl<'a> Rows<'a> {
    /// No rows yet.
    pub fn new(limits: ReadLimits) -> Self {
        Self {
            batch: Batch::default(),
            issues: Issues::default(),
            references: Vec::new(),
            gold: Vec::new(),
            row_draft: RowDraft::default(),
            prediction_draft: PredictionDraft::default(),
            row_bytes: 0,
            limits,
        }
    }

    /// Index of the row at hand.
    pub(super) fn row(&self) -> usize {
        self.batch.instances.len()
    }

    /// Makes room for the rows that follow if they are like those in the bytes before `offset`.
    pub fn make_room(&mut self, offset: usize, end: usize) {
        /// Bounds what is only expected.
        const MOST: usize = 1 << 16;
        // A little too little would double it all later, with a copy of what was read.
        let more = |len: usize| {
            let like_these = len.saturating_mul(end - offset) / offset.max(1);
            (like_these + like_these / 16).min(MOST)
        };
        let batch = &mut self.batch;
        batch.instances.reserve(more(batch.instances.len()));
        batch.predictions.reserve(more(batch.predictions.len()));
        batch.texts.reserve(more(batch.texts.len()));
    }

    /// Reads the fields of one row. `depth` is the nesting still allowed in it.
    pub fn read(&mut self, mut cursor: Cursor<'a>, depth: u32) -> Result<(), Stop> {
        let mut instance = Instance::default();
        let inputs = self.batch.inputs.len();
        let predictions = self.batch.predictions.len();
        self.row_bytes = 0;
        while let Some((tag, wire)) = cursor.key()? {
            match tag {
                1 => instance.id = self.text(&mut cursor, wire, "id", At::Whole)?,
                2 => {
                    let index = self.batch.predictions.len() - predictions;
                    let message = cursor.message(wire)?;
                    if index < self.limits.max_predictions {
                        self.read_prediction(message, index, depth - 1)?;
                    } else {
                        return Err(self.too_many_predictions());
                    }
                }
                3 => {
                    let at = At::Index(self.references.len());
                    let text = self.text(&mut cursor, wire, "references", at)?;
                    self.references.push(text);
                }
                4 => {
                    let at = At::Index(self.gold.len());
                    let label = self.text(&mut cursor, wire, "labels", at)?;
                    self.gold.push(label);
                }
                5 => instance.cluster = self.text(&mut cursor, wire, "cluster", At::Whole)?,
                6 => instance.sample = cursor.uint32(wire)?,
                7 => self.read_input(cursor.message(wire)?, depth - 1)?,
                8..=17 => self.read_row_extra((tag, wire), &mut cursor, depth - 1)?,
                _ => cursor.skip(tag, wire, depth)?,
            }
        }
        instance.references = moved(&mut self.batch.texts, &mut self.references);
        instance.labels = moved(&mut self.batch.labels, &mut self.gold);
        instance.inputs = span_from(inputs, &self.batch.inputs);
        instance.predictions = span_from(predictions, &self.batch.predictions);
        if self.row_draft.is_begun {
            instance.extra = self.finish_row_extra()?;
        }
        self.check_size()?;
        self.batch.instances.push(instance);
        Ok(())
    }

    /// An empty prediction is two bytes of request and many times that in memory, so this ends reading.
    #[cold]
    fn too_many_predictions(&mut self) -> Stop {
        let error = Error::invalid(
            "TOO_MANY_PREDICTIONS",
            format!("instances[{}].predictions", self.row()),
            format!(
                "there are more predictions than systems ({})",
                self.limits.max_predictions
            ),
        );
        // Full or not, reading ends here.
        let _ = self.issues.add_error(error);
        Stop::Full
    }

    /// Reads one entry of the map `inputs`. Key and value may come in any order, twice or not at all.
    fn read_input(&mut self, mut cursor: Cursor<'a>, depth: u32) -> Result<(), Stop> {
        let (mut key, mut text) = (Some(""), Some(""));
        while let Some((tag, wire)) = cursor.key()? {
            match tag {
                // Also an occurrence that a later one overwrites must be UTF-8.
                1 => key = key.and(self.counted(&mut cursor, wire)?),
                2 => text = text.and(self.counted(&mut cursor, wire)?),
                _ => cursor.skip(tag, wire, depth)?,
            }
        }
        if let (Some(key), Some(text)) = (key, text) {
            self.batch.inputs.push((key, text));
            return Ok(());
        }
        self.issues
            .not_utf8(self.place("inputs", At::Key(key.unwrap_or("?"))))
    }

    /// A text field of the row; a text that is not UTF-8 is noted and read as empty.
    #[inline]
    pub(super) fn text(
        &mut self,
        cursor: &mut Cursor<'a>,
        wire: Wire,
        field: &'static str,
        at: At<'_>,
    ) -> Result<&'a str, Stop> {
        if let Some(text) = self.counted(cursor, wire)? {
            return Ok(text);
        }
        self.issues.not_utf8(self.place(field, at))?;
        Ok("")
    }

    /// A field of the row at hand.
    pub(super) fn place<'p>(&self, field: &'static str, at: At<'p>) -> Place<'p> {
        Place {
            row: self.row(),
            prediction: None,
            field,
            at,
        }
    }

    /// A text that counts into the size of the row.
    #[inline]
    pub(super) fn counted(&mut self, cursor: &mut Cursor<'a>, wire: Wire) -> Read<Option<&'a str>> {
        let text = cursor.text(wire)?;
        self.row_bytes += text.map_or(0, str::len);
        Ok(text)
    }

    fn check_size(&mut self) -> Result<(), Stop> {
        let (bytes, maximum, row) = (self.row_bytes, self.limits.max_row_bytes, self.row());
        if bytes <= maximum {
            return Ok(());
        }
        let description = format!(
            "the row holds {bytes} bytes of texts and numbers, more than the limit max_row_bytes of {maximum}; \
             shorten it or raise the limit of the server"
        );
        let field = format!("instances[{row}]");
        let error = limit_exceeded("max_row_bytes", maximum, field, description);
        self.issues.add_error(error.with("bytes", bytes))
    }
}
