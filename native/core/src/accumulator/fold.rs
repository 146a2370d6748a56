//! From scored rows to sums, tallies and row results.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::ops::Range;

use super::collect::Collected;
use super::part_sums::PartSums;
use super::prepare::Prepared;
use super::score::{Scored, row_score};
use super::slices::Assigned;
use super::sums::{RowClasses, whole};
use super::{Accumulator, ModelOutput, Pair, Placement, Sums, collected_metrics, row_metrics};
use crate::batch::{Batch, Instance};
use crate::metrics::{Direction, Field, RowFlags, Statistics};
use crate::result::RowError;
use crate::spec::{RowReport, Spec};
use crate::stats::hash::{RowKey, key_hash};

/// How far ahead of the row at hand sums by slot are fetched: they lie anywhere in a table that no near cache holds.
const PLACES_AHEAD: usize = 4;

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
    pub(super) fn fold(
        &mut self,
        batch: &Batch<'_>,
        outputs: &[ModelOutput],
        prepared: &Prepared,
        scored: &Scored,
        collected: &Collected,
        assigned: &Assigned,
    ) {
        let found = Found {
            outputs,
            prepared,
            scored,
            collected,
        };
        let reads_text = self.spec.needs().has(Field::PredictionText);
        let mut parts = self.part_sums(batch, scored.rows().len());
        let places = self.places(batch, scored.rows());
        for (at, row) in scored.rows().enumerate() {
            let position = self.next_position + batch.place(row) as u64;
            let key = self.key_of(&batch.instances[row], position);
            // Needed by few rows or many, but never more than once a row.
            let hashed = OnceCell::new();
            let hash = || *hashed.get_or_init(|| key_hash(key));
            if let Some(place) = places.get(at + PLACES_AHEAD) {
                self.systems.iter().for_each(|sums| sums.fetch_slot(*place));
            }
            let place = places.get(at).copied().unwrap_or(0);
            self.add_row(&found, row, place, batch.weight(row), &mut parts);
            self.tally_row(batch, &found, row, reads_text, &hash);
            self.add_to_slices(batch, &found, row, assigned, &hash);
        }
        for (sums, part) in self.systems.iter_mut().zip(&mut parts) {
            sums.add_part(part);
        }
        if let Some(ordered) = &mut self.ordered {
            ordered.add(prepared, scored);
        }
        self.analyse(batch, &found);
        if self.reports_scores() {
            self.report_scores(batch, &found);
        }
    }

    /// The places of rows in the sums by slot, if there are such sums.
    pub(super) fn places(&mut self, batch: &Batch<'_>, rows: Range<usize>) -> Vec<u32> {
        if !self.spec.resamples() {
            return Vec::new();
        }
        let mut places = Vec::with_capacity(rows.len());
        for row in rows {
            let position = self.next_position + batch.place(row) as u64;
            let key = row_key(&batch.instances[row], position);
            let (place, remap) = self.slots.place(key_hash(key));
            if let Some(remap) = remap {
                self.all_sums_mut().for_each(|sums| sums.remap(&remap));
                for known in &mut places {
                    *known = remap[*known as usize];
                }
            }
            places.push(place);
        }
        places
    }

    /// Where the totals of rows that all count once are summed first, one a system; else empty.
    fn part_sums(&self, batch: &Batch<'_>, rows: usize) -> Vec<PartSums> {
        let mut extras = batch.row_extras.iter();
        if extras.any(|extra| extra.weight.is_some()) || rows > PartSums::MOST_ROWS {
            return Vec::new();
        }
        let systems = self.systems.iter();
        systems
            .map(|sums| PartSums::new(sums.width() - 1))
            .collect()
    }

    /// The key of a row, counted by kind.
    pub(super) fn key_of<'a>(&mut self, instance: &Instance<'a>, position: u64) -> RowKey<'a> {
        let key = row_key(instance, position);
        match key {
            RowKey::Cluster(_) => self.keys.cluster += 1,
            RowKey::Id(_) => {
                self.keys.id += 1;
                self.design.see_sample(instance.sample);
            }
            RowKey::Position(_) => self.keys.position += 1,
        }
        key
    }

    /// What remains once all rows of a batch are folded: kept numbers, failed rows, and the positions that it used.
    pub(super) fn end_batch(
        &mut self,
        batch: &Batch<'_>,
        prepared: &Prepared,
        collected: &Collected,
    ) {
        self.keep(collected);
        self.count_references(batch);
        self.report_failures(batch, prepared);
        self.design.see_weights(batch);
        self.advance(batch);
    }

    fn advance(&mut self, batch: &Batch<'_>) {
        let first = self.next_position;
        self.next_position += batch.sent() as u64;
        let by_position = |row: &Instance<'_>| row.id.is_empty() && row.cluster.is_empty();
        if batch.instances.iter().any(by_position) {
            self.use_positions(first);
        }
    }

    /// Notes that the positions from this one on were keys.
    pub(super) fn use_positions(&mut self, first: u64) {
        match self.positions.last_mut() {
            Some(range) if range.1 == first => range.1 = self.next_position,
            _ => self.positions.push((first, self.next_position)),
        }
    }

    /// Counts rows that have neither id nor cluster.
    pub(super) fn advance_by_position(&mut self, rows: u64) {
        let first = self.next_position;
        self.keys.position += rows;
        self.next_position += rows;
        self.use_positions(first);
    }

    pub(super) fn all_sums_mut(&mut self) -> impl Iterator<Item = &mut Sums> {
        self.systems
            .iter_mut()
            .chain(self.pairs.iter_mut().flat_map(Pair::sums_mut))
    }

    pub(super) fn add_row(
        &mut self,
        found: &Found<'_>,
        row: usize,
        place: u32,
        weight: f64,
        parts: &mut [PartSums],
    ) {
        let prepared = found.prepared;
        for system in 0..prepared.systems {
            let at = row * prepared.systems + system;
            if prepared.usable[at] {
                let stats = found.scored.stats_of(at);
                let classes = prepared.counted_classes(at);
                let sums = &mut self.systems[system];
                if parts.get_mut(system).is_some_and(|part| part.add(stats)) {
                    sums.add_to_slot(place, weight, stats);
                    if let Some(classes) = classes {
                        sums.add_classes(place, whole(1), classes);
                    }
                } else {
                    sums.add(place, weight, stats, classes);
                }
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
                    compare_row(&self.spec, &self.layout, pair, found, base, cand);
                    continue;
                }
            };
            let stats = found.scored.stats_of(at);
            excluded
                .get_or_insert_with(|| self.systems[0].empty_like())
                .add(place, weight, stats, prepared.counted_classes(at));
        }
    }

    pub(super) fn tally_row(
        &mut self,
        batch: &Batch<'_>,
        found: &Found<'_>,
        row: usize,
        reads_text: bool,
        hash: &dyn Fn() -> u64,
    ) {
        let prepared = found.prepared;
        let id = || row_id(batch, row, self.next_position);
        for (system, tally) in self.tallies.iter_mut().enumerate() {
            let at = row * prepared.systems + system;
            if !prepared.usable[at] {
                continue;
            }
            for metric in &self.summed {
                if let Some(score) = found.row_score(&self.spec, &self.layout, *metric, at) {
                    tally.scores[*metric].add(score);
                }
            }
            let prediction = batch.prediction(&batch.instances[row], system);
            if reads_text && prediction.is_some_and(|prediction| prediction.text == Some("")) {
                tally.empty.add(hash(), id);
            }
            let extra = prediction.and_then(|prediction| batch.prediction_extra(prediction));
            if reads_text && extra.is_some_and(|extra| extra.truncated) {
                tally.truncated.add(hash(), id);
            }
            let by_row = row_metrics(&self.spec).map(|(metric, _, _)| metric);
            let flags = by_row.zip(found.scored.flags_of(at)).chain(
                collected_metrics(&self.spec)
                    .map(|(metric, _)| metric)
                    .zip(found.collected.flags_of(at)),
            );
            for (metric, flags) in flags.filter(|(_, flags)| **flags != RowFlags::default()) {
                tally.flag(metric, *flags, hash(), id);
            }
        }
        for pair in &mut self.pairs {
            let at = |system: usize| row * prepared.systems + system;
            let common = prepared.usable[at(pair.baseline)] && prepared.usable[at(pair.candidate)];
            let classes = |system: usize| {
                let classes = prepared.classes_of(at(system));
                classes.map(|classes| classes.predicted)
            };
            let same = same_answer(batch, found.outputs, row, [pair.baseline, pair.candidate])
                && classes(pair.baseline) == classes(pair.candidate);
            pair.different += u64::from(common && !same);
        }
    }

    fn report_failures(&mut self, batch: &Batch<'_>, prepared: &Prepared) {
        for failure in &prepared.failures {
            self.rows[failure.system as usize].errors.push(RowError {
                row: self.next_position + batch.place(failure.row as usize) as u64,
                id: row_id(batch, failure.row as usize, self.next_position),
                reason: failure.reason.clone(),
                message: failure.message.clone(),
            });
        }
        for rows in &mut self.rows {
            rows.errors.sort_by_key(|error| error.row);
        }
    }

    fn report_scores(&mut self, batch: &Batch<'_>, found: &Found<'_>) {
        let rows = found.scored.rows();
        let id = |row: usize| {
            if batch.aside.is_empty() {
                own_id(&batch.instances[row])
            } else {
                // Scores are no longer at the places of their rows.
                row_id(batch, row, self.next_position)
            }
        };
        self.row_ids.extend(rows.clone().map(id));
        for (system, reported) in self.rows.iter_mut().enumerate() {
            reported.scores.resize(self.spec.metrics.len(), Vec::new());
            for (metric, scores) in reported.scores.iter_mut().enumerate() {
                if self.spec.metrics[metric].entry.row_score {
                    scores.extend(rows.clone().map(|row| {
                        let at = row * found.prepared.systems + system;
                        let score = found.prepared.usable[at]
                            .then(|| found.row_score(&self.spec, &self.layout, metric, at));
                        score.flatten().unwrap_or(f64::NAN)
                    }));
                }
            }
        }
    }
}

