//! From scored rows to sums, tallies and row results.

use std::cell::OnceCell;
use std::cmp::Ordering;

use super::score::{Prepared, Scored};
use super::{Accumulator, Pair, Placement, Sums, class_metrics, text_metrics};
use crate::batch::{Batch, Instance};
use crate::metrics::{Direction, RowFlags, Statistics};
use crate::result::RowError;
use crate::spec::{RowReport, Spec};
use crate::stats::hash::{RowKey, key_hash};

/// Results row by row of one system.
#[derive(Debug, Clone, Default)]
pub struct SystemRows {
    /// One column a metric; empty unless all rows are reported. NaN for failed rows.
    pub scores: Vec<Vec<f64>>,
    /// Failed rows.
    pub errors: Vec<RowError>,
}

impl SystemRows {
    /// The columns of metrics that have row scores, by key.
    pub fn scores_by_key(&self, spec: &Spec) -> Vec<(String, Vec<f64>)> {
        let columns = spec.metrics.iter().zip(&self.scores);
        columns
            .filter(|(metric, _)| metric.entry.row_score)
            .map(|(metric, scores)| (metric.key.clone(), scores.clone()))
            .collect()
    }

    /// The failed rows, if the specification asks for them.
    pub fn reported_errors(&self, spec: &Spec) -> Vec<RowError> {
        if spec.row_report == RowReport::None {
            return Vec::new();
        }
        self.errors.clone()
    }
}

impl Accumulator {
    /// Adds scored rows to the sums.
    pub(super) fn fold(&mut self, batch: &Batch<'_>, prepared: &Prepared, scored: &Scored) {
        for row in scored.rows() {
            let key = self.key_of(&batch.instances[row], row);
            // Needed by few rows or many, but never more than once a row.
            let hashed = OnceCell::new();
            let hash = || *hashed.get_or_init(|| key_hash(key));
            let mut place = 0;
            if self.spec.resamples() {
                let (found, remap) = self.slots.place(hash());
                place = found;
                if let Some(remap) = remap {
                    self.all_sums_mut().for_each(|sums| sums.remap(&remap));
                }
            }
            self.add_row(prepared, scored, row, place);
            self.tally_row(batch, prepared, scored, row, &hash);
        }
        if self.reports_scores() {
            self.report_scores(batch, prepared, scored);
        }
    }

    fn key_of<'a>(&mut self, instance: &Instance<'a>, row: usize) -> RowKey<'a> {
        if !instance.cluster.is_empty() {
            self.keys.cluster += 1;
            RowKey::Cluster(instance.cluster)
        } else if !instance.id.is_empty() {
            self.keys.id += 1;
            RowKey::Id(instance.id)
        } else {
            self.keys.position += 1;
            RowKey::Position(self.next_position + row as u64)
        }
    }

    /// What remains once all rows of a batch are folded: failed rows, and the positions that it used.
    pub(super) fn end_batch(&mut self, batch: &Batch<'_>, prepared: &Prepared) {
        self.report_failures(batch, prepared);
        self.advance(batch, self.next_position);
    }

    fn advance(&mut self, batch: &Batch<'_>, first: u64) {
        self.next_position += batch.instances.len() as u64;
        let by_position = |row: &Instance<'_>| row.id.is_empty() && row.cluster.is_empty();
        if batch.instances.iter().any(by_position) {
            match self.positions.last_mut() {
                Some(range) if range.1 == first => range.1 = self.next_position,
                _ => self.positions.push((first, self.next_position)),
            }
        }
    }

    pub(super) fn all_sums_mut(&mut self) -> impl Iterator<Item = &mut Sums> {
        self.systems
            .iter_mut()
            .chain(self.pairs.iter_mut().flat_map(Pair::sums_mut))
    }

    fn add_row(&mut self, prepared: &Prepared, scored: &Scored, row: usize, place: u32) {
        for system in 0..prepared.systems {
            let at = row * prepared.systems + system;
            if prepared.usable[at] {
                self.systems[system].add(place, scored.stats_of(at), prepared.classes[at]);
            } else {
                self.tallies[system].failed += 1;
            }
        }
        for pair in &mut self.pairs {
            let base = row * prepared.systems + pair.baseline;
            let cand = row * prepared.systems + pair.candidate;
            let (excluded, at) = match (prepared.usable[base], prepared.usable[cand]) {
                (true, false) => (&mut pair.excluded_baseline, base),
                (false, true) => (&mut pair.excluded_candidate, cand),
                (false, false) => continue,
                (true, true) => {
                    compare_row(&self.spec, pair, scored, prepared, base, cand);
                    continue;
                }
            };
            excluded
                .get_or_insert_with(|| self.systems[0].empty_like())
                .add(place, scored.stats_of(at), prepared.classes[at]);
        }
    }

    fn tally_row(
        &mut self,
        batch: &Batch<'_>,
        prepared: &Prepared,
        scored: &Scored,
        row: usize,
        hash: &dyn Fn() -> u64,
    ) {
        let id = || row_id(batch, row, self.next_position);
        for (system, tally) in self.tallies.iter_mut().enumerate() {
            let at = row * prepared.systems + system;
            if !prepared.usable[at] || scored.metrics == 0 {
                continue;
            }
            let prediction = batch.prediction(&batch.instances[row], system);
            if prediction.is_some_and(|prediction| prediction.text == Some("")) {
                tally.empty.add(hash(), id);
            }
            for (index, (metric, _, _)) in text_metrics(&self.spec).enumerate() {
                if scored.flags_of(at)[index].0 & RowFlags::NON_ASCII_DROPPED != 0 {
                    tally.dropped[metric].add(hash(), id);
                }
            }
        }
        for pair in &mut self.pairs {
            let usable = |system: usize| prepared.usable[row * prepared.systems + system];
            let text = |system: usize| {
                let prediction = batch.prediction(&batch.instances[row], system);
                prediction.and_then(|prediction| prediction.text)
            };
            let class = |system: usize| prepared.classes[row * prepared.systems + system];
            let same = text(pair.baseline) == text(pair.candidate)
                && class(pair.baseline) == class(pair.candidate);
            let common = usable(pair.baseline) && usable(pair.candidate);
            pair.different += u64::from(common && !same);
        }
    }

    fn report_failures(&mut self, batch: &Batch<'_>, prepared: &Prepared) {
        for failure in &prepared.failures {
            self.rows[failure.system as usize].errors.push(RowError {
                row: self.next_position + u64::from(failure.row),
                id: row_id(batch, failure.row as usize, self.next_position),
                reason: failure.reason.clone(),
                message: failure.message.clone(),
            });
        }
        for rows in &mut self.rows {
            rows.errors.sort_by_key(|error| error.row);
        }
    }

    fn report_scores(&mut self, batch: &Batch<'_>, prepared: &Prepared, scored: &Scored) {
        let ids = scored.rows().map(|row| own_id(&batch.instances[row]));
        self.row_ids.extend(ids);
        for (system, rows) in self.rows.iter_mut().enumerate() {
            rows.scores.resize(self.spec.metrics.len(), Vec::new());
            for (metric, scores) in rows.scores.iter_mut().enumerate() {
                if self.spec.metrics[metric].entry.row_score {
                    scores.extend(scored.rows().map(|row| {
                        let at = row * prepared.systems + system;
                        let score = prepared.usable[at].then(|| {
                            row_score(
                                &self.spec,
                                self.layout[metric],
                                metric,
                                scored,
                                prepared,
                                at,
                            )
                        });
                        score.flatten().unwrap_or(f64::NAN)
                    }));
                }
            }
        }
    }
}

