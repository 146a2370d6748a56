//! Counts beside the sums: failed rows, notes, what identified rows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::metrics::RowFlags;
use crate::stats::moments::Moments;

/// Rows named in a note, at most.
const SAMPLE: usize = 10;

/// How many rows, and which: those with the smallest hashes, so that the sample depends on the set of
/// rows alone and merges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Number of rows.
    pub count: u64,
    rows: BTreeSet<(u64, String)>,
}

impl Sample {
    /// Counts a row.
    pub fn add(&mut self, hash: u64, id: impl FnOnce() -> String) {
        self.count += 1;
        let full = self.rows.len() >= SAMPLE;
        if full && self.rows.last().is_some_and(|(largest, _)| hash > *largest) {
            return;
        }
        self.rows.insert((hash, id()));
        self.cut();
    }

    /// Adds the rows of another shard.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.rows.extend(other.rows);
        self.cut();
    }

    /// Ids of the sampled rows.
    pub fn ids(&self) -> Vec<String> {
        self.rows.iter().map(|(_, id)| id.clone()).collect()
    }

    fn cut(&mut self) {
        while self.rows.len() > SAMPLE {
            self.rows.pop_last();
        }
    }
}

/// Counts of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SystemTally {
    /// Rows without a usable prediction.
    pub failed: u64,
    /// Rows whose prediction is the empty text.
    pub empty: Sample,
    /// Rows whose prediction ends where the limit of tokens was.
    pub truncated: Sample,
    /// Rows with each of [`RowFlags`], by metric.
    pub flagged: Vec<[Sample; RowFlags::COUNT]>,
    /// Row scores by metric, for those whose interval rests on them.
    pub scores: Vec<Moments>,
}

impl SystemTally {
    /// Zero, for this many metrics.
    pub fn new(metrics: usize) -> Self {
        Self {
            flagged: vec![Default::default(); metrics],
            scores: vec![Moments::default(); metrics],
            ..Self::default()
        }
    }

    /// Counts a row for every flag of a metric that is set.
    pub fn flag(&mut self, metric: usize, flags: RowFlags, hash: u64, id: impl Fn() -> String) {
        for (bit, sample) in self.flagged[metric].iter_mut().enumerate() {
            if flags.0 >> bit & 1 == 1 {
                sample.add(hash, &id);
            }
        }
    }

    /// Whether this many rows can have these counts.
    pub fn counts_at_most(&self, rows: u64) -> bool {
        let flagged = self.flagged.iter().flatten();
        let mut samples = flagged.chain([&self.empty, &self.truncated]);
        let mut scores = self.scores.iter();
        self.failed <= rows
            && samples.all(|sample| sample.count <= rows)
            && scores.all(|scores| scores.beyond.max(scores.count) <= rows)
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: Self) {
        self.failed += other.failed;
        self.empty.merge(other.empty);
        self.truncated.merge(other.truncated);
        let flagged = self.flagged.iter_mut().zip(other.flagged);
        for (mine, theirs) in flagged.flat_map(|(mine, theirs)| mine.iter_mut().zip(theirs)) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.scores.iter_mut().zip(&other.scores) {
            mine.merge(theirs);
        }
    }
}

/// How many rows were identified by what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyKinds {
    /// By cluster.
    pub cluster: u64,
    /// By id.
    pub id: u64,
    /// By position.
    pub position: u64,
}

impl KeyKinds {
    /// Number of rows.
    pub fn total(&self) -> u64 {
        self.cluster + self.id + self.position
    }

    /// Number of rows; `None` if it is too large, as it may be in a state from elsewhere.
    pub fn checked_total(&self) -> Option<u64> {
        let kinds = [self.cluster, self.id, self.position];
        kinds.into_iter().try_fold(0, u64::checked_add)
    }

    /// The kind in a word.
    pub fn name(&self) -> &'static str {
        match (self.cluster > 0, self.id > 0, self.position > 0) {
            (true, false, false) => "cluster",
            (false, true, false) => "id",
            (false, false, true) => "position",
            _ => "mixed",
        }
    }

    /// Adds the rows of another shard.
    pub fn merge(&mut self, other: Self) {
        self.cluster += other.cluster;
        self.id += other.id;
        self.position += other.position;
    }
}

/// What decides which tests rows can have, beside their clusters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDesign {
    /// Lowest and highest sample number of the rows with ids.
    samples: Option<(u32, u32)>,
    /// Whether a row counts other than once.
    weighted: bool,
}

impl RowDesign {
    /// Notes the sample number of a row with an id.
    pub fn see_sample(&mut self, sample: u32) {
        self.see_samples(Some((sample, sample)));
    }

    /// Notes the weights of a batch.
    pub fn see_weights(&mut self, batch: &Batch<'_>) {
        let weights = batch.row_extras.iter().filter_map(|extra| extra.weight);
        weights.for_each(|weight| self.see_weight(weight));
    }

    /// Notes the weight of a row.
    pub fn see_weight(&mut self, weight: f64) {
        self.weighted |= weight != 1.0;
    }

    /// Whether ids may have several samples. No two rows have the same id and sample, so ids can only repeat where
    /// sample numbers differ.
    pub fn repeats_ids(&self) -> bool {
        self.samples
            .is_some_and(|(lowest, highest)| lowest < highest)
    }

    /// Whether a row counts other than once.
    pub fn is_weighted(&self) -> bool {
        self.weighted
    }

    /// Adds the rows of another shard.
    pub fn merge(&mut self, other: Self) {
        self.see_samples(other.samples);
        self.weighted |= other.weighted;
    }

    fn see_samples(&mut self, seen: Option<(u32, u32)>) {
        self.samples = match (self.samples, seen) {
            (Some((low, high)), Some((lowest, highest))) => {
                Some((low.min(lowest), high.max(highest)))
            }
            (known, seen) => known.or(seen),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_repeat_where_sample_numbers_differ() {
        let of = |samples: &[u32]| {
            let mut design = RowDesign::default();
            for sample in samples {
                design.see_sample(*sample);
            }
            design
        };
        assert!(!of(&[]).repeats_ids());
        assert!(!of(&[3, 3]).repeats_ids());
        assert!(of(&[0, 1, 0]).repeats_ids());
        let mut merged = of(&[0]);
        merged.merge(of(&[]));
        assert!(!merged.repeats_ids());
        merged.merge(of(&[2]));
        assert!(merged.repeats_ids());
    }
}