/// What is known of the rows of a batch.
pub(super) struct Found<'f> {
    outputs: &'f [ModelOutput],
    prepared: &'f Prepared,
    scored: &'f Scored,
    pub(super) collected: &'f Collected,
}

impl Found<'_> {
    /// The rows that were scored, by index in the batch.
    pub fn rows(&self) -> Range<usize> {
        self.scored.rows()
    }

    /// Gold and predicted classes of a row.
    pub fn classes(&self, row: usize, system: usize) -> Option<RowClasses<'_>> {
        self.prepared
            .classes_of(row * self.prepared.systems + system)
    }

    /// The scores of a row by every metric, NaN where there is none; `None` if the prediction cannot be used.
    pub fn row_scores(
        &self,
        spec: &Spec,
        layout: &[Placement],
        row: usize,
        system: usize,
    ) -> Option<Vec<f64>> {
        let at = row * self.prepared.systems + system;
        let scores = (0..spec.metrics.len()).map(|metric| {
            let score = self.row_score(spec, layout, metric, at);
            score.unwrap_or(f64::NAN)
        });
        self.prepared.usable[at].then(|| scores.collect())
    }

    /// The score of a (row, system) by one metric.
    fn row_score(
        &self,
        spec: &Spec,
        layout: &[Placement],
        metric: usize,
        at: usize,
    ) -> Option<f64> {
        match (&spec.metrics[metric].statistics, layout[metric]) {
            (statistics @ Statistics::Rows(_), place) => {
                row_score(statistics, place, self.scored.stats_of(at))
            }
            (Statistics::Classes(class), _) => class.row_score(self.prepared.is_correct(at)),
            (Statistics::Collected(metric), Placement::Kept(kept)) => {
                metric.row_score(self.collected.numbers(at, kept))
            }
            _ => None,
        }
    }
}

