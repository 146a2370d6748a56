//! One candidate against the baseline, on the rows that both answered.
//!
//! Only what is *excluded* from a pair is summed apart: sums on common rows are all minus excluded, and
//! nothing is excluded as long as no row failed.

use std::cmp::Ordering;

use super::sums::Sums;
use crate::metrics::Direction;
use crate::stats::moments::Moments;

/// Rows won, lost and tied by the candidate.
pub type Outcomes = [u64; 3];

/// Sums and counts of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Index of the baseline.
    pub baseline: usize,
    /// Index of the candidate.
    pub candidate: usize,
    /// Baseline's sums on rows that the candidate failed.
    pub excluded_baseline: Option<Sums>,
    /// Candidate's sums on rows that the baseline failed.
    pub excluded_candidate: Option<Sums>,
    /// Rows won, lost, tied, by metric.
    pub outcomes: Vec<Outcomes>,
    /// Row scores of the candidate minus those of the baseline, by metric; each row counts once.
    pub differences: Vec<Moments>,
    /// Common rows where the predictions differ.
    pub different: u64,
}

impl Pair {
    /// No rows yet.
    pub fn new(baseline: usize, candidate: usize, metrics: usize) -> Self {
        Self {
            baseline,
            candidate,
            excluded_baseline: None,
            excluded_candidate: None,
            outcomes: vec![[0; 3]; metrics],
            differences: vec![Moments::default(); metrics],
            different: 0,
        }
    }

    /// Counts one row of a metric: whether the candidate's score is better (greater), and by how much it is higher.
    pub fn count(&mut self, metric: usize, order: Ordering, difference: f64) {
        self.differences[metric].add(difference);
        let at = match order {
            Ordering::Greater => 0,
            Ordering::Less => 1,
            Ordering::Equal => 2,
        };
        self.outcomes[metric][at] += 1;
    }

    /// Rows whose score rises, those whose score falls, and all of them.
    pub fn flips(&self, metric: usize, direction: Direction) -> [u64; 3] {
        let [wins, losses, ties] = self.outcomes[metric];
        let (up, down) = match direction {
            Direction::Lower => (losses, wins),
            Direction::Higher | Direction::None => (wins, losses),
        };
        [up, down, wins + losses + ties]
    }

    /// Adds the counts of another shard; its excluded sums must have the same places and classes.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.excluded_baseline, other.excluded_baseline),
            (&mut self.excluded_candidate, other.excluded_candidate),
        ] {
            match (mine.as_mut(), theirs) {
                (_, None) => {}
                (None, theirs) => *mine = theirs,
                (Some(mine), Some(theirs)) => mine.combine(&theirs, 1),
            }
        }
        for (mine, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            for (to, from) in mine.iter_mut().zip(theirs) {
                *to += from;
            }
        }
        for (mine, theirs) in self.differences.iter_mut().zip(&other.differences) {
            mine.merge(theirs);
        }
        self.different += other.different;
    }

    /// Every sum of the pair.
    pub fn sums_mut(&mut self) -> impl Iterator<Item = &mut Sums> {
        self.excluded_baseline
            .iter_mut()
            .chain(&mut self.excluded_candidate)
    }
}

/// The sums of a system on the rows of a pair.
pub fn on_common_rows(all: &Sums, excluded: Option<&Sums>) -> Sums {
    let mut common = all.clone();
    if let Some(excluded) = excluded {
        common.combine(excluded, -1);
    }
    common
}
