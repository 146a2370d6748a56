//! Resampling: draws that depend only on (seed, replicate, slot), sums of replicates, intervals, paired
//! tests. Nothing here depends on the order of rows.

pub mod binomial;
pub mod clustered;
pub mod correction;
pub mod draws;
pub mod effect;
pub mod emar;
pub mod fisher;
pub mod hash;
pub mod heterogeneity;
pub mod interval;
pub mod margin;
pub mod moments;
pub mod paired_t;
pub mod paired_test;
pub mod pcg64;
pub mod plan;
pub mod proportion;
pub mod quantile;
pub mod rank;
pub mod replicate;
pub mod sacrebleu;
pub mod student;
pub mod tango;

/// The harmonic mean of precision and recall, in the order of operations of the references; 0 if both are.
pub fn f_measure(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 {
        2.0 * precision * recall / (precision + recall)
    } else {
        0.0
    }
}
