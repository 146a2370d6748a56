//! The state of an accumulator as bytes: canonical (equal contents give equal bytes), checked, free of
//! texts. It holds ids of at most a few rows (for notes), class names and values of slices.

use serde::{Deserialize, Serialize};

use super::analysis::AnalysisState;
use super::exact::{CellsState, Exact};
use super::kept::Kept;
use super::labels::LabelTable;
use super::pairing::{Outcomes, Pair};
use super::positions::join_ranges;
use super::slices::SliceKey;
use super::sums::Sums;
use super::tallies::{KeyKinds, RowDesign, SystemTally};
use super::{Accumulator, collect, collected_metrics};
use crate::error::{Error, Result};
use crate::metrics::{ReferenceCounts, text_form};
use crate::spec::Spec;
use crate::stats::hash::KEY_HASH;
use crate::stats::moments::Moments;
use crate::text::UNICODE_VERSION;

/// Changes when the form changes; a reader for old forms comes with the second one.
const FORMAT: &[u8; 8] = b"EVALDST1";

/// Rows that can be counted: sums of counts stay far from overflow.
const MAX_ROWS: u64 = 1 << 53;

#[derive(Serialize, Deserialize)]
pub struct State {
    evald_version: String,
    unicode_version: String,
    key_hash: String,
    spec_digest: String,
    /// Class names in label order.
    labels: Vec<String>,
    pub(super) whole: RowsState,
    positions: Vec<(u64, u64)>,
    /// In the order of their keys.
    pub(super) slices: Vec<(SliceKey, RowsState)>,
    analysis: Option<AnalysisState>,
}

/// Sums and counts of the whole or of a slice.
#[derive(Serialize, Deserialize)]
pub struct RowsState {
    /// Key hashes in rank order; `None` when slots are hashed.
    hashes: Option<Vec<u64>>,
    systems: Vec<SumsState>,
    kept: Vec<Kept>,
    references: Option<(u32, u32)>,
    tallies: Vec<SystemTally>,
    pairs: Vec<PairState>,
    pub(super) keys: KeyKinds,
    design: RowDesign,
}

/// Sums and counts that fit the accumulator that they were checked against.
struct Checked {
    hashes: Option<Vec<u64>>,
    systems: Vec<Sums>,
    kept: Vec<Kept>,
    references: Option<(u32, u32)>,
    tallies: Vec<SystemTally>,
    pairs: Vec<Pair>,
    keys: KeyKinds,
    design: RowDesign,
}

#[derive(Serialize, Deserialize)]
struct SumsState {
    rows: i64,
    totals: Exact,
    slots: Exact,
    confusion: CellsState,
    class_totals: CellsState,
    class_slots: CellsState,
}

#[derive(Serialize, Deserialize)]
struct PairState {
    excluded_baseline: Option<SumsState>,
    excluded_candidate: Option<SumsState>,
    outcomes: Vec<Outcomes>,
    differences: Vec<Moments>,
    different: u64,
}

impl SumsState {
    fn of(sums: &Sums, ranks: &[u32], classes: &[u32]) -> Self {
        let mut sums = sums.clone();
        sums.remap(&ranks.to_vec());
        sums.relabel(classes);
        if sums.keeps_slots() {
            sums.slots.resize(ranks.len() * sums.width(), 0);
        }
        Self {
            rows: sums.rows,
            class_totals: CellsState::of(&sums.class_totals),
            class_slots: CellsState::of(&sums.class_slots),
            totals: Exact::of(sums.totals.iter().copied()),
            slots: Exact::of(sums.slots.iter().copied()),
            confusion: CellsState::of(&sums.into_confusion()),
        }
    }

    /// The sums, if their shape fits; a state from elsewhere may hold anything.
    fn into_sums(self, like: &Sums, slots: usize, classes: usize) -> Result<Sums> {
        let slot_cells = if like.keeps_slots() {
            slots * like.width()
        } else {
            0
        };
        let long =
            |sums: &Exact, len: usize| sums.wholes.len() == len && sums.fractions.len() == len;
        if !long(&self.totals, like.width())
            || !long(&self.slots, slot_cells)
            || !self.confusion.fits(classes, classes)
            || !self.class_totals.fits(1, 3 * classes)
            || !self.class_slots.fits(slots, 3 * classes)
        {
            return Err(damaged("sums do not fit the specification"));
        }
        let mut sums = like.empty_like();
        sums.rows = self.rows;
        sums.totals = self.totals.into_sums();
        sums.slots = self.slots.into_sums();
        sums.set_confusion(self.confusion.into_cells());
        sums.class_totals = self.class_totals.into_cells();
        sums.class_slots = self.class_slots.into_cells();
        Ok(sums)
    }
}