/// Id of a row for people: the id, with the sample if it has one, or the position.
fn row_id(batch: &Batch<'_>, row: usize, first: u64) -> String {
    let id = own_id(&batch.instances[row]);
    if id.is_empty() {
        format!("#{}", first + row as u64)
    } else {
        id
    }
}

/// The id with the sample if it has one; empty for a row without id.
fn own_id(instance: &Instance<'_>) -> String {
    match (instance.id, instance.sample) {
        (id, 0) => id.to_owned(),
        ("", _) => String::new(),
        (id, sample) => format!("{id}/{sample}"),
    }
}

fn row_score(
    spec: &Spec,
    placement: Placement,
    metric: usize,
    scored: &Scored,
    prepared: &Prepared,
    at: usize,
) -> Option<f64> {
    match (&spec.metrics[metric].statistics, placement) {
        (Statistics::Text(text), Placement::Columns { start, len }) => {
            // The first column of sums is the row count, which rows do not carry.
            text.row_score(&scored.stats_of(at)[start - 1..][..len])
        }
        (Statistics::Classes(class), _) => {
            prepared.classes[at].and_then(|(gold, predicted)| class.row_score(gold == predicted))
        }
        (Statistics::Text(_), Placement::Classes) => None,
    }
}

fn compare_row(
    spec: &Spec,
    pair: &mut Pair,
    scored: &Scored,
    prepared: &Prepared,
    base: usize,
    cand: usize,
) {
    let mut start = 0;
    for (metric, resolved, text) in text_metrics(spec) {
        let range = start..start + text.columns().len();
        start = range.end;
        let scores = (
            text.row_score(&scored.stats_of(base)[range.clone()]),
            text.row_score(&scored.stats_of(cand)[range]),
        );
        if let (Some(base), Some(cand)) = scores {
            pair.count(metric, better(resolved.entry.direction, base, cand));
        }
    }
    let correct =
        |at: usize| prepared.classes[at].is_some_and(|(gold, predicted)| gold == predicted);
    for (metric, class) in class_metrics(spec) {
        let scores = (
            class.row_score(correct(base)),
            class.row_score(correct(cand)),
        );
        if let (Some(base), Some(cand)) = scores {
            pair.count(
                metric,
                better(spec.metrics[metric].entry.direction, base, cand),
            );
        }
    }
}

/// How the candidate's score compares with the baseline's, better is greater.
fn better(direction: Direction, base: f64, cand: f64) -> Ordering {
    let order = cand.partial_cmp(&base).unwrap_or(Ordering::Equal);
    match direction {
        Direction::Lower => order.reverse(),
        Direction::Higher | Direction::None => order,
    }
}
