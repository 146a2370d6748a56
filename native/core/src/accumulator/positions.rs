//! Positions that were used as keys of rows without ids, as ranges.

use super::Accumulator;
use crate::error::{Error, Result};

/// Ranges that touch become one.
pub fn join_ranges(sorted: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(sorted.len());
    for (start, end) in sorted {
        match joined.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => joined.push((start, end)),
        }
    }
    joined
}

impl Accumulator {
    /// Positions identify rows only if no two shards use the same ones.
    pub(super) fn join_positions(&self, theirs: &[(u64, u64)]) -> Result<Vec<(u64, u64)>> {
        let mut all = [self.positions.as_slice(), theirs].concat();
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            return Err(Error::invalid(
                "OVERLAPPING_POSITIONS",
                "state",
                "both shards hold rows without ids at the same positions: give rows ids, or each shard its first \
                 position",
            ));
        }
        Ok(join_ranges(all))
    }
}