pub fn damaged(problem: &str) -> Error {
    Error::invalid(
        "BAD_STATE",
        "state",
        format!("the state cannot be read: {problem}"),
    )
}

/// Writes the state: format, body, checksum.
pub fn write(accumulator: &Accumulator) -> Vec<u8> {
    let classes = accumulator.labels.ranks();
    let mut slices: Vec<(SliceKey, RowsState)> = accumulator
        .slices
        .sorted()
        .into_iter()
        .map(|slice| (slice.key.clone(), RowsState::of(&slice.rows, &classes)))
        .collect();
    slices.sort_by(|(left, _), (right, _)| left.cmp(right));
    let mut positions = accumulator.positions.clone();
    positions.sort_unstable();
    let state = State {
        evald_version: text_form::VERSION.to_owned(),
        unicode_version: UNICODE_VERSION.to_owned(),
        key_hash: KEY_HASH.to_owned(),
        spec_digest: accumulator.spec.digest().to_owned(),
        labels: accumulator
            .labels
            .sorted_names()
            .map(str::to_owned)
            .collect(),
        whole: RowsState::of(accumulator, &classes),
        positions: join_ranges(positions),
        slices,
        analysis: accumulator
            .analysis
            .as_ref()
            .map(|analysis| analysis.state(&classes)),
    };
    let mut bytes = FORMAT.to_vec();
    bytes.extend(postcard::to_stdvec(&state).expect("writing to memory does not fail"));
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The numbers that another accumulator's labels have in this table.
fn numbers_of(theirs: &[String], labels: &mut LabelTable) -> Result<Vec<u32>> {
    let number = |label: &String| {
        let number = labels.number(label, || "state".into())?;
        number.ok_or_else(|| damaged("it has other classes"))
    };
    theirs.iter().map(number).collect()
}

impl RowsState {
    /// `classes` are the ranks of the call's classes.
    fn of(accumulator: &Accumulator, classes: &[u32]) -> Self {
        let ranks = accumulator.slots.ranks();
        let sums = |sums: &Sums| SumsState::of(sums, &ranks, classes);
        let pair = |pair: &Pair| PairState {
            excluded_baseline: pair.excluded_baseline.as_ref().map(sums),
            excluded_candidate: pair.excluded_candidate.as_ref().map(sums),
            outcomes: pair.outcomes.clone(),
            differences: pair.differences.clone(),
            different: pair.different,
        };
        Self {
            hashes: accumulator.slots.sorted_hashes(),
            systems: accumulator.systems.iter().map(sums).collect(),
            kept: accumulator.kept.iter().map(Kept::sorted).collect(),
            references: accumulator
                .references
                .map(|counts| (counts.fewest, counts.most)),
            tallies: accumulator.tallies.clone(),
            pairs: accumulator.pairs.iter().map(pair).collect(),
            keys: accumulator.keys,
            design: accumulator.design,
        }
    }
}

/// Reads a state and checks that it belongs to this specification and version.
pub fn read(bytes: &[u8], spec: &Spec) -> Result<State> {
    let (body, checksum) = bytes
        .split_last_chunk::<4>()
        .ok_or_else(|| damaged("it is too short"))?;
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return Err(damaged("the checksum is wrong"));
    }
    let body = body
        .strip_prefix(FORMAT)
        .ok_or_else(|| damaged("it has another format"))?;
    let (state, rest): (State, _) =
        postcard::take_from_bytes(body).map_err(|_| damaged("the body is malformed"))?;
    if !rest.is_empty() {
        return Err(damaged("bytes follow the body"));
    }
    let expected = [
        ("evald version", &state.evald_version, text_form::VERSION),
        ("Unicode version", &state.unicode_version, UNICODE_VERSION),
        ("key hash", &state.key_hash, KEY_HASH),
        ("specification digest", &state.spec_digest, spec.digest()),
    ];
    for (what, got, expected) in expected {
        if *got != expected {
            return Err(Error::invalid(
                "STATE_MISMATCH",
                "state",
                format!(
                    "the {what} of the state differs from this call's: states merge only within one"
                ),
            )
            .with("what", what));
        }
    }
    Ok(state)
}