/// What identifies a row for resampling.
pub(super) fn row_key<'a>(instance: &Instance<'a>, position: u64) -> RowKey<'a> {
    if !instance.cluster.is_empty() {
        RowKey::Cluster(instance.cluster)
    } else if !instance.id.is_empty() {
        RowKey::Id(instance.id)
    } else {
        RowKey::Position(position)
    }
}

/// Whether two systems gave the same answer to a row.
fn same_answer(
    batch: &Batch<'_>,
    outputs: &[ModelOutput],
    row: usize,
    systems: [usize; 2],
) -> bool {
    let of_model = |system: usize| {
        let output = outputs.iter().find(|output| output.system == system);
        output.map(|output| output.row(row))
    };
    let given = |system: usize| {
        let prediction = batch.prediction(&batch.instances[row], system)?;
        let extra = batch.prediction_extra(prediction);
        Some((
            prediction.text,
            &batch.labels[prediction.labels.range()],
            &batch.numbers[prediction.class_scores.range()],
            extra.map(|extra| {
                (
                    extra.value,
                    extra.no_answer_score,
                    &batch.texts[extra.tokens.range()],
                    &batch.numbers[extra.token_logprobs.range()],
                    &batch.numbers[extra.choice_scores.range()],
                    &batch.scores[extra.scores.range()],
                    extra.usage,
                )
            }),
        ))
    };
    let [left, right] = systems;
    of_model(left) == of_model(right) && given(left) == given(right)
}

/// Id of a row for people: the id, with the sample if it has one, or the position.
pub(super) fn row_id(batch: &Batch<'_>, row: usize, first: u64) -> String {
    let id = own_id(&batch.instances[row]);
    if id.is_empty() {
        format!("#{}", first + batch.place(row) as u64)
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

fn compare_row(
    spec: &Spec,
    layout: &[Placement],
    pair: &mut Pair,
    found: &Found<'_>,
    base: usize,
    cand: usize,
) {
    for (at, metric) in spec.metrics.iter().enumerate() {
        let score = |row: usize| found.row_score(spec, layout, at, row);
        if let (Some(base), Some(cand)) = (score(base), score(cand)) {
            pair.count(at, better(metric.direction, base, cand), cand - base);
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
