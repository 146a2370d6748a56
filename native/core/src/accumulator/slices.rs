//! The slices of a call: each is an accumulator of its own over its rows, so that a slice has whatever a call has.
//!
//! Only labels are numbered by the whole, and rows are scored once.

use rustc_hash::FxHashMap;

use super::fold::Found;
use super::labels::LabelTable;
use super::slots::{SLICE_SLOTS, SlotIndex};
use super::state::{State, damaged};
use super::{Accumulator, collect};
use crate::batch::{Batch, Instance};
use crate::error::{Error, Result};
use crate::metrics::{Field, ReferenceCounts};
use crate::slicing::{MOST_CHARACTERS, Part, SEPARATOR};
use crate::spec::{Question, Spec};

/// What identifies a slice: the index of the slicing, and the value of [`crate::slicing::Slicing::value`].
pub type SliceKey = (u32, String);

/// One slice.
pub struct Slice {
    /// Which.
    pub key: SliceKey,
    /// Its rows.
    pub rows: Accumulator,
}

/// The slices seen so far, in order of arrival.
#[derive(Default)]
pub struct Slices {
    places: FxHashMap<SliceKey, u32>,
    list: Vec<Slice>,
}

/// Where the rows of a batch go: one place a (row, slicing), and the slices that are new.
#[derive(Default)]
pub struct Assigned {
    slicings: usize,
    places: Vec<u32>,
    new: Vec<SliceKey>,
}

impl Slices {
    /// In the order of slicings, then of values: by the number they begin with, then by text.
    pub fn sorted(&self) -> Vec<&Slice> {
        let mut sorted: Vec<&Slice> = self.list.iter().collect();
        sorted.sort_by_cached_key(|slice| {
            let (slicing, value) = &slice.key;
            let parts = value.split(SEPARATOR).map(natural_order);
            (*slicing, parts.collect::<Vec<_>>())
        });
        sorted
    }

    /// Number of slices.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The place of a slice that is known.
    pub fn find(&self, key: &SliceKey) -> Option<usize> {
        self.places.get(key).map(|place| *place as usize)
    }

    /// The rows of a slice.
    pub fn rows(&self, place: usize) -> &Accumulator {
        &self.list[place].rows
    }

    /// The rows of a slice, to add to.
    pub fn rows_mut(&mut self, place: usize) -> &mut Accumulator {
        &mut self.list[place].rows
    }

    /// Adds a slice that is not known.
    pub fn push(&mut self, key: SliceKey, rows: Accumulator) {
        self.places.insert(key.clone(), self.list.len() as u32);
        self.list.push(Slice { key, rows });
    }
}

impl Assigned {
    /// The slices of a row.
    fn of_row(&self, row: usize) -> &[u32] {
        &self.places[row * self.slicings..][..self.slicings]
    }
}

/// Numbers before texts, numbers by size; rows without a value last.
fn natural_order(value: &str) -> (bool, u64, &str) {
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = value[..digits].parse().unwrap_or(u64::MAX);
    (value == crate::slicing::NONE, number, value)
}

impl Accumulator {
    /// An empty accumulator of one slice.
    pub(super) fn of_slice(spec: &std::sync::Arc<Spec>) -> Self {
        Self {
            slots: SlotIndex::new(SLICE_SLOTS),
            labels: LabelTable::new(&[], spec.unknown_labels, 0),
            analysis: None,
            ordered: None,
            ..Self::new(std::sync::Arc::clone(spec))
        }
    }

    /// Finds the slices of all rows; refuses what makes no slice, and too many slices, before anything was added.
    pub(super) fn assign(&self, batch: &Batch<'_>) -> Result<Assigned> {
        let spec = &self.spec;
        let mut assigned = Assigned {
            slicings: spec.slices.len(),
            ..Assigned::default()
        };
        if spec.slices.is_empty() {
            return Ok(assigned);
        }
        let first = match spec.question {
            Question::Evaluate => 0,
            Question::Compare { baseline } => baseline,
        };
        let mut new: FxHashMap<SliceKey, u32> = FxHashMap::default();
        let mut key: SliceKey = (0, String::new());
        for (row, instance) in batch.instances.iter().enumerate() {
            for (at, slicing) in spec.slices.iter().enumerate() {
                key.0 = at as u32;
                key.1.clear();
                slicing.value(batch, instance, first, &mut key.1);
                let known = self.slices.places.get(&key).or_else(|| new.get(&key));
                if let Some(place) = known {
                    assigned.places.push(*place);
                    continue;
                }
                let field = || path(&slicing.parts, batch.place(row));
                check_value(&key.1, slicing.parts.len())
                    .map_err(|problem| Error::invalid("BAD_SLICE_VALUE", field(), problem))?;
                let place = self.slices.len() + new.len();
                if place >= spec.limits.max_slices as usize {
                    return Err(too_many(spec.limits.max_slices, &slicing.name));
                }
                new.insert(key.clone(), place as u32);
                assigned.new.push(key.clone());
                assigned.places.push(place as u32);
            }
        }
        Ok(assigned)
    }

    /// Makes room for the new slices of a batch.
    pub(super) fn add_slices(&mut self, assigned: &mut Assigned) {
        for key in std::mem::take(&mut assigned.new) {
            let rows = Self::of_slice(&self.spec);
            self.slices.push(key, rows);
        }
    }