impl Accumulator {
    /// Adds a state that belongs to the same specification.
    pub(super) fn absorb(&mut self, state: State) -> Result<()> {
        let classes = state.labels.len();
        self.check_slices(&state)?;
        let mut size: u64 = self
            .kept
            .iter()
            .chain(&state.whole.kept)
            .map(Kept::size)
            .sum();
        size *= 1 + self.spec.slices.len() as u64;
        if size > self.spec.limits.max_collected_numbers {
            return Err(collect::too_many(self.spec.limits.max_collected_numbers));
        }
        let rows = state.whole.keys.checked_total().unwrap_or_default();
        let whole = self.checked(state.whole, classes)?;
        self.check_analysis(state.analysis.as_ref(), rows, classes)?;
        let empty = Self::of_slice(&self.spec);
        let slices = state.slices.into_iter().map(|(key, rows)| {
            let mine = self.slices.find(&key).map(|place| self.slices.rows(place));
            Ok((key, mine.unwrap_or(&empty).checked(rows, classes)?))
        });
        let slices = slices.collect::<Result<Vec<_>>>()?;
        let positions = self.join_positions(&state.positions)?;
        let mut labels = self.labels.clone();
        let numbers = numbers_of(&state.labels, &mut labels)?;
        // Nothing is refused from here on.
        self.labels = labels;
        self.positions = positions;
        self.add(whole, &numbers);
        if let (Some(mine), Some(theirs)) = (&mut self.analysis, state.analysis) {
            mine.merge(theirs, &numbers);
        }
        for (key, rows) in slices {
            let place = self.slices.find(&key).unwrap_or_else(|| {
                self.slices.push(key, Self::of_slice(&self.spec));
                self.slices.len() - 1
            });
            self.slices.rows_mut(place).add(rows, &numbers);
        }
        Ok(())
    }

    /// The sums and counts of a state, if they fit this accumulator.
    fn checked(&self, state: RowsState, classes: usize) -> Result<Checked> {
        self.check_counts(&state)?;
        let most = self.slots.most();
        let slots = match &state.hashes {
            None => most,
            Some(hashes) if hashes.len() <= most && hashes.is_sorted() => hashes.len(),
            Some(_) => return Err(damaged("its keys are not in order")),
        };
        let fit = |sums: SumsState| sums.into_sums(&self.systems[0], slots, classes);
        let systems = state.systems.into_iter().map(fit);
        let checked = Checked {
            hashes: state.hashes,
            systems: systems.collect::<Result<Vec<_>>>()?,
            pairs: self.pairs_of(state.pairs, fit)?,
            kept: state.kept,
            references: state.references,
            tallies: state.tallies,
            keys: state.keys,
            design: state.design,
        };
        self.check_shape(&checked)?;
        Ok(checked)
    }

