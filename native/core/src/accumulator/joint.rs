//! Replicates of several slices at once.
//!
//! Slots of a slice are numbered within it. For values over several slices a key needs the same weight in all of them,
//! so that rows of one cluster vary together, and a weight of its own, so that other rows do not.

use super::Accumulator;
use super::slots::{SLICE_SLOTS, SlotIndex};
use crate::stats::draws::{BootstrapTable, Draws};

/// Bootstrap weights of keys, whatever their slice.
pub struct Joint {
    seed: u64,
    replicates: usize,
    /// Has a slot for every key of the slices.
    index: SlotIndex,
    ranks: Vec<u32>,
}

impl Joint {
    /// The slots are those of the whole as long as every slice knows its keys. Else all slices share the hashed slots of
    /// a slice.
    pub fn new<'a>(whole: &Accumulator, mut slices: impl Iterator<Item = &'a Accumulator>) -> Self {
        let index = if slices.all(|slice| slice.slots.knows_keys()) {
            whole.slots.clone()
        } else {
            let mut hashed = SlotIndex::new(SLICE_SLOTS);
            hashed.collapse();
            hashed
        };
        let statistics = &whole.spec.statistics;
        Self {
            seed: statistics.seed,
            replicates: statistics.replicates as usize,
            ranks: index.ranks(),
            index,
        }
    }

    /// The weights of a slice's slots.
    pub fn draws(&self, slice: &Accumulator) -> Draws {
        let slot = |hash: u64| {
            let place = self.index.find(hash).unwrap_or(0);
            self.ranks.get(place as usize).copied().unwrap_or(0)
        };
        let slots = match slice.slots.sorted_hashes() {
            Some(hashes) => hashes.into_iter().map(slot).collect(),
            None => (0..SLICE_SLOTS as u32).collect(),
        };
        let table = BootstrapTable::get(self.seed, self.index.len(), self.replicates);
        Draws::Lent(table, slots)
    }
}