    /// Adds a scored row to its slices.
    pub(super) fn add_to_slices(
        &mut self,
        batch: &Batch<'_>,
        found: &Found<'_>,
        row: usize,
        assigned: &Assigned,
        hash: &dyn Fn() -> u64,
    ) {
        for place in assigned.of_row(row) {
            let slice = &mut self.slices.list[*place as usize].rows;
            slice.next_position = self.next_position;
            slice.add_sliced(batch, found, row, hash());
        }
    }

    fn add_sliced(&mut self, batch: &Batch<'_>, found: &Found<'_>, row: usize, hash: u64) {
        let instance = &batch.instances[row];
        self.key_of(instance, self.next_position + batch.place(row) as u64);
        self.design.see_weight(batch.weight(row));
        let place = if self.spec.resamples() {
            let (place, remap) = self.slots.place(hash);
            if let Some(remap) = remap {
                self.all_sums_mut().for_each(|sums| sums.remap(&remap));
            }
            place
        } else {
            0
        };
        self.add_row(found, row, place, batch.weight(row), &mut []);
        let needs = self.spec.needs();
        self.tally_row(batch, found, row, needs.has(Field::PredictionText), &|| {
            hash
        });
        self.keep_row(found.collected, row);
        if needs.has(Field::References) {
            self.references = Some(collect::join(self.references, references_of(instance)));
        }
    }
}

impl Accumulator {
    /// The slices of every slicing are the rows of the whole, each in one slice.
    pub(super) fn check_slices(&self, state: &State) -> Result<()> {
        let mut rows = vec![Some(0_u64); self.spec.slices.len()];
        for ((slicing, value), slice) in &state.slices {
            let slicing = *slicing as usize;
            let parts = self.spec.slices.get(slicing).map(|found| found.parts.len());
            let named = parts.is_some_and(|parts| check_value(value, parts).is_ok());
            let (true, Some(sum)) = (named, rows.get_mut(slicing)) else {
                return Err(damaged(
                    "it has slices that the specification does not ask for",
                ));
            };
            *sum = sum.and_then(|sum| sum.checked_add(slice.keys.checked_total()?));
        }
        if rows
            .iter()
            .any(|sum| sum.is_none() || *sum != state.whole.keys.checked_total())
        {
            return Err(damaged("its slices are not its rows"));
        }
        let keys = || state.slices.iter().map(|(key, _)| key);
        if !keys().is_sorted_by(|left, right| left < right) {
            return Err(damaged("its slices are not in order"));
        }
        let new = keys().filter(|key| self.slices.find(key).is_none()).count();
        let limit = self.spec.limits.max_slices;
        match keys().next_back() {
            Some((slicing, _)) if self.slices.len() + new > limit as usize => {
                let slicing = &self.spec.slices[*slicing as usize];
                Err(too_many(limit, &slicing.name))
            }
            _ => Ok(()),
        }
    }
}

/// How many references a row has.
pub fn references_of(instance: &Instance<'_>) -> ReferenceCounts {
    let count = instance.references.len() as u32;
    ReferenceCounts {
        fewest: count,
        most: count,
    }
}

/// Whether a value can name a slice. A state from elsewhere may hold any.
pub fn check_value(value: &str, parts: usize) -> std::result::Result<(), String> {
    let mut found = 0;
    for part in value.split(SEPARATOR) {
        found += 1;
        if part.chars().any(char::is_control) || part.chars().count() > MOST_CHARACTERS {
            return Err(format!(
                "names a slice, so it has at most {MOST_CHARACTERS} characters and no control characters"
            ));
        }
    }
    if found == parts {
        Ok(())
    } else {
        Err("holds a control character".into())
    }
}

/// The field of a row that a slicing takes its value from; of several, the first.
fn path(parts: &[Part], row: usize) -> String {
    match parts.first() {
        Some(Part::Key(key)) if key == "task" || key == "split" => {
            format!("instances[{row}].{key}")
        }
        Some(Part::Label) => format!("instances[{row}].labels"),
        _ => format!("instances[{row}].slices"),
    }
}

/// The error that there are more slices than is allowed.
pub fn too_many(limit: u32, slicing: &str) -> Error {
    Error::invalid(
        "LIMIT_EXCEEDED",
        "spec.slices",
        format!(
            "the rows make more than max_slices = {limit} slices, at the latest by `{slicing}`; slice by something with \
             fewer values"
        ),
    )
    .with("limit", "max_slices")
    .with("maximum", limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_natural_order() {
        let mut values = ["(none)", "de", "101-250", "11-25", "501+", "0", "ar"];
        values.sort_by_key(|value| natural_order(value));
        assert_eq!(
            values,
            ["0", "11-25", "101-250", "501+", "ar", "de", "(none)"]
        );
    }

    #[test]
    fn values_are_names() {
        assert!(check_value("de\u{1f}law", 2).is_ok());
        assert!(check_value("de\u{1f}law", 1).is_err());
        assert!(check_value("de\nlaw", 1).is_err());
        assert!(check_value(&"x".repeat(257), 1).is_err());
    }
}
