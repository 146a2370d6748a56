//! Which slot a row falls into.
//!
//! While there are at most 4,096 distinct keys each is its own slot, indexed by the rank of its hash;
//! beyond that the slot is the hash's top 12 bits; a slice has 512 slots in the same way. Both depend on the set of rows alone.

use rustc_hash::FxHashMap;

/// Most slots.
pub const MAX_SLOTS: usize = 4_096;

/// Most slots of a slice. An interval of a few hundred groups of rows is as good as one of thousands, and there are many
/// slices.
pub const SLICE_SLOTS: usize = 512;

/// Maps row keys to places in the tables of sums.
#[derive(Debug, Clone)]
pub struct SlotIndex {
    /// A power of two.
    most: usize,
    places: Places,
}

#[derive(Debug, Clone)]
enum Places {
    /// Every distinct key hash has a place, in order of arrival.
    Exact {
        /// Place of a hash.
        places: FxHashMap<u64, u32>,
        /// Hash of a place.
        hashes: Vec<u64>,
    },
    /// The place is the hash's top bits.
    Hashed,
}

/// The place of each old place after the index collapsed.
pub type Remap = Vec<u32>;

impl SlotIndex {
    /// No keys yet, and never more slots than this power of two.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            places: Places::Exact {
                places: FxHashMap::default(),
                hashes: Vec::new(),
            },
        }
    }

    /// Most slots.
    pub fn most(&self) -> usize {
        self.most
    }

    fn hashed(&self, hash: u64) -> u32 {
        (hash >> (u64::BITS - self.most.trailing_zeros())) as u32
    }

    /// The place of a key hash. When the key is one too many the index collapses first and says where
    /// the old places went.
    pub fn place(&mut self, hash: u64) -> (u32, Option<Remap>) {
        let by_hash = self.hashed(hash);
        let Places::Exact { places, hashes } = &mut self.places else {
            return (by_hash, None);
        };
        if let Some(place) = places.get(&hash) {
            return (*place, None);
        }
        if hashes.len() < self.most {
            let place = hashes.len() as u32;
            places.insert(hash, place);
            hashes.push(hash);
            return (place, None);
        }
        (by_hash, self.collapse())
    }

    /// The place of a key hash that may be known.
    pub fn find(&self, hash: u64) -> Option<u32> {
        match &self.places {
            Places::Exact { places, .. } => places.get(&hash).copied(),
            Places::Hashed => Some(self.hashed(hash)),
        }
    }

    /// Goes over to hashed slots; `None` if they are hashed already.
    pub fn collapse(&mut self) -> Option<Remap> {
        let Places::Exact { hashes, .. } = &self.places else {
            return None;
        };
        let remap = hashes.iter().map(|hash| self.hashed(*hash)).collect();
        self.places = Places::Hashed;
        Some(remap)
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        match &self.places {
            Places::Exact { hashes, .. } => hashes.len(),
            Places::Hashed => self.most,
        }
    }

    /// Whether every key has a place of its own.
    pub fn knows_keys(&self) -> bool {
        matches!(self.places, Places::Exact { .. })
    }

    /// Key hashes in rank order; `None` when hashed.
    pub fn sorted_hashes(&self) -> Option<Vec<u64>> {
        match &self.places {
            Places::Hashed => None,
            Places::Exact { hashes, .. } => {
                let mut sorted = hashes.clone();
                sorted.sort_unstable();
                Some(sorted)
            }
        }
    }

    /// Slot number (rank) of every place.
    pub fn ranks(&self) -> Vec<u32> {
        match &self.places {
            Places::Hashed => (0..self.most as u32).collect(),
            Places::Exact { hashes, .. } => {
                let mut order: Vec<u32> = (0..hashes.len() as u32).collect();
                order.sort_unstable_by_key(|place| hashes[*place as usize]);
                let mut ranks = vec![0; hashes.len()];
                for (rank, place) in order.into_iter().enumerate() {
                    ranks[place as usize] = rank as u32;
                }
                ranks
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collapses_on_the_first_key_too_many() {
        let mut index = SlotIndex::new(MAX_SLOTS);
        let hash = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for i in 0..MAX_SLOTS as u64 {
            assert_eq!(index.place(hash(i)), (i as u32, None));
        }
        assert_eq!(index.place(hash(3)), (3, None));
        let (place, remap) = index.place(hash(MAX_SLOTS as u64));
        assert_eq!(u64::from(place), hash(MAX_SLOTS as u64) >> 52);
        assert_eq!(remap.unwrap()[5], (hash(5) >> 52) as u32);
        assert_eq!(index.len(), MAX_SLOTS);
    }

    #[test]
    fn ranks_do_not_depend_on_arrival() {
        let mut index = SlotIndex::new(MAX_SLOTS);
        for hash in [30, 10, 20] {
            index.place(hash);
        }
        assert_eq!(index.ranks(), [2, 0, 1]);
    }
}
