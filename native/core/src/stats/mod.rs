//! Resampling: draws that depend only on (seed, replicate, slot), sums of replicates, intervals, paired
//! tests. Nothing here depends on the order of rows.

pub mod correction;
pub mod draws;
pub mod hash;
pub mod interval;
pub mod replicate;
