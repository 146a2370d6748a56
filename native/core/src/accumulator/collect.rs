//! Gathers what metrics that are no sums keep of the rows of a batch.

use super::answer::Answer;
use super::fold::row_key;
use super::kept::{Kept, KeptKey};
use super::prepare::Prepared;
use super::slices::references_of;
use super::{Accumulator, Cancel, ModelOutput, collected_metrics};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::metrics::{Field, ReferenceCounts, RowFlags};
use crate::stats::hash::{RowKey, key_hash, row_hash};
use crate::text::scratch::Scratch;

/// The kept numbers of the rows of a batch: one list a (row, system) and metric.
#[derive(Default)]
pub struct Collected {
    metrics: usize,
    systems: usize,
    ends: Vec<usize>,
    numbers: Vec<f64>,
    flags: Vec<RowFlags>,
    /// One a row.
    keys: Vec<KeptKey>,
    usable: Vec<bool>,
}

impl Collected {
    /// The numbers that a metric keeps of a (row, system).
    pub fn numbers(&self, at: usize, metric: usize) -> &[f64] {
        let at = at * self.metrics + metric;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.numbers[start..self.ends[at]]
    }

    /// What each metric lost of a (row, system).
    pub fn flags_of(&self, at: usize) -> &[RowFlags] {
        if self.metrics == 0 {
            return &[];
        }
        &self.flags[at * self.metrics..][..self.metrics]
    }
}

impl Accumulator {
    /// Computes what is kept of a batch; refuses when it is too much, before anything was added.
    pub(super) fn collect(
        &self,
        batch: &Batch<'_>,
        prepared: &Prepared,
        outputs: &[ModelOutput],
        cancel: Cancel<'_>,
    ) -> Result<Collected> {
        let mut collected = Collected {
            metrics: collected_metrics(&self.spec).count(),
            systems: prepared.systems,
            ..Collected::default()
        };
        if collected.metrics == 0 {
            return Ok(collected);
        }
        collected.usable.clone_from(&prepared.usable);
        let mut scratch = Scratch::default();
        let limit = self.spec.limits.max_collected_numbers;
        // Every slicing keeps the rows once more.
        let copies = 1 + self.spec.slices.len() as u64;
        let before: u64 = copies * self.kept.iter().map(Kept::size).sum::<u64>();
        for (row, instance) in batch.instances.iter().enumerate() {
            if cancel() {
                return Err(Error::cancelled());
            }
            let position = self.next_position + batch.place(row) as u64;
            let group = match instance.id {
                "" => RowKey::Position(position),
                id => RowKey::Id(id),
            };
            collected.keys.push(KeptKey {
                slot: key_hash(row_key(instance, position)),
                group: key_hash(group),
                row: row_hash(group, instance.sample),
                weight: batch.weight(row),
            });
            for system in 0..prepared.systems {
                let at = row * prepared.systems + system;
                let answer = Answer::find(batch, outputs, row, system);
                let classes = prepared.classes_of(at);
                let seen = answer.row(&self.spec, batch, (row, at as u64), classes);
                for (_, metric) in collected_metrics(&self.spec) {
                    collected.flags.push(if prepared.usable[at] {
                        metric.row(&seen, &mut scratch, &mut collected.numbers)
                    } else {
                        RowFlags::default()
                    });
                    collected.ends.push(collected.numbers.len());
                }
            }
            let keys = 4 * collected.keys.len() * prepared.systems;
            if before + copies * (keys + collected.numbers.len()) as u64 > limit {
                return Err(too_many(limit));
            }
        }
        Ok(collected)
    }

    /// Keeps the numbers of a batch.
    pub(super) fn keep(&mut self, collected: &Collected) {
        for row in 0..collected.keys.len() {
            self.keep_row(collected, row);
        }
    }

    /// Keeps the numbers of a row, if there are any to keep.
    pub(super) fn keep_row(&mut self, collected: &Collected, row: usize) {
        let Some(key) = collected.keys.get(row) else {
            return;
        };
        for (system, kept) in self.kept.iter_mut().enumerate() {
            let at = row * collected.systems + system;
            if collected.usable[at] {
                let metrics = 0..collected.metrics;
                kept.push(*key, metrics.map(|metric| collected.numbers(at, metric)));
            }
        }
    }

    /// Notes how many references rows have.
    pub(super) fn count_references(&mut self, batch: &Batch<'_>) {
        if !self.spec.needs().has(Field::References) {
            return;
        }
        for instance in &batch.instances {
            self.references = Some(join(self.references, references_of(instance)));
        }
    }
}

/// The references of two sets of rows.
pub fn join(left: Option<ReferenceCounts>, right: ReferenceCounts) -> ReferenceCounts {
    left.map_or(right, |left| ReferenceCounts {
        fewest: left.fewest.min(right.fewest),
        most: left.most.max(right.most),
    })
}

/// The error that more numbers would be kept than is allowed.
pub fn too_many(limit: u64) -> Error {
    Error::invalid(
        "LIMIT_EXCEEDED",
        "instances",
        format!(
            "metrics that are no sums (ranks, thresholds, samples) would keep more than max_collected_numbers = \
             {limit} numbers; send fewer rows or ask for fewer of these metrics"
        ),
    )
    .with("limit", "max_collected_numbers")
    .with("maximum", limit)
}
