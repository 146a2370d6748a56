//! Rows of a batch as the analysis sees them.

use super::super::Accumulator;
use super::super::fold::{Found, row_id};
use super::rows::RowName;
use super::{Analysis, SeenAnswer, SeenRow, has_matrix};
use crate::batch::Batch;
use crate::stats::hash::{RowKey, Stream, counter_hash, row_hash};

impl Accumulator {
    /// Shows rows that are scored to the analysis, if there is one.
    pub(in super::super) fn analyse(&mut self, batch: &Batch<'_>, found: &Found<'_>) {
        let Some(mut analysis) = self.analysis.take() else {
            return;
        };
        let has_matrix = has_matrix(&self.spec);
        for row in found.rows() {
            self.show_row(&mut analysis, batch, found, (row, has_matrix));
        }
        analysis.cut();
        self.analysis = Some(analysis);
    }

    fn show_row(
        &self,
        analysis: &mut Analysis,
        batch: &Batch<'_>,
        found: &Found<'_>,
        (row, has_matrix): (usize, bool),
    ) {
        let instance = &batch.instances[row];
        let answer = |system: usize| {
            let classes = found.classes(row, system).filter(|_| has_matrix);
            let text = batch
                .prediction(instance, system)
                .and_then(|prediction| prediction.text);
            let labels = classes.and_then(|classes| match (classes.gold, classes.predicted) {
                ([gold], [predicted]) => Some((*gold, *predicted)),
                _ => None,
            });
            let scores = found.row_scores(&self.spec, &self.layout, row, system)?;
            Some(SeenAnswer {
                text,
                labels,
                scores,
            })
        };
        let answers: Vec<Option<SeenAnswer<'_>>> =
            (0..self.spec.systems.len()).map(answer).collect();
        let key = if instance.id.is_empty() {
            RowKey::Position(self.next_position + batch.place(row) as u64)
        } else {
            RowKey::Id(instance.id)
        };
        let hash = row_hash(key, instance.sample);
        let name = RowName {
            hash: counter_hash(self.spec.statistics.seed, Stream::Sample, hash, 0),
            id: &|| row_id(batch, row, self.next_position),
        };
        let reference = batch.references(instance).first();
        let seen = SeenRow {
            name,
            reference: reference.copied(),
            answers: &answers,
        };
        analysis.add(&seen, &self.pairs);
    }
}