    /// Adds what was checked; `numbers` are the classes of its labels here.
    fn add(&mut self, mut theirs: Checked, numbers: &[u32]) {
        let places = self.places_for(theirs.hashes);
        let pairs = theirs.pairs.iter_mut().flat_map(Pair::sums_mut);
        theirs.systems.iter_mut().chain(pairs).for_each(|sums| {
            sums.remap(&places);
            sums.relabel(numbers);
        });
        for (mine, theirs) in self.systems.iter_mut().zip(&theirs.systems) {
            mine.combine(theirs, 1);
        }
        for (mine, theirs) in self.kept.iter_mut().zip(&theirs.kept) {
            mine.merge(theirs);
        }
        if let Some((fewest, most)) = theirs.references {
            let theirs = ReferenceCounts { fewest, most };
            self.references = Some(collect::join(self.references, theirs));
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(theirs.pairs) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.tallies.iter_mut().zip(theirs.tallies) {
            mine.merge(theirs);
        }
        self.keys.merge(theirs.keys);
        self.design.merge(theirs.design);
    }

    /// No count of a state is larger than its number of rows, and the rows of both can be counted.
    fn check_counts(&self, state: &RowsState) -> Result<()> {
        let rows = state.keys.checked_total();
        let both = rows.and_then(|rows| rows.checked_add(self.rows_seen()));
        let (Some(rows), Some(..=MAX_ROWS)) = (rows, both) else {
            return Err(damaged("it has too many rows"));
        };
        let fits = |sums: &SumsState, most: i64| (0..=most).contains(&sums.rows);
        let of_system = |at: usize| state.systems.get(at).map_or(0, |sums| sums.rows);
        let tallies = state.tallies.iter().all(|tally| tally.counts_at_most(rows));
        let systems = state
            .systems
            .iter()
            .all(|sums| fits(sums, rows.cast_signed()));
        let pairs = self.pairs.iter().zip(&state.pairs).all(|(mine, theirs)| {
            let (baseline, candidate) = (&theirs.excluded_baseline, &theirs.excluded_candidate);
            let within = |sums: &Option<SumsState>, system| {
                sums.as_ref()
                    .is_none_or(|sums| fits(sums, of_system(system)))
            };
            let mut outcomes = theirs.outcomes.iter().flatten();
            let mut differences = theirs.differences.iter();
            within(baseline, mine.baseline)
                && within(candidate, mine.candidate)
                && theirs.different <= rows
                && outcomes.all(|count| *count <= rows)
                && differences.all(|moments| moments.beyond.max(moments.count) <= rows)
        });
        if tallies && systems && pairs {
            Ok(())
        } else {
            Err(damaged("it counts more rows than it has"))
        }
    }

    fn pairs_of(
        &self,
        states: Vec<PairState>,
        fit: impl Fn(SumsState) -> Result<Sums>,
    ) -> Result<Vec<Pair>> {
        let pairs = self.pairs.iter().zip(states).map(|(mine, theirs)| {
            Ok(Pair {
                baseline: mine.baseline,
                candidate: mine.candidate,
                excluded_baseline: theirs.excluded_baseline.map(&fit).transpose()?,
                excluded_candidate: theirs.excluded_candidate.map(&fit).transpose()?,
                different: theirs.different,
                outcomes: theirs.outcomes,
                differences: theirs.differences,
            })
        });
        pairs.collect()
    }

    /// There are as many systems, pairs and metrics, and what is kept fits the metrics.
    fn check_shape(&self, theirs: &Checked) -> Result<()> {
        let Checked {
            systems,
            pairs,
            tallies,
            kept,
            ..
        } = theirs;
        let metrics = self.spec.metrics.len();
        let fits = systems.len() == self.systems.len()
            && pairs.len() == self.pairs.len()
            && pairs.iter().all(|pair| pair.outcomes.len() == metrics)
            && pairs.iter().all(|pair| pair.differences.len() == metrics)
            && tallies.len() == self.tallies.len()
            && tallies.iter().all(|tally| tally.flagged.len() == metrics)
            && tallies.iter().all(|tally| tally.scores.len() == metrics);
        if !fits {
            return Err(damaged("it has another number of systems or metrics"));
        }
        let metrics = collected_metrics(&self.spec).count();
        if kept.len() != self.kept.len() || !kept.iter().all(|kept| kept.is_sound(metrics)) {
            return Err(damaged("the kept numbers do not fit the specification"));
        }
        Ok(())
    }

    /// Findings must be there if they are asked for, and be such that the rows could have given them.
    fn check_analysis(
        &self,
        theirs: Option<&AnalysisState>,
        rows: u64,
        labels: usize,
    ) -> Result<()> {
        let fits = match (&self.analysis, theirs) {
            (Some(mine), Some(theirs)) => mine.takes(theirs, rows, labels),
            (mine, theirs) => mine.is_none() && theirs.is_none(),
        };
        if fits {
            Ok(())
        } else {
            Err(damaged("its error analysis does not fit the specification"))
        }
    }

    /// Where the other's slots (ranks, or hashed) are in this accumulator's places.
    fn places_for(&mut self, hashes: Option<Vec<u64>>) -> Vec<u32> {
        let too_many = hashes.as_ref().is_none_or(|hashes| {
            let new = hashes
                .iter()
                .filter(|hash| self.slots.find(**hash).is_none())
                .count();
            self.slots.len() + new > self.slots.most()
        });
        if too_many && let Some(remap) = self.slots.collapse() {
            self.all_sums_mut().for_each(|sums| sums.remap(&remap));
        }
        match hashes {
            None => (0..self.slots.most() as u32).collect(),
            Some(hashes) => hashes
                .iter()
                .map(|hash| self.slots.place(*hash).0)
                .collect(),
        }
    }
}
