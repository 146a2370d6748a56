//! Weights of replicates: Poisson(1) for the bootstrap, 0 or 1 for the paired swap test.
//!
//! A weight depends on (seed, replicate, slot) alone, so one table serves every metric, system and call
//! with the same seed; the last tables are kept.

use std::sync::{Arc, Mutex};

use super::hash::{Stream, counter_hash};
use crate::text::simd::{self, Simd, Work};

/// Replicates are computed in blocks of this many, one in each lane.
pub const LANES: usize = 32;

/// Weights of one block of replicates, one row a slot: whole numbers.
pub type Weights = Vec<[f32; LANES]>;

/// No weight is larger.
pub const MOST_WEIGHT: u8 = POISSON.len() as u8;

/// Cumulative probabilities of Poisson(1), scaled to 32 bits: a draw below entry k, and not below k - 1,
/// is k. The tail above 12 has probability 6e-11 and is cut.
const POISSON: [u32; 12] = [
    1_580_030_169,
    3_160_060_337,
    3_950_075_422,
    4_213_413_783,
    4_279_248_374,
    4_292_415_292,
    4_294_609_778,
    4_294_923_276,
    4_294_962_463,
    4_294_966_817,
    4_294_967_253,
    4_294_967_292,
];

fn poisson(bits: u32) -> u8 {
    let mut k = 0;
    for bound in POISSON {
        k += u8::from(bits >= bound);
    }
    k
}

/// Poisson(1) weights: one byte a (block, slot, lane).
pub struct BootstrapTable {
    seed: u64,
    slots: usize,
    blocks: usize,
    weights: Vec<[u8; LANES]>,
}

/// How many tables are kept; a full one is 4 MB.
const KEPT_TABLES: usize = 3;

static TABLES: Mutex<Vec<Arc<BootstrapTable>>> = Mutex::new(Vec::new());

impl BootstrapTable {
    /// The table for a seed with at least this many slots and replicates.
    pub fn get(seed: u64, slots: usize, replicates: usize) -> Arc<Self> {
        let blocks = replicates.div_ceil(LANES);
        let slots = slots.next_power_of_two().max(256);
        let fits = |table: &Arc<Self>| {
            table.seed == seed && table.slots >= slots && table.blocks >= blocks
        };
        {
            let mut kept = lock_tables();
            if let Some(at) = kept.iter().position(fits) {
                let table = kept.remove(at);
                kept.push(Arc::clone(&table));
                return table;
            }
        }
        let table = Arc::new(Self::draw(seed, slots, blocks));
        let mut kept = lock_tables();
        kept.retain(|old| old.seed != seed || old.slots > slots || old.blocks > blocks);
        if kept.len() >= KEPT_TABLES {
            kept.remove(0);
        }
        kept.push(Arc::clone(&table));
        table
    }

    fn draw(seed: u64, slots: usize, blocks: usize) -> Self {
        let mut weights = Vec::with_capacity(blocks * slots);
        for block in 0..blocks {
            for slot in 0..slots {
                let mut lanes = [0_u8; LANES];
                for (pair, lane) in lanes.chunks_exact_mut(2).enumerate() {
                    let at = (block * LANES / 2 + pair) as u64;
                    let bits = counter_hash(seed, Stream::Bootstrap, at, slot as u64);
                    lane[0] = poisson(bits as u32);
                    lane[1] = poisson((bits >> 32) as u32);
                }
                weights.push(lanes);
            }
        }
        Self {
            seed,
            slots,
            blocks,
            weights,
        }
    }
}

fn lock_tables() -> std::sync::MutexGuard<'static, Vec<Arc<BootstrapTable>>> {
    // A panic while the lock was held can't leave a half-made table behind.
    TABLES
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Where the weights of a block come from.
pub enum Draws {
    /// Poisson(1) weights.
    Bootstrap(Arc<BootstrapTable>),
    /// Poisson(1) weights: each slot takes those of one of the table, perhaps the same as another slot.
    Lent(Arc<BootstrapTable>, Vec<u32>),
    /// Fair bits for this seed.
    Swap(u64),
    /// All assignments of few slots: replicate r swaps slot s if bit s of r is set.
    AllSwaps,
}

impl Draws {
    /// The weights of a block for the first slots.
    pub fn weights(&self, block: usize, slots: usize) -> Weights {
        match self {
            Self::Bootstrap(table) => {
                simd::run(Widen(&table.weights[block * table.slots..][..slots]))
            }
            Self::Lent(table, lenders) => {
                let block = &table.weights[block * table.slots..][..table.slots];
                let lent = lenders.iter().map(|slot| &block[*slot as usize]);
                lent.map(|weights| weights.map(f32::from)).collect()
            }
            Self::Swap(seed) => (0..slots)
                .map(|slot| bits(counter_hash(*seed, Stream::Swap, block as u64, slot as u64)))
                .collect(),
            Self::AllSwaps => (0..slots)
                .map(|slot| {
                    std::array::from_fn(|lane| {
                        f32::from(((block * LANES + lane) >> slot & 1) as u8)
                    })
                })
                .collect(),
        }
    }
}

/// Makes numbers of the bytes of a table.
struct Widen<'a>(&'a [[u8; LANES]]);

impl Work for Widen<'_> {
    type Output = Weights;

    // What is not inlined is compiled for the plain path.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Weights {
        let mut weights = Weights::with_capacity(self.0.len());
        for lanes in self.0 {
            weights.push(lanes.map(f32::from));
        }
        weights
    }
}

fn bits(word: u64) -> [f32; LANES] {
    std::array::from_fn(|lane| f32::from((word >> lane & 1) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_bounds_are_the_distribution() {
        let mut probability = (-1.0_f64).exp();
        let mut cumulative = 0.0;
        for (k, bound) in POISSON.iter().enumerate() {
            if k > 0 {
                probability /= k as f64;
            }
            cumulative += probability;
            let exact = cumulative * 4_294_967_296.0;
            assert!((exact - f64::from(*bound)).abs() <= 1.0, "{k}: {exact}");
        }
    }

    #[test]
    fn weights_have_mean_and_variance_one() {
        let table = BootstrapTable::get(7, 1024, 320);
        let all: Vec<f64> = table
            .weights
            .iter()
            .flatten()
            .map(|w| f64::from(*w))
            .collect();
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        let variance = all.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
    }

    #[test]
    fn a_weight_depends_on_seed_replicate_and_slot_alone() {
        let small = Draws::Bootstrap(Arc::new(BootstrapTable::draw(9, 256, 2)));
        let large = Draws::Bootstrap(Arc::new(BootstrapTable::draw(9, 4096, 4)));
        assert_eq!(small.weights(1, 200), large.weights(1, 200));
    }

    #[test]
    fn slots_take_the_weights_of_others() {
        let table = Arc::new(BootstrapTable::draw(9, 256, 2));
        let all = Draws::Bootstrap(Arc::clone(&table)).weights(1, 256);
        let lent = Draws::Lent(table, vec![7, 255, 7]).weights(1, 3);
        assert_eq!(lent, [all[7], all[255], all[7]]);
    }

    #[test]
    fn all_swaps_enumerates() {
        let weights = Draws::AllSwaps.weights(1, 6);
        let lane_three: Vec<f32> = weights.iter().map(|slot| slot[3]).collect();
        assert_eq!(lane_three, [1.0, 1.0, 0.0, 0.0, 0.0, 1.0]); // 35 = 0b100011
    }
}
