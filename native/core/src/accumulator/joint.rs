//! Replicates of several slices at once.
//!
//! Slots of a slice are numbered within it. For values over several slices a key needs the same weight in all of them,
//! so that rows of one cluster vary together, and a weight of its own, so that other rows do not.

use std::sync::Arc;

use super::Accumulator;
use super::slots::{SLICE_SLOTS, SlotIndex};
use crate::stats::draws::{BootstrapTable, Draws};

/// Bootstrap weights of keys, whatever their slice.
pub struct Joint {
    table: Arc<BootstrapTable>,
    /// Has a slot for every key of the slices.
    index: SlotIndex,
    ranks: Vec<u32>,
}

impl Joint {
    /// The slots are those of the whole as long as every slice knows its keys. Else all slices share the hashed slots of
    /// a slice.
    pub fn new<'a>(whole: &Accumulator, slices: impl Iterator<Item = &'a Accumulator>) -> Self {
        let mut index = whole.slots.clone();
        if !slices.into_iter().all(|slice| slice.slots.knows_keys()) {
            index = SlotIndex::new(SLICE_SLOTS);
            index.collapse();
        }
        let statistics = &whole.spec.statistics;
        let replicates = statistics.replicates as usize;
        Self {
            table: BootstrapTable::get(statistics.seed, index.len(), replicates),
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
        Draws::Lent(Arc::clone(&self.table), slots)
    }
}
